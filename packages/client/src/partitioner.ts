// Which partition a record goes to.
import { partitionForKey } from '@goqueue/protocol'
import type { ProducerRecord } from './record.ts'

/** Chooses a partition from 0 to `partitionCount` - 1, or null for "any": the producer then fills one batch after the other. */
export type Partitioner = (record: ProducerRecord, partitionCount: number) => number | null

/** Kafka's own: murmur2 of the key, and any partition for a record without key. */
export const defaultPartitioner: Partitioner = (record, partitionCount) => {
  const { key } = record
  if (key === undefined || key === null) return null
  return partitionForKey(typeof key === 'string' ? Buffer.from(key) : key, partitionCount)
}
