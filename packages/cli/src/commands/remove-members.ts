// remove-members GROUP [--member ID]… [--consumer-id ID]… [--execute]
import type { GroupMember } from '@goqueue/client'
import type { Command } from '../command.ts'
import { executeOption, NOTHING_CHANGED } from '../execute.ts'
import { CommandError } from '../failure.ts'
import { groupArgument, notEmpty } from '../group-id.ts'
import { shortNames } from '../member-names.ts'
import { membersAsJson } from '../members.ts'
import { aboutGroup } from '../not-found.ts'
import type { GlobalOptions } from '../session.ts'
import { table } from '../table.ts'
import { count, printable } from '../text.ts'

interface Options extends GlobalOptions {
  group: string
  member: string[]
  'consumer-id': string[]
  execute: boolean
}

function ids(flag: string) {
  const coerce = (given: string | string[]) => [given].flat().map((id) => notEmpty(flag, id))
  return { type: 'string', requiresArg: true, default: [], coerce } as const
}

export const removeMembers: Command<Options> = {
  usage: 'remove-members <group>',
  summary: 'Say which members would be removed from a group; with --execute, remove them',
  options: (parser) =>
    parser
      .positional('group', groupArgument)
      .option('member', {
        ...ids('--member'),
        describe: 'a member id, whole or as describe-group shows it; may be repeated',
      })
      .option('consumer-id', {
        ...ids('--consumer-id'),
        describe: 'the consumer id of a static member; may be repeated',
      })
      .option('execute', executeOption),

  async run(session, { group: groupId, member: memberIds, consumerId: consumerIds, execute }) {
    const admin = (await session.client()).admin()
    const { members } = await aboutGroup(groupId, admin.describeGroup(groupId))
    const chosen = choose(members, memberIds, consumerIds, groupId)
    // A static member goes by its consumer id: it may have come back with another member id meanwhile.
    const toRemove = chosen.map(({ memberId, consumerId }) => (consumerId === null ? { memberId } : { consumerId }))
    const reason = 'removed with goqueue-admin'
    if (execute && toRemove.length > 0) await admin.removeMembers(groupId, toRemove, { reason })
    const what = `${count(chosen.length, 'member')} of group ${printable(groupId)}`
    await session.print({
      json: { groupId, members: membersAsJson(chosen), executed: execute },
      text: chosen.length === 0 ? `Group ${printable(groupId)} has no members.\n` : said(what, chosen, execute),
    })
  },
}

/** Those named, or all. */
function choose(
  members: readonly GroupMember[],
  memberIds: readonly string[],
  consumerIds: readonly string[],
  groupId: string,
): readonly GroupMember[] {
  if (memberIds.length + consumerIds.length === 0) return members
  const short = shortNames(members.map(({ memberId }) => memberId)) // as describe-group shows them
  const isNamed = ({ memberId }: GroupMember, id: string) => id === memberId || id === short(memberId)
  const missing = [
    ...memberIds.filter((id) => !members.some((member) => isNamed(member, id))),
    ...consumerIds.filter((id) => !members.some(({ consumerId }) => consumerId === id)),
  ]
  if (missing.length > 0) {
    const name = printable(groupId)
    throw new CommandError(
      `Group '${name}' has no member '${missing.join("', '")}'; goqueue-admin describe-group ${name} shows who is in it.`,
    )
  }
  return members.filter(
    (member) =>
      memberIds.some((id) => isNamed(member, id)) ||
      (member.consumerId !== null && consumerIds.includes(member.consumerId)),
  )
}

function said(what: string, members: readonly GroupMember[], execute: boolean): string {
  const rows = table(members, [
    { heading: 'MEMBER', cell: ({ memberId }) => memberId },
    { heading: 'CONSUMER ID', cell: ({ consumerId }) => consumerId, align: 'left' },
    { heading: 'HOST', cell: ({ host }) => host },
    { heading: 'PARTITIONS', cell: ({ assignment }) => Object.values(assignment).flat().length },
  ])
  return execute ? `Removed ${what}:\n\n${rows}` : `Would remove ${what}:\n\n${rows}\n${NOTHING_CHANGED}`
}
