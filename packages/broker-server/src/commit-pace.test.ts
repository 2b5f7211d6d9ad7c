// How long it takes to drain, by what scrapes saw: the clock is an argument.
import type { GroupMetrics } from '@goqueue/broker-core'
import { beforeEach, describe, expect, it } from 'vitest'
import { CommitPaces } from './commit-pace.ts'

let paces: CommitPaces
beforeEach(() => {
  paces = new CommitPaces()
})

type Offsets = GroupMetrics['offsets']

const group = (groupId: string, offsets: Offsets): GroupMetrics => {
  return { groupId, state: 'Stable', timeInStateMs: 0, members: 0, rebalancesTotal: 0, offsets, assignments: [] }
}

/** Milliseconds to drain `orders-0`, seen at `atMs`: committed up to here, so many records left. */
function seen(atMs: number, committedOffset: number, lag: number | null, groupId = 'billing'): number | null {
  const offsets = [{ topic: 'orders', partition: 0, committedOffset, lag }]
  return paces.observe([group(groupId, offsets)], atMs)(groupId, 'orders', 0)
}

describe('the time to drain', () => {
  it('is what is left, at the pace of the commits between two scrapes', () => {
    expect(seen(1_000, 100, 500)).toBeNull()
    expect(seen(11_000, 200, 400)).toBe(40_000)
  })

  it('is not known without progress, and is none when nothing is left', () => {
    expect(seen(0, 100, 5)).toBeNull()
    expect(seen(10_000, 100, 5)).toBeNull()
    expect(seen(20_000, 105, 0)).toBe(0)
    expect(new CommitPaces().observe([group('billing', [])], 0)('billing', 'orders', 0)).toBeNull()
  })

  it('is not known while no time has passed', () => {
    seen(5_000, 100, 10)
    expect(seen(5_000, 105, 5)).toBeNull()
  })

  it('evens out the pace of five minutes, however often somebody asks', () => {
    for (let second = 0; second < 300; second++) seen(second * 1_000, Math.floor(second / 60) * 60, 600) // once a minute
    expect(seen(300_000, 300, 600)).toBe(600_000)
    expect(seen(301_000, 300, 600)).toBe(602_000)
  })

  it('forgets the pace of before: what goes slower now takes longer', () => {
    for (let minute = 0; minute <= 5; minute++) seen(minute * 60_000, minute * 600, 1_000)
    for (let minute = 6; minute <= 9; minute++) seen(minute * 60_000, 3_000 + (minute - 5) * 60, 1_000)
    expect(seen(600_000, 3_300, 1_000)).toBe(1_000_000)
  })

  it('has a pace between scrapes that are further apart than the window', () => {
    seen(0, 0, 100)
    expect(seen(1_000_000, 50, 50)).toBe(1_000_000)
    expect(seen(2_000_000, 60, 50)).toBe(5_000_000)
  })

  it('stops at the window when nothing moves any more', () => {
    seen(0, 0, 100)
    seen(30_000, 50, 50)
    expect(seen(290_000, 50, 50)).toBe(290_000)
    expect(seen(330_000, 50, 50)).toBeNull()
  })

  it('does not count the time when there was nothing to do', () => {
    for (let minute = 0; minute < 5; minute++) seen(minute * 60_000, 1_000, 0)
    expect(seen(250_000, 1_100, 900)).toBe(90_000)
  })

  it('begins anew when the offset was reset to an earlier one', () => {
    seen(0, 0, 100)
    seen(60_000, 100, 10)
    expect(seen(120_000, 50, 60)).toBeNull()
    expect(seen(130_000, 60, 50)).toBe(50_000)
  })

  it('begins anew for what was gone in between', () => {
    seen(0, 0, 100)
    seen(10_000, 10, null)
    expect(seen(20_000, 20, 80)).toBeNull()
    paces.observe([], 30_000)
    expect(seen(40_000, 40, 60)).toBeNull()
  })

  it('is that of this group, whatever the groups are called', () => {
    const offsets = (committedOffset: number) => [{ topic: 'orders', partition: 0, committedOffset, lag: 10 }]
    const groups = ['a', '0/orders/a', '__proto__', '']
    const seenAt = (atMs: number, committedOf: (index: number) => number) =>
      paces.observe(
        groups.map((name, index) => group(name, offsets(committedOf(index)))),
        atMs,
      )
    seenAt(0, (index) => index)
    const drainMs = seenAt(10_000, () => 10)
    expect(groups.map((name) => drainMs(name, 'orders', 0))).toEqual([10_000, 11_112, 12_500, 14_286])
  })
})
