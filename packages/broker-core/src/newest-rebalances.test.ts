// Which rebalances of a group are kept.
import { describe, expect, it } from 'vitest'
import { KEPT_REBALANCES, NewestRebalances } from './newest-rebalances.ts'

const upTo = (end: number, from = 0) => Array.from({ length: end - from }, (_, index) => from + index)

/** Each group's records as pairs of the offset that a rebalance had first, and the one that it has. */
function keptBelow(offset: number, groups: Readonly<Record<string, readonly (readonly [number, number])[]>>): number[] {
  const newest = new NewestRebalances()
  for (const [groupId, records] of Object.entries(groups)) {
    for (const [firstOffset, at] of records) newest.add(groupId, { firstOffset, offset: at, bytes: 1 })
  }
  return Array.from(newest.below(offset), (one) => one.offset).sort((a, b) => a - b)
}
const inPlace = (end: number, from = 0) => upTo(end, from).map((offset) => [offset, offset] as const)

describe('of what stands below an offset, is kept', () => {
  it('what is among the newest 100 of its group', () => {
    expect(keptBelow(1_000, { g: inPlace(1_000) })).toEqual(upTo(1_000, 900))
    expect(keptBelow(920, { g: inPlace(1_000) })).toEqual(upTo(920, 900)) // the others stay where they are
    expect(keptBelow(900, { g: inPlace(1_000) })).toEqual([])
    expect(KEPT_REBALANCES).toBe(100)
  })

  it('each group for itself', () => {
    expect(keptBelow(500, { calm: inPlace(3), busy: inPlace(1_000, 3) })).toEqual([0, 1, 2])
  })

  it('by when it was first written, not by where it stands: what was written again stands behind what is newer', () => {
    const newer = inPlace(660, 600)
    const older = upTo(60).map((first) => [first, 1_000 + first] as const)
    expect(keptBelow(2_000, { g: [...newer, ...older] })).toEqual([...upTo(660, 600), ...upTo(1_060, 1_020)])
  })

  it('once what stands there twice: the later record, which takes one place of the 100', () => {
    const all = inPlace(101)
    const again = upTo(40).map((first) => [first, 101 + first] as const)
    expect(keptBelow(141, { g: [...all, ...again] })).toEqual([...upTo(101, 40), ...upTo(141, 102)])
    expect(keptBelow(101, { g: [...all, ...again] })).toEqual(upTo(101, 40))
  })

  it('the same whether a group has rebalanced a little or very often in between', () => {
    const copies = upTo(100).map((first) => [first * 50, 5_000 + first] as const)
    const newest = upTo(5_000, 4_900).filter((offset) => offset % 50 !== 0)
    expect(keptBelow(9_000, { g: [...inPlace(5_000), ...copies] })).toEqual([...newest, 5_098, 5_099])
  })
})
