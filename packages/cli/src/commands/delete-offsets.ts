// delete-offsets GROUP --topic T[:p,p]… [--execute]
import type { Command } from '../command.ts'
import { executeOption, NOTHING_CHANGED } from '../execute.ts'
import { codeOf, CommandError } from '../failure.ts'
import { groupArgument } from '../group-id.ts'
import { named } from '../members.ts'
import { aboutGroup } from '../not-found.ts'
import type { GlobalOptions } from '../session.ts'
import { table } from '../table.ts'
import { count, printable } from '../text.ts'
import { partitionsOf, topicOption, type TopicSelection } from '../topic-partitions.ts'

interface Options extends GlobalOptions {
  group: string
  topic: TopicSelection[]
  execute: boolean
}

export const deleteOffsets: Command<Options> = {
  usage: 'delete-offsets <group>',
  summary: 'Say which committed offsets would be deleted; with --execute, delete them',
  options: (parser) =>
    parser
      .positional('group', groupArgument)
      .option('topic', {
        ...topicOption,
        demandOption: true,
        coerce: (given: string) => topicOption.coerce(given) ?? [],
      })
      .option('execute', executeOption),

  async run(session, { group: groupId, topic: selections, execute }) {
    const admin = (await session.client()).admin()
    const { members } = await aboutGroup(groupId, admin.describeGroup(groupId))
    const offsets = await admin.groupOffsets(groupId, await partitionsOf(admin, selections))
    if (execute && offsets.length > 0) {
      await admin.deleteOffsets(groupId, offsets).catch((error: unknown) => {
        if (codeOf(error) !== 'GROUP_SUBSCRIBED_TO_TOPIC' && codeOf(error) !== 'NON_EMPTY_GROUP') throw error
        const name = printable(groupId)
        throw new CommandError(
          `Group '${name}' consumes the topic, so its offsets stay: ${named(members)}; stop its members first.`,
        )
      })
    }
    const what = `what group ${printable(groupId)} has committed for ${count(offsets.length, 'partition')}`
    const rows = table(offsets, [
      { heading: 'TOPIC', cell: ({ topic }) => topic },
      { heading: 'PARTITION', cell: ({ partition }) => partition },
      { heading: 'COMMITTED', cell: ({ offset }) => offset },
    ])
    const nothing = `Group ${printable(groupId)} has committed nothing there.\n`
    const plan = execute ? `Deleted ${what}:\n\n${rows}` : `Would delete ${what}:\n\n${rows}\n${NOTHING_CHANGED}`
    await session.print({
      json: {
        groupId,
        partitions: offsets.map(({ topic, partition, offset }) => ({ topic, partition, committedOffset: offset })),
        executed: execute,
      },
      text: offsets.length === 0 ? nothing : plan,
    })
  },
}
