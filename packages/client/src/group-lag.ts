// How far a group is behind, in records and in time, and how long it will take: arithmetic over what was observed.
import { partitionKey, type TopicPartition } from './record.ts'

/** How far a member or a group is behind, over its partitions; those whose topic is gone do not count. */
export interface LagTotal {
  /** Records behind. */
  readonly lag: number
  /** Age in milliseconds of the oldest record that is not processed; 0 when none is, null when it is not known of all. */
  readonly timeBehindMs: number | null
  /**
   * Milliseconds until the slowest partition has done the records that are there now, at the pace of its commits since the
   * observation before; 0 when nothing is left, null when it is not known of all.
   */
  readonly drainMs: number | null
}

export interface PartitionLag extends TopicPartition {
  /** The next record to read; null when nothing is committed. */
  readonly committedOffset: number | null
  /** Offset of the first record that is there; null when the partition is gone. */
  readonly logStartOffset: number | null
  /** The offset behind the last record; null when the partition is gone. */
  readonly logEndOffset: number | null
  /** Member id of the owner; null when nobody has it. */
  readonly owner: string | null
  /**
   * Records from the committed offset to the log's end, as Kafka's own tools count them; where nothing is committed, from
   * the log's start. null when the partition is gone.
   */
  readonly lag: number | null
  /** Age in milliseconds of the oldest record that is not processed; 0 when there is none, null when it is not known. */
  readonly timeBehindMs: number | null
  /**
   * Milliseconds until the records that are there now are done, at the pace of the commits since the observation before;
   * 0 when nothing is left, null without such an observation, or without progress since.
   */
  readonly drainMs: number | null
}

export interface MemberLag extends LagTotal {
  readonly memberId: string
  /** The `consumerId` of a static member, or null. */
  readonly consumerId: string | null
  readonly clientId: string
  readonly host: string
}

/** The lag of a group at one moment. Plain data: what was written as JSON and read again still is an observation. */
export interface GroupLag extends LagTotal {
  readonly groupId: string
  /** As in `GroupDescription`. */
  readonly state: string
  /** Milliseconds since the epoch, by this machine's clock. */
  readonly observedAtMs: number
  readonly members: readonly MemberLag[]
  /** Every partition that the group has committed or owns, by topic and number. */
  readonly partitions: readonly PartitionLag[]
}

/** What is known of a partition before any arithmetic. */
export interface PartitionProgress extends Omit<PartitionLag, 'lag' | 'timeBehindMs' | 'drainMs'> {
  /** Timestamp of the first record that is not processed; null when there is none, or it could not be read. */
  readonly oldestTimestampMs: number | null
}

/** What is known of a group before any arithmetic. */
export interface GroupProgress extends Pick<GroupLag, 'groupId' | 'state' | 'observedAtMs'> {
  readonly members: readonly Omit<MemberLag, keyof LagTotal>[]
  readonly partitions: readonly PartitionProgress[]
}

type Places = Pick<PartitionLag, 'committedOffset' | 'logStartOffset' | 'logEndOffset'>

/** Where the first record stands that is not processed and still there; null where there is none. */
export function firstUnprocessed({ committedOffset, logStartOffset, logEndOffset }: Places): number | null {
  if (logStartOffset === null || logEndOffset === null) return null
  const offset = Math.max(committedOffset ?? logStartOffset, logStartOffset)
  return offset < logEndOffset ? offset : null
}

/** The lag of a group by two observations of it; without the one before, it is not known how long it will take. */
export function groupLag(progress: GroupProgress, previous: GroupLag | null): GroupLag {
  const { groupId, state, observedAtMs } = progress
  const before = new Map(
    previous?.partitions.map((partition) => [partitionKey(partition.topic, partition.partition), partition]),
  )
  const elapsedMs = previous === null ? 0 : observedAtMs - previous.observedAtMs
  const partitions = progress.partitions.map(({ oldestTimestampMs, ...partition }): PartitionLag => {
    const lag = recordsBehind(partition)
    const earlier = before.get(partitionKey(partition.topic, partition.partition))
    const progressed = (partition.committedOffset ?? NaN) - (earlier?.committedOffset ?? NaN)
    return {
      ...partition,
      lag,
      timeBehindMs: timeBehindMs(lag, oldestTimestampMs, observedAtMs),
      drainMs: drainMs(lag, progressed, elapsedMs),
    }
  })
  return {
    groupId,
    state,
    observedAtMs,
    ...total(partitions),
    members: progress.members.map((member) => ({
      ...member,
      ...total(partitions.filter(({ owner }) => owner === member.memberId)),
    })),
    partitions,
  }
}

function recordsBehind({ committedOffset, logStartOffset, logEndOffset }: Places): number | null {
  if (logStartOffset === null || logEndOffset === null) return null
  return Math.max(0, logEndOffset - (committedOffset ?? logStartOffset)) // a log may end before what was committed
}

function timeBehindMs(lag: number | null, oldestTimestampMs: number | null, nowMs: number): number | null {
  if (lag === 0) return 0
  if (lag === null || oldestTimestampMs === null) return null
  return Math.max(0, nowMs - oldestTimestampMs) // the producer's clock may be ahead of ours
}

/** `progressed` is NaN where it is not known. */
function drainMs(lag: number | null, progressed: number, elapsedMs: number): number | null {
  if (lag === 0) return 0
  if (lag === null || !(progressed > 0) || elapsedMs <= 0) return null
  return Math.ceil((lag * elapsedMs) / progressed)
}

function total(partitions: readonly PartitionLag[]): LagTotal {
  const known = partitions.filter(({ lag }) => lag !== null)
  return {
    lag: known.reduce((sum, { lag }) => sum + (lag ?? 0), 0),
    timeBehindMs: largest(known.map((partition) => partition.timeBehindMs)),
    drainMs: largest(known.map((partition) => partition.drainMs)),
  }
}

/** null as soon as one is not known: the others could only say "at least". */
function largest(values: readonly (number | null)[]): number | null {
  return values.reduce<number | null>((max, value) => (max === null || value === null ? null : Math.max(max, value)), 0)
}
