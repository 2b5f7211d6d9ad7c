// OffsetFetch between the wire and the committed offsets of one group.
import type { CommittedOffsets } from './committed-offsets.ts'

export interface FetchedTopic {
  readonly name: string
  readonly partitions: readonly {
    readonly partitionIndex: number
    readonly committedOffset: number
    readonly committedLeaderEpoch: number
    readonly metadata: string
    readonly errorCode: 'NONE'
  }[]
}

/** Nothing committed is not an error: the offset is −1. `topics` null asks for everything. */
export function fetchOffsets(
  offsets: CommittedOffsets | undefined,
  topics: readonly { readonly name: string; readonly partitionIndexes: readonly number[] }[] | null,
): FetchedTopic[] {
  const wanted =
    topics ?? Array.from(offsets?.byTopic() ?? [], ([name, partitionIndexes]) => ({ name, partitionIndexes }))
  return wanted.map(({ name, partitionIndexes }) => ({
    name,
    partitions: partitionIndexes.map((partitionIndex) => {
      const committed = offsets?.get(name, partitionIndex)
      return {
        partitionIndex,
        committedOffset: committed?.offset ?? -1,
        committedLeaderEpoch: committed?.leaderEpoch ?? -1,
        metadata: committed?.metadata ?? '',
        errorCode: 'NONE',
      }
    }),
  }))
}
