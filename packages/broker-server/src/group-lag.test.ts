// What is said of groups and members by what is known of their partitions.
import type { GroupMetrics } from '@goqueue/broker-core'
import { describe, expect, it } from 'vitest'
import { groupLags } from './group-lag.ts'

type Offset = GroupMetrics['offsets'][number]

const orders = (partition: number, lag: number | null): Offset => {
  return { topic: 'orders', partition, committedOffset: 1, lag }
}

const member = (memberId: string, partitions: readonly number[], topic = 'orders') => {
  return { memberId, consumerId: null, clientId: 'billing', partitions: new Map([[topic, partitions]]) }
}

function group(offsets: readonly Offset[], assignments: GroupMetrics['assignments'] = []): GroupMetrics {
  return {
    groupId: 'billing',
    state: 'Stable',
    timeInStateMs: 0,
    members: assignments.length,
    rebalancesTotal: 1,
    offsets,
    assignments,
  }
}

/** What is known of the partitions of `orders`, by number. */
function lagOf(
  one: GroupMetrics,
  ages: Readonly<Record<number, number>> = {},
  drains: Readonly<Record<number, number>> = {},
) {
  const behind = Object.entries(ages).map(([partition, ageMs]) => {
    return { groupId: 'billing', topic: 'orders', partition: Number(partition), ageMs }
  })
  return groupLags([one], behind, (_group, _topic, partition) => drains[partition] ?? null)[0]
}

describe('the lag of a group', () => {
  it('is the sum of its records, the greatest age, and the time of the slowest partition', () => {
    const found = lagOf(group([orders(0, 5), orders(1, 7)]), { 0: 100, 1: 300 }, { 0: 90, 1: 40 })
    expect(found).toMatchObject({ groupId: 'billing', lag: 12, timeBehindMs: 300, drainMs: 90 })
  })

  it('has no time to drain as soon as one partition has none, but the greatest age that is known', () => {
    const found = lagOf(group([orders(0, 5), orders(1, 7)]), { 0: 100 }, { 0: 90 })
    expect(found).toMatchObject({ lag: 12, timeBehindMs: 100, drainMs: null })
  })

  it('leaves out partitions that are gone, and groups that have committed nothing', () => {
    const found = lagOf(group([orders(0, 5), orders(1, null)]), { 0: 100 }, { 0: 90 })
    expect(found).toMatchObject({ lag: 5, timeBehindMs: 100, drainMs: 90 })
    expect(found?.partitions).toHaveLength(1)
    expect(lagOf(group([]))).toBeUndefined()
  })
})

describe('the lag of a member', () => {
  it('is that of its own partitions', () => {
    const offsets = [orders(0, 5), orders(1, 7), orders(2, 0)]
    const found = lagOf(group(offsets, [member('a', [0, 2]), member('b', [1])]), { 0: 9, 1: 8, 2: 0 }, { 0: 3, 2: 0 })
    expect(found?.members).toEqual([
      { memberId: 'a', consumerId: null, clientId: 'billing', lag: 5, timeBehindMs: 9, drainMs: 3 },
      { memberId: 'b', consumerId: null, clientId: 'billing', lag: 7, timeBehindMs: 8, drainMs: null },
    ])
  })

  it('counts a partition once, however often it is in the assignment', () => {
    const found = lagOf(group([orders(0, 5)], [member('a', [0, 0, 0, -1, 7])]))
    expect(found?.members).toMatchObject([{ memberId: 'a', lag: 5 }])
  })

  it('is not there where the group has committed for none of its partitions', () => {
    const found = lagOf(group([orders(0, 5)], [member('a', [1]), member('b', []), member('c', [0], 'returns')]))
    expect(found?.members).toEqual([])
  })
})
