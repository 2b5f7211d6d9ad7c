// Metadata: this one broker, and the topics that were asked for.
import { ZERO_UUID, type RequestOf, type ResponseInput } from '@goqueue/protocol'
import { isInternalTopic } from '../topics/internal-topics.ts'
import type { Topic } from '../topics/topic-catalog.ts'
import { refusalOfTopicName } from '../topics/topic-name.ts'
import type { Handler } from './handler.ts'
import type { Services } from './services.ts'

type TopicAnswer = ResponseInput<'Metadata'>['topics'][number]
type TopicAsked = NonNullable<RequestOf<'Metadata'>['topics']>[number]

/** Kafka's "authorized operations were not asked for". */
const NOT_ASKED = -2147483648

function described(services: Services, topic: Topic): TopicAnswer {
  const replicas = [services.nodeId]
  return {
    errorCode: 'NONE',
    name: topic.name,
    topicId: topic.topicId,
    isInternal: isInternalTopic(topic.name),
    partitions: topic.logs.map((_log, partitionIndex) => ({
      errorCode: 'NONE',
      partitionIndex,
      leaderId: services.nodeId,
      leaderEpoch: 0,
      replicaNodes: replicas,
      isrNodes: replicas,
      offlineReplicas: [],
    })),
    topicAuthorizedOperations: NOT_ASKED,
  }
}

async function byName(services: Services, name: string, mayCreate: boolean): Promise<TopicAnswer> {
  const known = services.topics.byName(name)
  if (known !== undefined) return described(services, known)
  let errorCode: TopicAnswer['errorCode'] =
    refusalOfTopicName(name) === null ? 'UNKNOWN_TOPIC_OR_PARTITION' : 'INVALID_TOPIC_EXCEPTION'
  if (mayCreate && services.settings.autoCreateTopicsEnable && !isInternalTopic(name)) {
    const outcome = await services.topics.create({ name, partitions: -1, replicationFactor: -1, configs: new Map() })
    const created = services.topics.byName(name)
    if (created !== undefined) return described(services, created)
    errorCode = outcome.errorCode
  }
  return { errorCode, name, topicId: ZERO_UUID, partitions: [], topicAuthorizedOperations: NOT_ASKED }
}

function byId(services: Services, topicId: string): TopicAnswer {
  const topic = services.topics.byId(topicId)
  if (topic !== undefined) return described(services, topic)
  return { errorCode: 'UNKNOWN_TOPIC_ID', name: null, topicId, partitions: [], topicAuthorizedOperations: NOT_ASKED }
}

/** Each topic once, however often it is named: a few bytes of a request ask for many of an answer. */
function withoutRepetitions(asked: readonly TopicAsked[]): Iterable<TopicAsked> {
  return new Map(asked.map((topic) => [topic.name ?? `id ${topic.topicId}`, topic])).values()
}

export const metadata: Handler<'Metadata'> = async (services, request, { apiVersion, advertised }) => {
  // Before v1 an empty list meant all topics; since then null does.
  const isAll = request.topics === null || (apiVersion === 0 && request.topics.length === 0)
  const topics = isAll
    ? [...services.topics.all()].map((topic) => described(services, topic))
    : await Promise.all(
        Array.from(withoutRepetitions(request.topics ?? []), ({ name, topicId }) =>
          name === null ? byId(services, topicId) : byName(services, name, request.allowAutoTopicCreation),
        ),
      )
  return {
    brokers: [{ nodeId: services.nodeId, host: advertised.host, port: advertised.port }],
    clusterId: services.clusterId,
    controllerId: services.nodeId,
    topics: topics.map((topic) => (apiVersion < 12 ? { ...topic, name: topic.name ?? '' } : topic)),
    clusterAuthorizedOperations: NOT_ASKED,
  }
}
