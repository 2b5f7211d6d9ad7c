// How far groups are behind, in records and in time, and how long it will take: per partition, member and group.
import type { GroupMetrics, MemberAssignment, TimeBehind } from '@goqueue/broker-core'
import { placeKey, type DrainMsOf } from './commit-pace.ts'

/** The lag of a group or a member over its partitions; those whose topic is gone do not count. */
export interface LagTotal {
  /** Records behind. */
  readonly lag: number
  /** The greatest of those that are known; null when none is. */
  readonly timeBehindMs: number | null
  /** Of the slowest partition; null when it is not known of all: the others could only say "at least". */
  readonly drainMs: number | null
}

export interface PartitionLag {
  readonly topic: string
  readonly partition: number
  readonly lag: number
  readonly timeBehindMs: number | null
  readonly drainMs: number | null
}

export interface MemberLag extends LagTotal, Pick<MemberAssignment, 'memberId' | 'consumerId' | 'clientId'> {}

/** The lag of a group that has committed something. */
export interface GroupLag extends LagTotal {
  readonly groupId: string
  /** Those that the group has committed for. */
  readonly partitions: readonly PartitionLag[]
  /** Members with at least one of these. */
  readonly members: readonly MemberLag[]
}

/** The lag of every group that has committed something. */
export function groupLags(
  groups: readonly GroupMetrics[],
  timeBehind: readonly TimeBehind[],
  drainMsOf: DrainMsOf,
): GroupLag[] {
  const ages = new Map(
    timeBehind.map(({ groupId, topic, partition, ageMs }) => [placeKey(groupId, topic, partition), ageMs]),
  )
  return groups
    .filter(({ offsets }) => offsets.length > 0)
    .map(({ groupId, offsets, assignments }) => {
      const partitions = new Map<string, PartitionLag>()
      for (const { topic, partition, lag } of offsets) {
        const key = placeKey(groupId, topic, partition)
        const [timeBehindMs, drainMs] = [ages.get(key) ?? null, drainMsOf(groupId, topic, partition)]
        if (lag !== null) partitions.set(key, { topic, partition, lag, timeBehindMs, drainMs })
      }
      const members = assignments.flatMap((member): MemberLag[] => {
        const { memberId, consumerId, clientId } = member
        const keys = new Set(partitionsOf(member).map(([topic, partition]) => placeKey(groupId, topic, partition)))
        const own = [...keys].flatMap((key) => partitions.get(key) ?? [])
        return own.length === 0 ? [] : [{ memberId, consumerId, clientId, ...total(own) }]
      })
      const all = [...partitions.values()]
      return { groupId, ...total(all), partitions: all, members }
    })
}

function partitionsOf({ partitions }: MemberAssignment): (readonly [topic: string, partition: number])[] {
  return [...partitions].flatMap(([topic, numbers]) => numbers.map((partition) => [topic, partition] as const))
}

function total(partitions: readonly PartitionLag[]): LagTotal {
  const ages = partitions.flatMap(({ timeBehindMs }) => timeBehindMs ?? [])
  return {
    lag: partitions.reduce((sum, { lag }) => sum + lag, 0),
    timeBehindMs: ages.length === 0 ? null : largest(ages),
    drainMs: partitions.every(({ drainMs }) => drainMs !== null)
      ? largest(partitions.map(({ drainMs }) => drainMs ?? 0))
      : null,
  }
}

/** No spread: a group may have more partitions than a call takes arguments. */
function largest(values: readonly number[]): number {
  return values.reduce((max, value) => Math.max(max, value), 0)
}
