// delete-group GROUP [--execute]
import type { Command } from '../command.ts'
import { executeOption, NOTHING_CHANGED } from '../execute.ts'
import { CommandError } from '../failure.ts'
import { groupArgument } from '../group-id.ts'
import { membersAsJson, named } from '../members.ts'
import { aboutGroup } from '../not-found.ts'
import type { GlobalOptions } from '../session.ts'
import { count, printable } from '../text.ts'

interface Options extends GlobalOptions {
  group: string
  execute: boolean
}

export const deleteGroup: Command<Options> = {
  usage: 'delete-group <group>',
  summary: 'Say what deleting a group would delete; with --execute, delete it',
  options: (parser) =>
    parser
      .positional('group', { ...groupArgument, describe: 'a group without members' })
      .option('execute', executeOption),

  async run(session, { group: groupId, execute }) {
    const admin = (await session.client()).admin()
    const { state, members } = await aboutGroup(groupId, admin.describeGroup(groupId))
    const offsets = await admin.groupOffsets(groupId)
    const obstacle = members.length === 0 ? null : inTheWay(groupId, named(members))
    if (execute) {
      if (obstacle !== null) throw new CommandError(obstacle)
      await aboutGroup(groupId, admin.deleteGroup(groupId))
    }
    const what = `group ${printable(groupId)} and what it has committed for ${count(offsets.length, 'partition')}`
    await session.print({
      json: { groupId, state, members: membersAsJson(members), offsets: offsets.length, executed: execute },
      text: execute
        ? `Deleted ${what}.\n`
        : `Would delete ${what}.\n${obstacle === null ? NOTHING_CHANGED : `${obstacle}\n`}`,
    })
  },
}

function inTheWay(groupId: string, members: string): string {
  const name = printable(groupId)
  return `Group '${name}' has members and cannot be deleted: ${members}; stop them, or remove those that are gone with goqueue-admin remove-members ${name}.`
}
