// OffsetCommit between the wire and the machine.
import type { ErrorCode, OffsetCommitRequest, ResponseInput } from '@goqueue/protocol'
import type { OffsetToCommit } from '../classic-group/input.ts'

type RequestedPartition = OffsetCommitRequest['topics'][number]['partitions'][number]

export interface CommitLimits {
  readonly offsetMetadataMaxBytes: number
  readonly partitionCount: (topic: string) => number
}

/** A request taken apart: what may be committed, and for each partition the error that forbids it. */
export interface CheckedCommit {
  readonly offsets: readonly OffsetToCommit[]
  readonly topics: readonly {
    readonly name: string
    readonly partitions: readonly { readonly partitionIndex: number; readonly errorCode: ErrorCode }[]
  }[]
}

/** Checks each partition by itself: one that is refused does not keep the others from being committed. */
export function checkOffsetCommit(request: OffsetCommitRequest, limits: CommitLimits, nowMs: number): CheckedCommit {
  // -1 has always meant "the broker's own retention" (row I14); below v5 a client may ask for another.
  const { retentionTimeMs } = request
  const expireMs = retentionTimeMs < 0 ? null : Math.min(nowMs + retentionTimeMs, Number.MAX_SAFE_INTEGER)
  const offsets: OffsetToCommit[] = []
  const topics = request.topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map((partition) => {
      const errorCode = checkPartition(name, partition, limits)
      if (errorCode === 'NONE') {
        offsets.push({
          topic: name,
          partition: partition.partitionIndex,
          offset: partition.committedOffset,
          leaderEpoch: partition.committedLeaderEpoch,
          metadata: partition.committedMetadata ?? '',
          committedMs: nowMs,
          expireMs,
        })
      }
      return { partitionIndex: partition.partitionIndex, errorCode }
    }),
  }))
  return { offsets, topics }
}

function checkPartition(topic: string, partition: RequestedPartition, limits: CommitLimits): ErrorCode {
  const { partitionIndex } = partition
  if (partitionIndex < 0 || partitionIndex >= limits.partitionCount(topic)) return 'UNKNOWN_TOPIC_OR_PARTITION'
  if (Buffer.byteLength(partition.committedMetadata ?? '') > limits.offsetMetadataMaxBytes) {
    return 'OFFSET_METADATA_TOO_LARGE'
  }
  // A negative offset is as good as none, and kept as it is: kafkajs commits −1 or −2 to be given its reset policy again.
  return 'NONE'
}

/** The wire's answer: the group's error for every partition, else each partition's own. */
export function offsetCommitResponse(
  errorCode: ErrorCode,
  topics: CheckedCommit['topics'],
): ResponseInput<'OffsetCommit'> {
  if (errorCode === 'NONE') return { topics }
  return {
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
    })),
  }
}
