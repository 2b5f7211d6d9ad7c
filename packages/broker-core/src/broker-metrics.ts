// What a broker can say about itself in plain numbers, counted in place by its rooms and gathered here when asked.
import type { ConnectionEnd } from './connection-counts.ts'
import type { GroupState } from './classic-group/group.ts'
import { stateOf, type HostedGroup } from './coordinator/hosted-group.ts'
import { memberAssignments, type MemberAssignment } from './coordinator/member-assignments.ts'
import type { HistogramSnapshot } from './histogram.ts'
import type { DiskReserve } from './log/disk-reserve.ts'
import type { LogCondition } from './log/partition-log.ts'
import type { ApiCounts, CountedApi, CountedError } from './request-counts.ts'
import type { Topic, TopicCatalog } from './topics/topic-catalog.ts'

/** A broker at one moment. What is called a total, and every histogram, counts from its opening. */
export interface BrokerMetrics {
  readonly connections: ConnectionMetrics
  /** Each API that was asked for; 'wire-v1' is the original dialect as a whole. */
  readonly requests: readonly RequestMetrics[]
  /** Bytes of the requests that have arrived, whole or in part, and are not answered; and how many may. */
  readonly requestMemory: { readonly usedBytes: number; readonly limitBytes: number }
  /** Fetch requests that wait for records, and how many may. */
  readonly waitingFetches: { readonly count: number; readonly limit: number }
  readonly partitions: readonly PartitionMetrics[]
  readonly log: LogMetrics
  /** Null where nothing is kept free: in memory, with `logMinFreeBytes` 0, and where the disk cannot say how full it is. */
  readonly disk: DiskMetrics | null
  readonly store: StoreMetrics
  readonly groups: readonly GroupMetrics[]
  /** Generations that began in all groups, those that are gone included. */
  readonly rebalancesTotal: number
  /** What was reported, by the kind of event. */
  readonly eventsTotal: ReadonlyMap<string, number>
  /** Of the whole process; anything but 0 is a fault of the broker. */
  readonly assertionFailuresTotal: number
}

export interface ConnectionMetrics {
  readonly open: number
  /** Open ones that are not read from until answers have gone out. */
  readonly heldBack: number
  readonly openedTotal: number
  readonly endedTotal: Readonly<Record<ConnectionEnd, number>>
}

export interface RequestMetrics {
  readonly api: CountedApi
  readonly requestsTotal: number
  readonly requestBytesTotal: number
  readonly responseBytesTotal: number
  /** By error code: one for each topic, partition, group or member that an answer refused. */
  readonly errorsTotal: ReadonlyMap<CountedError, number>
}

export interface PartitionMetrics {
  readonly topic: string
  readonly partition: number
  readonly logStartOffset: number
  readonly highWatermark: number
  readonly logEndOffset: number
  readonly sizeBytes: number
  /** Records behind the durable offset: a power cut would take them. */
  readonly recordsNotDurable: number
  readonly bytesNotDurable: number
  /** Since the oldest of them was appended; 0 where there is none. */
  readonly ageOfNotDurableMs: number
  readonly condition: LogCondition
}

export interface LogMetrics {
  /** Milliseconds of each fdatasync that succeeded. */
  readonly flushMs: HistogramSnapshot
  /** Record batches that each of them made durable. */
  readonly flushedBatches: HistogramSnapshot
  readonly flushFailuresTotal: number
  /** How long it took at start to open and recover all logs. */
  readonly recoveryMs: number
  /** Bytes of writes that a crash had cut short, cut off by recovery; none of them was acknowledged. */
  readonly truncatedBytesTotal: number
  /** Ranges of records found damaged. */
  readonly damagedRangesTotal: number
  readonly tailCache: { readonly usedBytes: number; readonly budgetBytes: number }
}

export interface DiskMetrics {
  /** Bytes that are kept free of records: `logMinFreeBytes`. */
  readonly reserveBytes: number
  /** No records are taken, for want of room. */
  readonly isReserveReached: boolean
  /** Batches that were refused for it. */
  readonly refusedAppendsTotal: number
}

export interface StoreMetrics {
  /** Milliseconds of each transaction of the metadata store. Nothing is counted in memory mode. */
  readonly commitMs: HistogramSnapshot
  /** Writes that shared each of them. */
  readonly committedWrites: HistogramSnapshot
  readonly refusedWritesTotal: number
}

export interface GroupMetrics {
  readonly groupId: string
  readonly state: GroupState
  readonly timeInStateMs: number
  readonly members: number
  /** Generations that began since the broker was opened. */
  readonly rebalancesTotal: number
  readonly offsets: readonly CommittedOffsetMetrics[]
  /** Of each member; empty while the group is not Stable, and where the assignments are not those of consumers. */
  readonly assignments: readonly MemberAssignment[]
}

export interface CommittedOffsetMetrics {
  readonly topic: string
  readonly partition: number
  readonly committedOffset: number
  /** Records from the committed offset to the high watermark; null where that offset is negative, or the partition gone. */
  readonly lag: number | null
}

/** The log of a partition by its topic's name; undefined where there is none. */
export function logOf(topics: TopicCatalog, topic: string, partition: number): Topic['logs'][number] | undefined {
  return topics.byName(topic)?.logs[partition]
}

export function partitionMetrics(topics: TopicCatalog): PartitionMetrics[] {
  return Array.from(topics.all()).flatMap(({ name, logs }) =>
    logs.map((log, partition) => {
      const { records, bytes, ageMs } = log.notDurable
      return {
        topic: name,
        partition,
        logStartOffset: log.logStartOffset,
        highWatermark: log.highWatermark,
        logEndOffset: log.logEndOffset,
        sizeBytes: log.sizeBytes,
        recordsNotDurable: records,
        bytesNotDurable: bytes,
        ageOfNotDurableMs: ageMs,
        condition: log.condition,
      }
    }),
  )
}

export function diskMetrics(reserve: DiskReserve | null): DiskMetrics | null {
  if (reserve === null) return null
  const { reserveBytes, isReached, refusedAppends } = reserve
  return { reserveBytes, isReserveReached: isReached, refusedAppendsTotal: refusedAppends }
}

export function groupMetrics(hosted: HostedGroup, topics: TopicCatalog, nowMs: number): GroupMetrics {
  const { group, wireV1, activity, offsets } = hosted
  return {
    groupId: group.groupId,
    state: stateOf(hosted),
    timeInStateMs: nowMs - activity.stateSinceMs,
    members: group.members.size + (wireV1?.members.size ?? 0),
    rebalancesTotal: activity.rebalances,
    offsets: Array.from(offsets.all(), ({ topic, partition, offset }) => {
      const log = logOf(topics, topic, partition)
      const lag = log === undefined || offset < 0 ? null : Math.max(0, log.highWatermark - offset)
      return { topic, partition, committedOffset: offset, lag }
    }),
    assignments: memberAssignments(hosted),
  }
}

export function requestMetrics(counted: Iterable<readonly [CountedApi, ApiCounts]>): RequestMetrics[] {
  return Array.from(counted, ([api, { requests, requestBytes, responseBytes, errors }]) => ({
    api,
    requestsTotal: requests,
    requestBytesTotal: requestBytes,
    responseBytesTotal: responseBytes,
    errorsTotal: new Map(errors),
  }))
}
