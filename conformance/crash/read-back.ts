// Reads everything a broker holds, as any client would: records with their checksums, and committed offsets.
import { nextOffset, readRecords, splitBatches } from '@goqueue/protocol'
import type { WireConnection } from '../support/wire-connection.ts'
import { commitName } from './committers.ts'
import type { Found, FoundRecord } from './history.ts'
import { partitionName, type TopicPartition } from './topic-partition.ts'

const MAX_BYTES = 1_000_000

/** The records of these partitions from the offsets in `from` (or the first) to their ends, and what the groups committed. */
export async function readBack(
  connection: WireConnection,
  options: {
    readonly targets: readonly TopicPartition[]
    readonly groupIds: readonly string[]
    readonly from?: ReadonlyMap<string, number>
  },
): Promise<Found> {
  const records = new Map<string, FoundRecord[]>()
  for (const target of options.targets) {
    const name = partitionName(target)
    records.set(name, await readPartition(connection, target, options.from?.get(name) ?? 0))
  }
  const committed = new Map<string, number>()
  for (const groupId of options.groupIds) {
    for (const [target, offset] of await readCommitted(connection, groupId)) {
      committed.set(commitName(groupId, target), offset)
    }
  }
  return { records, committed }
}

async function readPartition(
  connection: WireConnection,
  { topic, partition }: TopicPartition,
  from: number,
): Promise<FoundRecord[]> {
  const found: FoundRecord[] = []
  for (let fetchOffset = from; ;) {
    const { responses } = await connection.request('Fetch', 12, {
      maxWaitMs: 0,
      minBytes: 0,
      maxBytes: MAX_BYTES,
      topics: [{ topic, partitions: [{ partition, fetchOffset, partitionMaxBytes: MAX_BYTES }] }],
    })
    const answer = responses[0]?.partitions[0]
    if (answer?.errorCode !== 'NONE') {
      throw new Error(`${topic}-${partition} cannot be read from offset ${fetchOffset}: ${answer?.errorCode}`)
    }
    if (fetchOffset >= answer.highWatermark) return found
    const before = fetchOffset
    for (const { header, batch } of splitBatches(answer.records ?? Buffer.alloc(0))) {
      for (const { offset, value } of readRecords(batch)) {
        if (offset >= from) found.push({ offset, value: String(value) })
      }
      fetchOffset = nextOffset(header)
    }
    if (fetchOffset === before) throw new Error(`${topic}-${partition} has nothing at offset ${fetchOffset}`)
  }
}

async function readCommitted(connection: WireConnection, groupId: string): Promise<[TopicPartition, number][]> {
  const { errorCode, topics } = await connection.request('OffsetFetch', 7, { groupId, topics: null })
  if (errorCode !== 'NONE') throw new Error(`the offsets of ${groupId} cannot be read: ${errorCode}`)
  return topics.flatMap(({ name, partitions }) =>
    partitions.map((found): [TopicPartition, number] => {
      return [{ topic: name, partition: found.partitionIndex }, found.committedOffset]
    }),
  )
}
