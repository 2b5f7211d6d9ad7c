// Which rebalances outlive the room they have.
import { describe, expect, it } from 'vitest'
import { KEPT_REBALANCES, keptBelow, type RecordedRebalance } from './kept-rebalances.ts'

const recorded = (groupId: string, count: number, first: Partial<RecordedRebalance> = {}): RecordedRebalance[] =>
  Array.from({ length: count }, (_, index) => ({
    groupId,
    offset: (first.offset ?? 0) + index,
    settledMs: (first.settledMs ?? 0) + index,
    generationId: (first.generationId ?? 1) + index,
  }))
const upTo = (end: number, from = 0) => Array.from({ length: end - from }, (_, index) => from + index)
const kept = (boundary: number, all: RecordedRebalance[], groups = ['g', 'h']) =>
  [...keptBelow(boundary, all, new Set(groups))].sort((a, b) => a - b)

describe('of what goes, is written again', () => {
  it('what is among the newest 100 of its group', () => {
    const all = recorded('g', 150)
    expect(kept(150, all)).toEqual(upTo(150, 50))
    expect(kept(70, all)).toEqual(upTo(70, 50)) // the others stay where they are
    expect(kept(50, all)).toEqual([])
    expect(KEPT_REBALANCES).toBe(100)
  })

  it('each group for itself', () => {
    const all = [...recorded('g', 3), ...recorded('h', 1_000, { offset: 3 })]
    expect(kept(500, all)).toEqual([0, 1, 2])
  })

  it('nothing of a group that is gone', () => {
    expect(kept(10, recorded('g', 10), ['h'])).toEqual([])
  })

  it('by when it happened, not by where it stands: what was written again before is behind what is newer', () => {
    const newer = recorded('g', 60, { offset: 0, settledMs: 500, generationId: 61 })
    const older = recorded('g', 60, { offset: 60, settledMs: 100 })
    expect(kept(120, [...newer, ...older])).toEqual([...upTo(60), ...upTo(120, 80)])
  })

  it('one of two rebalances in one millisecond: the one of the later generation', () => {
    const all = recorded('g', 200).map((one) => ({ ...one, settledMs: 7 }))
    expect(kept(200, all)).toEqual(upTo(200, 100))
  })

  it('once what stands there twice, and it takes one place of the 100', () => {
    const all = recorded('g', 101)
    const again = all.slice(0, 40).map((one) => ({ ...one, offset: one.offset + 101 }))
    expect(kept(141, [...all, ...again])).toEqual([...upTo(101, 40), ...upTo(141, 102)])
    expect(kept(101, [...all, ...again])).toEqual(upTo(101, 40))
  })

  it('both of two rebalances that only share a generation: the group was gone between', () => {
    const all = [...recorded('g', 2), ...recorded('g', 2, { offset: 2, settledMs: 900 })]
    expect(kept(4, all)).toEqual([0, 1, 2, 3])
  })
})
