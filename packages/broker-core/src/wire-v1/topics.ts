// Topics in the original dialect.
import {
  wireV1CreateTopicResponse,
  wireV1DeleteTopicResponse,
  wireV1DescribeTopicResponse,
  wireV1ErrorResponse,
  wireV1ListTopicsResponse,
  wireV1TopicInfoResponse,
  type WireV1Request,
  type WireV1TopicSummary,
} from '@goqueue/protocol'
import type { Services } from '../handlers/services.ts'
import { isInternalTopic } from '../topics/internal-topics.ts'
import type { Topic } from '../topics/topic-catalog.ts'

const REFUSED = 1
const FAILED = 2
const UNKNOWN_TOPIC = 2

function summaryOf(topic: Topic): WireV1TopicSummary {
  return {
    name: topic.name,
    partitions: topic.partitions,
    createdSeconds: Math.floor(topic.createdMs / 1_000),
    bytes: topic.logs.reduce((sum, log) => sum + log.sizeBytes, 0),
    messages: topic.logs.reduce((sum, log) => sum + log.highWatermark - log.logStartOffset, 0),
  }
}

/** The replication factor asked for is not looked at: the original never replicated either. */
export async function answerCreateTopic(
  services: Services,
  { name, partitions }: Extract<WireV1Request, { type: 'createTopic' }>,
): Promise<Buffer> {
  if (partitions < 1) return wireV1CreateTopicResponse(REFUSED)
  const { errorCode } = await services.topics.create({ name, partitions })
  if (errorCode === 'NONE') return wireV1CreateTopicResponse(0)
  return wireV1CreateTopicResponse(errorCode === 'KAFKA_STORAGE_ERROR' ? FAILED : REFUSED)
}

/** Without internal topics: nothing in the dialect would tell them from the others. */
export function answerListTopics(services: Services): Buffer {
  const topics = services.topics.all().filter(({ name }) => !isInternalTopic(name))
  return wireV1ListTopicsResponse(topics.map(summaryOf))
}

export function answerDescribeTopic(services: Services, name: string): Buffer {
  const topic = services.topics.byName(name)
  if (topic === undefined) return wireV1ErrorResponse('describeTopic', UNKNOWN_TOPIC)
  const partitions = topic.logs.map((log, partition) => ({
    partition,
    leader: services.nodeId,
    bytes: log.sizeBytes,
    messages: log.highWatermark - log.logStartOffset,
    startOffset: log.logStartOffset,
    endOffset: log.highWatermark,
  }))
  return wireV1DescribeTopicResponse(summaryOf(topic), partitions)
}

export async function answerDeleteTopic(services: Services, name: string): Promise<Buffer> {
  const { errorCode } = await services.topics.delete(name)
  if (errorCode !== 'NONE') return wireV1ErrorResponse('deleteTopic', UNKNOWN_TOPIC)
  services.groups.topicDeleted(name)
  return wireV1DeleteTopicResponse(name)
}

export function answerTopicInfo(services: Services, name: string): Buffer {
  const topic = services.topics.byName(name)
  return topic === undefined
    ? wireV1ErrorResponse('topicInfo', UNKNOWN_TOPIC)
    : wireV1TopicInfoResponse(summaryOf(topic))
}
