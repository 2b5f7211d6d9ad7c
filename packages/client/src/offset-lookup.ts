// Asks leaders for offsets: the earliest, the latest, or the first at or after a time.
import type { Cluster, RetryOptions } from './cluster.ts'
import { GoQueueError, KafkaError } from './errors.ts'
import { groupByTopic, partitionKey, type TopicPartition } from './record.ts'

/** Kafka's special timestamps, and KIP-734's offset of the record with the largest timestamp. */
const TIMESTAMPS = { latest: -1, earliest: -2, maxTimestamp: -3 } as const

/** Where in a partition: an end of it, the record with the largest timestamp, or the first record at or after a time in ms. */
export type OffsetQuery = keyof typeof TIMESTAMPS | number

export interface WantedOffset extends TopicPartition {
  readonly at: OffsetQuery
}

export interface FoundOffset extends TopicPartition {
  /** -1 where there is no such record. */
  readonly offset: number
  readonly timestampMs: number
  readonly leaderEpoch: number
}

/** One offset for each thing wanted, by `partitionKey`. Throws when one cannot be had in time. */
export async function lookUpOffsets(
  cluster: Cluster,
  wanted: readonly WantedOffset[],
  options: RetryOptions = {},
): Promise<Map<string, FoundOffset>> {
  const found = new Map<string, FoundOffset>()
  await cluster.retrying('ListOffsets', options, async (leftMs) => {
    const missing = wanted.filter(({ topic, partition }) => !found.has(partitionKey(topic, partition)))
    const byLeader = new Map<number, WantedOffset[]>()
    for (const query of missing) {
      const { leaderId } = await cluster.leader(query.topic, query.partition, options)
      byLeader.set(leaderId, [...(byLeader.get(leaderId) ?? []), query])
    }
    const answers = await Promise.allSettled(
      [...byLeader].map(([leaderId, queries]) => askLeader(cluster, leaderId, queries, leftMs, found)),
    )
    for (const answer of answers) if (answer.status === 'rejected') throw answer.reason
  })
  return found
}

/** The offset of the first record of a partition at or after a time in ms, or the end of its log. */
export async function offsetAtTime(
  cluster: Cluster,
  place: TopicPartition,
  timestampMs: number,
  options: RetryOptions = {},
): Promise<number> {
  if (!Number.isSafeInteger(timestampMs) || timestampMs < 0) {
    throw new GoQueueError('INVALID_ARGUMENT', `timestampMs ${String(timestampMs)} is not a whole number from 0`)
  }
  const key = partitionKey(place.topic, place.partition)
  const found = (await lookUpOffsets(cluster, [{ ...place, at: timestampMs }], options)).get(key)!
  if (found.offset >= 0) return found.offset
  return (await lookUpOffsets(cluster, [{ ...place, at: 'latest' }], options)).get(key)!.offset
}

async function askLeader(
  cluster: Cluster,
  leaderId: number,
  queries: readonly WantedOffset[],
  timeoutMs: number,
  found: Map<string, FoundOffset>,
): Promise<void> {
  const connection = await cluster.nodeConnection(leaderId, 'call')
  const topics = groupByTopic(queries)
  const answer = await connection.request(
    'ListOffsets',
    {
      replicaId: -1,
      topics: Array.from(topics, ([name, ofTopic]) => ({
        name,
        partitions: ofTopic.map(({ partition, at }) => ({
          partitionIndex: partition,
          timestamp: typeof at === 'number' ? at : TIMESTAMPS[at],
        })),
      })),
      timeoutMs,
    },
    { timeoutMs },
  )
  let failure: KafkaError | null = null
  for (const { name, partitions } of answer.topics) {
    for (const { partitionIndex, errorCode, offset, timestamp, leaderEpoch } of partitions) {
      if (errorCode === 'NONE') {
        const place = { topic: name, partition: partitionIndex }
        found.set(partitionKey(name, partitionIndex), { ...place, offset, timestampMs: timestamp, leaderEpoch })
      } else {
        failure = new KafkaError(errorCode, 'ListOffsets', `${name}[${partitionIndex}]`)
        if (failure.retriable) cluster.distrust(name)
      }
    }
  }
  if (failure !== null) throw failure
  for (const { topic, partition } of queries) {
    if (found.has(partitionKey(topic, partition))) continue
    throw new KafkaError(
      'UNKNOWN_SERVER_ERROR',
      'ListOffsets',
      `${topic}[${partition}]`,
      'the answer does not mention it',
    )
  }
}
