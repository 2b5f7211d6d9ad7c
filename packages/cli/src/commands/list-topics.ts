// list-topics
import type { Command } from '../command.ts'
import type { GlobalOptions } from '../session.ts'
import { table } from '../table.ts'

export const listTopics: Command<GlobalOptions> = {
  usage: 'list-topics',
  summary: 'List the topics of the cluster',
  options: (parser) => parser,

  async run(session) {
    const topics = await (await session.client()).admin().listTopics()
    await session.print({
      json: topics.map(({ name, partitions, isInternal }) => ({ name, partitions, isInternal })),
      text:
        topics.length === 0
          ? 'There are no topics.\n'
          : table(topics, [
              { heading: 'TOPIC', cell: ({ name }) => name },
              { heading: 'PARTITIONS', cell: ({ partitions }) => partitions },
            ]),
    })
  },
}
