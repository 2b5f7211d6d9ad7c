// ListOffsets: finds offsets by timestamp, and the ends of a log.
import type { ErrorCode, RequestOf, ResponseInput } from '@goqueue/protocol'
import type { PartitionLog } from '../log/partition-log.ts'
import type { Handler } from './handler.ts'
import type { Services } from './services.ts'

type PartitionAnswer = ResponseInput<'ListOffsets'>['topics'][number]['partitions'][number]

/** Timestamps that are no time but a question. */
const LATEST = -1
const EARLIEST = -2
const MAX_TIMESTAMP = -3
const EARLIEST_LOCAL = -4
const LATEST_TIERED = -5

/** The one leader epoch of this broker, in the versions that can carry it. */
const LEADER_EPOCH_SINCE = 4

const NONE_FOUND = { offset: -1, timestamp: -1 }

type Found = { readonly offset: number; readonly timestamp: number }
type Refusal = Exclude<ErrorCode, 'NONE'>

async function find(log: PartitionLog, timestampMs: number): Promise<Found | Refusal> {
  switch (timestampMs) {
    case LATEST:
      return { offset: log.highWatermark, timestamp: -1 }
    case EARLIEST:
    case EARLIEST_LOCAL:
      return { offset: log.logStartOffset, timestamp: -1 }
    case LATEST_TIERED:
      return NONE_FOUND
    default: {
      if (timestampMs < LATEST_TIERED) return 'INVALID_REQUEST'
      const found = timestampMs === MAX_TIMESTAMP ? await log.maxTimestamp() : await log.offsetForTimestamp(timestampMs)
      if (found === 'KAFKA_STORAGE_ERROR') return found
      return found === null ? NONE_FOUND : { offset: found.offset, timestamp: found.timestampMs }
    }
  }
}

function refused(partitionIndex: number, errorCode: ErrorCode): PartitionAnswer {
  return { partitionIndex, errorCode, ...NONE_FOUND }
}

/** How often each partition is asked for. More than once is refused, as in Kafka: each mention may read much of a log. */
function countsOf(topics: RequestOf<'ListOffsets'>['topics']): Map<string, Map<number, number>> {
  const counts = new Map<string, Map<number, number>>()
  for (const { name, partitions } of topics) {
    const ofTopic = counts.get(name) ?? new Map<number, number>()
    counts.set(name, ofTopic)
    for (const { partitionIndex } of partitions) ofTopic.set(partitionIndex, (ofTopic.get(partitionIndex) ?? 0) + 1)
  }
  return counts
}

async function answer(
  services: Services,
  topic: string,
  partitionIndex: number,
  timestampMs: number,
  apiVersion: number,
): Promise<PartitionAnswer> {
  const log = services.topics.byName(topic)?.logs[partitionIndex]
  if (log === undefined) return refused(partitionIndex, 'UNKNOWN_TOPIC_OR_PARTITION')
  const found = await find(log, timestampMs)
  if (typeof found === 'string') return refused(partitionIndex, found)
  const leaderEpoch = found.offset === -1 || apiVersion < LEADER_EPOCH_SINCE ? -1 : 0
  return { partitionIndex, errorCode: 'NONE', ...found, leaderEpoch }
}

export const listOffsets: Handler<'ListOffsets'> = async (services, request, { apiVersion }) => {
  const counts = countsOf(request.topics)
  return {
    topics: await Promise.all(
      request.topics.map(async ({ name, partitions }) => ({
        name,
        partitions: await Promise.all(
          partitions.map(({ partitionIndex, timestamp }) =>
            counts.get(name)?.get(partitionIndex) === 1
              ? answer(services, name, partitionIndex, timestamp, apiVersion)
              : refused(partitionIndex, 'INVALID_REQUEST'),
          ),
        ),
      })),
    ),
  }
}
