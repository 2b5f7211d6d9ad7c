// The arithmetic of lag: records, time, and how long it will take.
import { describe, expect, it } from 'vitest'
import { firstUnprocessed, groupLag, type GroupProgress, type PartitionProgress } from './group-lag.ts'

const NOW_MS = 1_700_000_000_000

function at(partition: number, known: Partial<PartitionProgress> = {}): PartitionProgress {
  return {
    topic: 'orders',
    partition,
    committedOffset: 10,
    logStartOffset: 0,
    logEndOffset: 30,
    owner: null,
    oldestTimestampMs: NOW_MS - 5_000,
    ...known,
  }
}

function observed(partitions: readonly PartitionProgress[], observedAtMs = NOW_MS): GroupProgress {
  const members = ['a', 'b'].map((memberId) => ({ memberId, consumerId: null, clientId: 'c', host: '/::1' }))
  return { groupId: 'g', state: 'Stable', observedAtMs, members, partitions }
}

const only = (known: Partial<PartitionProgress>) => groupLag(observed([at(0, known)]), null).partitions[0]

describe('records behind', () => {
  it('are those from the committed offset to the end of the log', () => {
    expect(only({})).toMatchObject({ lag: 20, committedOffset: 10, logStartOffset: 0, logEndOffset: 30 })
    expect(only({})).not.toHaveProperty('oldestTimestampMs')
  })

  it('are counted from the start of the log where nothing is committed', () => {
    expect(only({ committedOffset: null, logStartOffset: 4 })).toMatchObject({ lag: 26 })
  })

  it('are none where the log ends before what was committed, and not known where the partition is gone', () => {
    expect(only({ committedOffset: 31 })).toMatchObject({ lag: 0, timeBehindMs: 0, drainMs: 0 })
    expect(only({ logStartOffset: null, logEndOffset: null, oldestTimestampMs: null })).toMatchObject({
      lag: null,
      timeBehindMs: null,
      drainMs: null,
    })
  })

  it('begin at the first that is still there', () => {
    expect(firstUnprocessed(at(0))).toBe(10)
    expect(firstUnprocessed(at(0, { logStartOffset: 12 }))).toBe(12)
    expect(firstUnprocessed(at(0, { committedOffset: null, logStartOffset: 4 }))).toBe(4)
    expect(firstUnprocessed(at(0, { committedOffset: 30 }))).toBeNull()
    expect(firstUnprocessed(at(0, { logStartOffset: 30 }))).toBeNull()
    expect(firstUnprocessed(at(0, { logEndOffset: null }))).toBeNull()
  })
})

describe('time behind', () => {
  it('is the age of the oldest record that is not processed', () => {
    expect(only({})).toMatchObject({ timeBehindMs: 5_000 })
  })

  it('is zero when nothing is left, not known without a timestamp, and never negative', () => {
    expect(only({ committedOffset: 30, oldestTimestampMs: null })).toMatchObject({ timeBehindMs: 0 })
    expect(only({ oldestTimestampMs: null })).toMatchObject({ timeBehindMs: null })
    expect(only({ oldestTimestampMs: NOW_MS + 1 })).toMatchObject({ timeBehindMs: 0 })
  })
})

describe('time to drain', () => {
  /** Of a partition that is 20 records behind, seen before at another committed offset, so long ago. */
  function drainMs(committedBefore: number | null, elapsedMs: number, now: Partial<PartitionProgress> = {}) {
    const before = groupLag(observed([at(0, { committedOffset: committedBefore })], NOW_MS - elapsedMs), null)
    return groupLag(observed([at(0, now)]), before).partitions[0]?.drainMs
  }

  it('is what the records that are there take at the pace of commits since the observation before', () => {
    expect(drainMs(5, 1_000)).toBe(4_000) // 5 in a second, 20 to go
    expect(drainMs(7, 1_000)).toBe(6_667)
  })

  it('is zero when nothing is left, whatever the pace', () => {
    expect(drainMs(30, 1_000, { committedOffset: 30 })).toBe(0)
    expect(only({ committedOffset: 30 })?.drainMs).toBe(0)
  })

  it('is not known without an observation before, without progress, or when no time has passed', () => {
    expect(only({})?.drainMs).toBeNull()
    expect(drainMs(10, 1_000)).toBeNull()
    expect(drainMs(15, 1_000)).toBeNull() // an offset was reset
    expect(drainMs(5, 0)).toBeNull()
    expect(drainMs(5, -1_000)).toBeNull() // a clock was set back
  })

  it('is not known where nothing was committed at one of the two', () => {
    expect(drainMs(null, 1_000)).toBeNull()
    expect(drainMs(5, 1_000, { committedOffset: null })).toBeNull()
  })
})

describe('of a member and of the group', () => {
  const before = groupLag(observed([at(0, { committedOffset: 5 }), at(1), at(2)], NOW_MS - 1_000), null)

  it('records add up; the oldest record and the slowest partition count', () => {
    const lag = groupLag(
      observed([
        at(0, { owner: 'a' }),
        at(1, { owner: 'a', committedOffset: 20, oldestTimestampMs: NOW_MS - 9_000 }),
        at(2, { owner: 'b', committedOffset: 30, oldestTimestampMs: null }),
      ]),
      before,
    )
    expect(lag).toMatchObject({ groupId: 'g', state: 'Stable', lag: 30, timeBehindMs: 9_000, drainMs: 4_000 })
    expect(lag.members).toEqual([
      { memberId: 'a', consumerId: null, clientId: 'c', host: '/::1', lag: 30, timeBehindMs: 9_000, drainMs: 4_000 },
      { memberId: 'b', consumerId: null, clientId: 'c', host: '/::1', lag: 0, timeBehindMs: 0, drainMs: 0 },
    ])
  })

  it('what is not known of one partition is not known of all', () => {
    const lag = groupLag(observed([at(0, { owner: 'a' }), at(1, { owner: 'b', oldestTimestampMs: null })]), before)
    expect(lag).toMatchObject({ lag: 40, timeBehindMs: null, drainMs: null })
    expect(lag.members).toMatchObject([
      { timeBehindMs: 5_000, drainMs: 4_000 },
      { timeBehindMs: null, drainMs: null },
    ])
  })

  it('a partition that is gone does not count', () => {
    const gone = { logStartOffset: null, logEndOffset: null, oldestTimestampMs: null }
    expect(groupLag(observed([at(0), at(1, gone)]), before)).toMatchObject({
      lag: 20,
      timeBehindMs: 5_000,
      drainMs: 4_000,
    })
  })

  it('an observation outlives being written as JSON', () => {
    const stored = JSON.parse(JSON.stringify(before)) as typeof before
    expect(groupLag(observed([at(0)]), stored)).toEqual(groupLag(observed([at(0)]), before))
  })
})
