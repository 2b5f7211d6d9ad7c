// OffsetForLeaderEpoch: where leader epochs end. There is one here, 0, and it goes on.
import type { ResponseInput } from '@goqueue/protocol'
import type { Handler } from './handler.ts'
import type { Services } from './services.ts'

type PartitionAnswer = ResponseInput<'OffsetForLeaderEpoch'>['topics'][number]['partitions'][number]

const LEADER_EPOCH = 0

/** Kafka's "no such epoch": the client then resets by its own policy (KIP-320). */
const UNDEFINED = { leaderEpoch: -1, endOffset: -1 }

function answer(
  services: Services,
  topic: string,
  asked: { partition: number; currentLeaderEpoch: number; leaderEpoch: number },
): PartitionAnswer {
  const { partition } = asked
  const log = services.topics.byName(topic)?.logs[partition]
  if (log === undefined) return { errorCode: 'UNKNOWN_TOPIC_OR_PARTITION', partition, ...UNDEFINED }
  // Only a client that talked to another cluster can know a later one.
  if (asked.currentLeaderEpoch > LEADER_EPOCH) return { errorCode: 'UNKNOWN_LEADER_EPOCH', partition, ...UNDEFINED }
  if (asked.leaderEpoch !== LEADER_EPOCH) return { errorCode: 'NONE', partition, ...UNDEFINED }
  return { errorCode: 'NONE', partition, leaderEpoch: LEADER_EPOCH, endOffset: log.highWatermark }
}

export const offsetForLeaderEpoch: Handler<'OffsetForLeaderEpoch'> = (services, request) => ({
  topics: request.topics.map(({ topic, partitions }) => ({
    topic,
    partitions: partitions.map((asked) => answer(services, topic, asked)),
  })),
})
