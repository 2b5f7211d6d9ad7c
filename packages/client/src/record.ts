// Records as the application sees them: on their way in, and on their way out.

/** Text (UTF-8 on the wire) or bytes. */
export type Bytes = string | Uint8Array

/** A record to send. Bytes given must not be changed until the send has settled. */
export interface ProducerRecord {
  readonly topic: string
  /** null is a tombstone in a compacted topic. */
  readonly value: Bytes | null
  /** Records of one key go to one partition, as with Kafka's own producer (murmur2). */
  readonly key?: Bytes | null | undefined
  /** Overrules the key and the partitioner. */
  readonly partition?: number | undefined
  /** Milliseconds since the epoch; default: now. */
  readonly timestampMs?: number | undefined
  readonly headers?: Iterable<readonly [string, Bytes | null]> | undefined
}

/** Where a record was written. `offset` is -1 where the broker does not say: acks 0, or a duplicate it no longer remembers. */
export interface RecordPlace {
  readonly partition: number
  readonly offset: number
}

/** A record that was read. Key, value and headers are views of the bytes fetched: keeping one keeps its batch in memory. */
export interface ConsumerRecord<K = Buffer | null, V = Buffer | null> {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** Milliseconds since the epoch: the producer's time, or the broker's if the topic says so. */
  readonly timestampMs: number
  readonly key: K
  readonly value: V
  readonly headers: readonly (readonly [string, Buffer | null])[]
  /** Fires when the partition is no longer this consumer's: stop working on the record. Shared by the partition's records. */
  readonly signal: AbortSignal
}

/** One partition of one topic. */
export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

/** A key for maps: topic names contain no NUL, so no two partitions share one. */
export function partitionKey(topic: string, partition: number): string {
  return `${topic}\0${partition}`
}

/** The items of each topic, topics in order of first appearance: Kafka's requests are grouped like this. */
export function groupByTopic<T extends { readonly topic: string }>(items: Iterable<T>): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const group = groups.get(item.topic)
    if (group === undefined) groups.set(item.topic, [item])
    else group.push(item)
  }
  return groups
}
