// A member's assignment: the blob that SyncGroup carries from the leader.
import { ConsumerProtocolAssignment } from '../messages/consumer-protocol.ts'
import { fromTopicList, toTopicList } from './topic-partitions.ts'
import type { PartitionsByTopic } from './topic-partitions.ts'
import { readVersioned, writeVersioned } from './versioned-blob.ts'

/** What the leader gave a member. */
export interface Assignment {
  partitions: PartitionsByTopic
  /** For the assignor alone; null for those of ours. */
  userData: Buffer | null
}

/** The newest version that we know, and the one that is written unless another is asked for. */
export const ASSIGNMENT_VERSION = 3

/** The blob, with topics in the order of the Map. */
export function encodeAssignment(
  partitions: PartitionsByTopic,
  userData: Buffer | null = null,
  version = ASSIGNMENT_VERSION,
): Buffer {
  return writeVersioned(ConsumerProtocolAssignment, version, { assignedPartitions: toTopicList(partitions), userData })
}

/**
 * The assignment in a blob of any version. No bytes at all are an empty assignment: that is what the broker answers
 * a member for whom the leader sent nothing. DecodeError when malformed.
 */
export function decodeAssignment(bytes: Buffer): Assignment {
  if (bytes.length === 0) return { partitions: new Map(), userData: null }
  const { assignedPartitions, userData } = readVersioned(ConsumerProtocolAssignment, bytes)
  return { partitions: fromTopicList(assignedPartitions), userData }
}
