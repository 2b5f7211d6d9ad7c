// DescribeLogDirs: how many bytes each partition takes in the one directory that holds the logs.
import type { ResponseInput } from '@goqueue/protocol'
import type { Topic } from '../topics/topic-catalog.ts'
import type { Handler } from './handler.ts'

type TopicAnswer = ResponseInput<'DescribeLogDirs'>['results'][number]['topics'][number]

/** The partitions that exist of those that are asked for; null asks for all. */
function described(topic: Topic, asked: readonly number[] | null): TopicAnswer {
  const partitions = asked ?? topic.logs.keys()
  return {
    name: topic.name,
    partitions: [...partitions].flatMap((partitionIndex) => {
      const log = topic.logs[partitionIndex]
      if (log === undefined) return []
      return [{ partitionIndex, partitionSize: log.sizeBytes, offsetLag: 0, isFutureKey: false }]
    }),
  }
}

export const describeLogDirs: Handler<'DescribeLogDirs'> = ({ topics, logDirectory }, request) => {
  const answers =
    request.topics === null
      ? topics.all().map((topic) => described(topic, null))
      : request.topics.flatMap(({ topic: name, partitions }) => {
          const topic = topics.byName(name)
          return topic === undefined ? [] : [described(topic, partitions)]
        })
  return { errorCode: 'NONE', results: [{ errorCode: 'NONE', logDir: logDirectory, topics: answers }] }
}
