// What an admin does to the committed offsets of a group: sets them, deletes them.
import type { ErrorCode } from '@goqueue/protocol'
import type { Cluster } from '../cluster.ts'
import { GoQueueError, throwOnError } from '../errors.ts'
import { groupByTopic, partitionKey, type TopicPartition } from '../record.ts'
import type { CallOptions } from '../waiting.ts'
import { throwFinal } from './throw-final.ts'

/** An offset to commit for a group: the NEXT record to read. */
export interface OffsetToSet extends TopicPartition {
  readonly offset: number
  /** Default: none. */
  readonly metadata?: string | undefined
}

/** Commits as nobody's member, which a coordinator takes only while the group has no members. */
export function setGroupOffsets(
  cluster: Cluster,
  groupId: string,
  offsets: readonly OffsetToSet[],
  options: CallOptions,
): Promise<void> {
  for (const { topic, partition, offset } of offsets) {
    if (Number.isSafeInteger(offset) && offset >= 0) continue
    const what = `alterGroupOffsets: the offset of ${topic}[${partition}] must be a whole number from 0, not ${offset}`
    throw new GoQueueError('INVALID_ARGUMENT', what)
  }
  const topics = Array.from(groupByTopic(offsets), ([name, ofTopic]) => ({
    name,
    partitions: ofTopic.map(({ partition, offset, metadata = '' }) => ({
      partitionIndex: partition,
      committedOffset: offset,
      committedMetadata: metadata,
    })),
  }))
  const path = `group '${groupId}'`
  return cluster.callCoordinator(groupId, `offsets of ${path}`, options, async (connection, timeoutMs) => {
    const body = { groupId, generationIdOrMemberEpoch: -1, memberId: '', topics }
    const answer = await connection.request('OffsetCommit', body, { timeoutMs })
    throwForPartitions('OffsetCommit', path, offsets, answer.topics)
  })
}

export function deleteOffsets(
  cluster: Cluster,
  groupId: string,
  partitions: readonly TopicPartition[],
  options: CallOptions,
): Promise<void> {
  const topics = Array.from(groupByTopic(partitions), ([name, ofTopic]) => ({
    name,
    partitions: ofTopic.map(({ partition }) => ({ partitionIndex: partition })),
  }))
  const path = `group '${groupId}'`
  return cluster.callCoordinator(groupId, `delete offsets of ${path}`, options, async (connection, timeoutMs) => {
    const answer = await connection.request('OffsetDelete', { groupId, topics }, { timeoutMs })
    throwOnError(answer.errorCode, 'OffsetDelete', path)
    throwForPartitions('OffsetDelete', path, partitions, answer.topics)
  })
}

interface AnsweredTopic {
  readonly name: string
  readonly partitions: readonly { readonly partitionIndex: number; readonly errorCode: ErrorCode }[]
}

/** Throws for the first partition that was refused, and for one that the answer leaves out. */
function throwForPartitions(
  api: string,
  path: string,
  asked: readonly TopicPartition[],
  answered: readonly AnsweredTopic[],
): void {
  const seen = new Set<string>()
  for (const { name, partitions } of answered) {
    for (const { partitionIndex, errorCode } of partitions) {
      throwFinal(errorCode, api, `${path}, ${name}[${partitionIndex}]`)
      seen.add(partitionKey(name, partitionIndex))
    }
  }
  for (const { topic, partition } of asked) {
    if (seen.has(partitionKey(topic, partition))) continue
    throwOnError('UNKNOWN_SERVER_ERROR', api, `${path}, ${topic}[${partition}]`, 'the answer does not mention it')
  }
}
