// Reads what a group has committed. "Nothing" is only ever the broker's clean answer: every failure is an error.
import type { ResponseOf } from '@goqueue/protocol'
import type { Cluster, RetryOptions } from './cluster.ts'
import { throwOnError } from './errors.ts'
import type { TopicPartition } from './record.ts'

/** A committed offset: the NEXT record to read. */
export interface CommittedOffset {
  readonly offset: number
  readonly metadata: string
}

export interface FoundCommit extends TopicPartition {
  /** null: nothing is committed. */
  readonly committed: CommittedOffset | null
}

/** The commits of a group for the partitions given by topic, or with null for all that have one. */
export async function fetchCommitted(
  cluster: Cluster,
  groupId: string,
  byTopic: ReadonlyMap<string, readonly TopicPartition[]> | null,
  options: RetryOptions = {},
): Promise<FoundCommit[]> {
  const topics =
    byTopic === null
      ? null
      : Array.from(byTopic, ([name, ofTopic]) => ({
          name,
          partitionIndexes: ofTopic.map(({ partition }) => partition),
        }))
  const path = `group '${groupId}'`
  return cluster.callCoordinator(groupId, `committed offsets of ${path}`, options, async (connection, timeoutMs) => {
    const answer = await connection.request(
      'OffsetFetch',
      (version) => ({
        ...(version >= 8 ? { groups: [{ groupId, topics }] } : { groupId, topics }),
        // Offsets of a transaction that is still open are waited for, never skipped (KIP-447).
        ...(version >= 7 ? { requireStable: true } : {}),
      }),
      { timeoutMs },
    )
    return readCommits(answer, path, byTopic)
  })
}

function readCommits(
  answer: ResponseOf<'OffsetFetch'>,
  path: string,
  byTopic: ReadonlyMap<string, readonly TopicPartition[]> | null,
): FoundCommit[] {
  const group = answer.groups[0] ?? answer
  throwOnError(group.errorCode, 'OffsetFetch', path)
  const found: FoundCommit[] = []
  for (const { name, partitions } of group.topics) {
    for (const { partitionIndex, errorCode, committedOffset, metadata } of partitions) {
      throwOnError(errorCode, 'OffsetFetch', `${path}, ${name}[${partitionIndex}]`)
      const committed = committedOffset < 0 ? null : { offset: committedOffset, metadata: metadata ?? '' }
      found.push({ topic: name, partition: partitionIndex, committed })
    }
  }
  const answered = new Set(found.map(({ topic, partition }) => `${topic}\0${partition}`))
  for (const { topic, partition } of [...(byTopic?.values() ?? [])].flat()) {
    // A partition that is left out is no "nothing is committed".
    if (!answered.has(`${topic}\0${partition}`))
      throwOnError('UNKNOWN_SERVER_ERROR', 'OffsetFetch', `${topic}[${partition}]`)
  }
  return found
}
