// delete-topic NAME [--execute]
import type { Command } from '../command.ts'
import { executeOption, NOTHING_CHANGED } from '../execute.ts'
import { aboutTopic } from '../not-found.ts'
import type { GlobalOptions } from '../session.ts'
import { count, printable } from '../text.ts'
import { topicArgument } from '../topic-name.ts'

interface Options extends GlobalOptions {
  name: string
  execute: boolean
}

export const deleteTopic: Command<Options> = {
  usage: 'delete-topic <name>',
  summary: 'Say what deleting a topic would delete; with --execute, delete it',
  options: (parser) => parser.positional('name', topicArgument).option('execute', executeOption),

  async run(session, { name, execute }) {
    const admin = (await session.client()).admin()
    const { topicId, partitions, partitionDetails } = await aboutTopic(name, admin.describeTopic(name))
    const offsets = partitionDetails.reduce((sum, { beginOffset, endOffset }) => sum + endOffset - beginOffset, 0)
    if (execute) await aboutTopic(name, admin.deleteTopic(name))
    const what = `topic ${printable(name)}: ${count(partitions, 'partition')}, ${count(offsets, 'record')}, and what groups have committed for it`
    await session.print({
      json: { name, topicId, partitions, offsets, executed: execute },
      text: execute ? `Deleted ${what}.\n` : `Would delete ${what}.\n${NOTHING_CHANGED}`,
    })
  },
}
