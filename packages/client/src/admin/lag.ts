// Observes how far a group is: where its logs begin and end, and when the first record behind its commits was written.
import { DecodeError, isControl, nextOffset, readRecords, splitBatches, ZERO_UUID } from '@goqueue/protocol'
import type { Cluster } from '../cluster.ts'
import type { CommittedOffset } from '../committed-offsets.ts'
import { isRetriable, KafkaError, throwOnError } from '../errors.ts'
import { firstUnprocessed, type GroupLag, type GroupProgress, type PartitionProgress } from '../group-lag.ts'
import { lookUpOffsets, type OffsetQuery } from '../offset-lookup.ts'
import { partitionKey, type TopicPartition } from '../record.ts'
import type { CallOptions } from '../waiting.ts'

export interface LagOptions extends CallOptions {
  /** What was observed before: with it, the time to drain is estimated. Default: nothing, and that time is null. */
  readonly previous?: GroupLag | null | undefined
}

/** A member as its group is described. */
interface Member {
  readonly memberId: string
  readonly consumerId: string | null
  readonly clientId: string
  readonly host: string
  readonly assignment: Readonly<Record<string, readonly number[]>>
}

/** A group, and what it has committed. */
export interface GroupToObserve {
  readonly groupId: string
  readonly state: string
  readonly members: readonly Member[]
  readonly committed: readonly (TopicPartition & CommittedOffset)[]
}

/** A batch may hold no record any more (compaction), or none for applications (transactions): this many are looked through. */
const MOST_BATCHES = 16
/** Less than any batch: a broker answers the first batch whole, however large it is (KIP-74). */
const ONE_BATCH = 1

/** Observes every partition that the group has committed or owns. */
export async function observeGroup(
  cluster: Cluster,
  group: GroupToObserve,
  options: CallOptions,
): Promise<GroupProgress> {
  const places = placesOf(group)
  const existing = await existingOf(cluster, places, options)
  const offsetsAt = (at: OffsetQuery) =>
    lookUpOffsets(
      cluster,
      existing.map(({ topic, partition }) => ({ topic, partition, at })),
      options,
    )
  const [starts, ends] = await Promise.all([offsetsAt('earliest'), offsetsAt('latest')])
  const partitions = places.map((place) => {
    const key = partitionKey(place.topic, place.partition)
    return {
      ...place,
      logStartOffset: starts.get(key)?.offset ?? null,
      logEndOffset: ends.get(key)?.offset ?? null,
    }
  })
  const timestamps = await timestampsOf(cluster, partitions, options)
  return {
    groupId: group.groupId,
    state: group.state,
    observedAtMs: cluster.runtime.wallClockMs(),
    members: group.members.map(({ memberId, consumerId, clientId, host }) => ({
      memberId,
      consumerId,
      clientId,
      host,
    })),
    partitions: partitions.map((place, index) => ({ ...place, oldestTimestampMs: timestamps[index] ?? null })),
  }
}

type Place = Pick<PartitionProgress, 'topic' | 'partition' | 'committedOffset' | 'owner'>

function placesOf({ members, committed }: GroupToObserve): Place[] {
  const places = new Map<string, Place>()
  for (const { topic, partition, offset } of committed) {
    places.set(partitionKey(topic, partition), { topic, partition, committedOffset: offset, owner: null })
  }
  for (const { memberId, assignment } of members) {
    for (const [topic, partitions] of Object.entries(assignment)) {
      for (const partition of partitions) {
        const key = partitionKey(topic, partition)
        const committedOffset = places.get(key)?.committedOffset ?? null
        places.set(key, { topic, partition, committedOffset, owner: memberId })
      }
    }
  }
  return [...places.values()].sort((a, b) =>
    a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1,
  )
}

/** Those that are there now: a group may have committed for a topic that was deleted since. */
async function existingOf(cluster: Cluster, places: readonly Place[], options: CallOptions): Promise<Place[]> {
  if (places.length === 0) return []
  const answer = await cluster.callAny('list topics', options, (connection, timeoutMs) =>
    connection.request('Metadata', { topics: null, allowAutoTopicCreation: false }, { timeoutMs }),
  )
  const counts = new Map(answer.topics.map(({ name, partitions }) => [name ?? '', partitions.length]))
  return places.filter(({ topic, partition }) => partition < (counts.get(topic) ?? 0))
}

/** For each partition the timestamp of its first record that is not processed; leaders are asked for one batch at a time. */
async function timestampsOf(
  cluster: Cluster,
  partitions: readonly Omit<PartitionProgress, 'oldestTimestampMs'>[],
  options: CallOptions,
): Promise<(number | null)[]> {
  const timestamps: (number | null)[] = []
  for (const partition of partitions) {
    const offset = firstUnprocessed(partition)
    timestamps.push(offset === null ? null : await timestampAt(cluster, partition, offset, options))
  }
  return timestamps
}

/** The timestamp of the first record at or after an offset; null where there is none, or it cannot be told. */
async function timestampAt(
  cluster: Cluster,
  place: TopicPartition,
  from: number,
  options: CallOptions,
): Promise<number | null> {
  let offset = from
  try {
    for (let batches = 0; batches < MOST_BATCHES; batches++) {
      const records = await fetchBatch(cluster, place, offset, options)
      const asked = offset
      for (const { header, batch } of records === null ? [] : splitBatches(records)) {
        if (nextOffset(header) <= offset) continue
        for (const record of isControl(header) ? [] : readRecords(batch)) {
          if (record.offset >= offset) return record.timestampMs < 0 ? null : record.timestampMs
        }
        offset = nextOffset(header)
      }
      if (offset === asked) return null
    }
    return null
  } catch (error) {
    // The lag in records is known, whatever is wrong with this one batch: deleted meanwhile, damaged, not ours to read.
    if (error instanceof DecodeError || (error instanceof KafkaError && !isRetriable(error))) return null
    throw error
  }
}

function fetchBatch(
  cluster: Cluster,
  { topic, partition }: TopicPartition,
  fetchOffset: number,
  options: CallOptions,
): Promise<Buffer | null> {
  const path = `${topic}[${partition}]`
  return cluster.retrying(`Fetch of ${path}`, options, async (timeoutMs) => {
    const { leaderId, leaderEpoch } = await cluster.leader(topic, partition, options)
    const topicId = cluster.knownTopic(topic)?.topicId ?? ZERO_UUID
    const connection = await cluster.nodeConnection(leaderId, 'call')
    const wanted = { partition, currentLeaderEpoch: leaderEpoch, fetchOffset, partitionMaxBytes: ONE_BATCH }
    const answer = await connection.request(
      'Fetch',
      { maxWaitMs: 0, minBytes: 0, maxBytes: ONE_BATCH, topics: [{ topic, topicId, partitions: [wanted] }] },
      // From v13 topics go by id (KIP-516); a broker that gave none can be asked by name only.
      { timeoutMs, maxVersion: topicId === ZERO_UUID ? 12 : Infinity },
    )
    throwOnError(answer.errorCode, 'Fetch', path)
    const fetched = answer.responses[0]?.partitions[0]
    const errorCode = fetched?.errorCode ?? 'UNKNOWN_SERVER_ERROR'
    // What is damaged stays so: asking again would only take the time of the call.
    if (errorCode === 'CORRUPT_MESSAGE') throw new KafkaError(errorCode, 'Fetch', path, null, false)
    if (errorCode !== 'NONE') cluster.distrust(topic)
    throwOnError(errorCode, 'Fetch', path)
    return fetched?.records ?? null
  })
}
