// The one topic of a simulated group.
import type { PartitionsByTopic } from '@goqueue/protocol'

export const TOPIC = 'orders'

/** Partitions of the topic as the protocol has them. */
export function partitionsOf(partitions: readonly number[]): PartitionsByTopic {
  return new Map(partitions.length === 0 ? [] : [[TOPIC, [...partitions]]])
}
