// CreateTopics: creates topics on this one broker.
import { ZERO_UUID, type ResponseInput } from '@goqueue/protocol'
import type { Handler } from './handler.ts'

type TopicAnswer = ResponseInput<'CreateTopics'>['topics'][number]

export const createTopics: Handler<'CreateTopics'> = async (services, request) => {
  const counts = new Map<string, number>()
  for (const { name } of request.topics) counts.set(name, (counts.get(name) ?? 0) + 1)
  const topics: TopicAnswer[] = []
  const namedTwice = new Set<string>()
  for (const { name, numPartitions, replicationFactor, assignments, configs } of request.topics) {
    const refused = (errorCode: TopicAnswer['errorCode'], errorMessage: string): void => {
      topics.push({ name, topicId: ZERO_UUID, errorCode, errorMessage })
    }
    if ((counts.get(name) ?? 0) > 1) {
      if (!namedTwice.has(name)) refused('INVALID_REQUEST', 'the request names the topic twice')
      namedTwice.add(name)
      continue
    }
    if (assignments.length > 0) {
      refused('INVALID_REPLICA_ASSIGNMENT', 'replicas cannot be assigned: this broker is the only one')
      continue
    }
    const outcome = await services.topics.create({
      name,
      partitions: numPartitions,
      replicationFactor,
      configs: new Map(configs.map((config): [string, string | null] => [config.name, config.value])),
      validateOnly: request.validateOnly,
    })
    if (outcome.errorCode !== 'NONE') {
      refused(outcome.errorCode, outcome.message)
      continue
    }
    const { topicId, partitions } = outcome.topic
    topics.push({ name, topicId, errorCode: 'NONE', numPartitions: partitions, replicationFactor: 1, configs: [] })
  }
  return { topics }
}
