// describe-topic NAME
import type { Command } from '../command.ts'
import { aboutTopic } from '../not-found.ts'
import type { GlobalOptions } from '../session.ts'
import { facts, table } from '../table.ts'
import { topicArgument } from '../topic-name.ts'

interface Options extends GlobalOptions {
  name: string
}

export const describeTopic: Command<Options> = {
  usage: 'describe-topic <name>',
  summary: 'Show the partitions of a topic, their leaders and offsets',
  options: (parser) => parser.positional('name', topicArgument),

  async run(session, { name }) {
    const topic = await aboutTopic(name, (await session.client()).admin().describeTopic(name))
    const partitions = topic.partitionDetails.map(({ partition, leaderId, leader, beginOffset, endOffset }) => ({
      partition,
      leader: { nodeId: leaderId, address: leader },
      beginOffset,
      endOffset,
    }))
    await session.print({
      json: { name, topicId: topic.topicId, isInternal: topic.isInternal, partitions },
      text: [
        facts([
          ['Topic', name],
          ['Topic id', topic.topicId],
        ]),
        table(partitions, [
          { heading: 'PARTITION', cell: ({ partition }) => partition },
          { heading: 'LEADER', cell: ({ leader }) => `${leader.nodeId} (${leader.address})` },
          { heading: 'BEGIN', cell: ({ beginOffset }) => beginOffset },
          { heading: 'END', cell: ({ endOffset }) => endOffset },
          { heading: 'OFFSETS', cell: ({ beginOffset, endOffset }) => endOffset - beginOffset },
        ]),
      ].join('\n'),
    })
  },
}
