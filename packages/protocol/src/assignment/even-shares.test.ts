// Even shares against every other way to share out, which small cases allow to try.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { shareEvenly } from './even-shares.ts'
import type { Pool } from './even-shares.ts'

const MEMBERS = 4

const pool: fc.Arbitrary<Pool> = fc
  .subarray([0, 1, 2, 3], { minLength: 1 })
  .chain((members) =>
    fc.record({ members: fc.constant(members), owners: fc.array(fc.constantFrom(-2, -1, ...members)) }),
  )
const pools = fc.array(pool, { maxLength: 4 })
const smallPools = pools.filter((all) => all.reduce((sum, { owners }) => sum + owners.length, 0) <= 6)

function squaredLoads(holders: readonly (readonly number[])[]): number {
  const loads = Array.from({ length: MEMBERS }, () => 0)
  for (const holder of holders.flat()) loads[holder]!++
  return loads.reduce((sum, load) => sum + load ** 2, 0)
}

function moved(all: readonly Pool[], holders: readonly (readonly number[])[]): number {
  return all.flatMap(({ owners }, index) => owners.filter((owner, i) => owner >= 0 && holders[index]![i] !== owner))
    .length
}

/** Every way to give the partitions of the pools to members that may have them. */
function* everyWay([first, ...rest]: readonly Pool[]): Generator<number[][]> {
  if (first === undefined) return yield []
  let ways: number[][] = [[]]
  for (let left = first.owners.length; left > 0; left--) {
    ways = ways.flatMap((way) => first.members.map((member) => [...way, member]))
  }
  for (const others of everyWay(rest)) for (const way of ways) yield [way, ...others]
}

test('no other way to share out is more even, whoever may have what', () => {
  fc.assert(
    fc.property(smallPools, (all) => {
      const best = Math.min(...Array.from(everyWay(all), squaredLoads))
      expect(squaredLoads(shareEvenly(all, MEMBERS))).toBe(best)
    }),
    { numRuns: 300 },
  )
})

test('what is as even as can be stays as it is', () => {
  fc.assert(
    fc.property(pools, (all) => {
      const holders = shareEvenly(all, MEMBERS)
      const settled = all.map(({ members }, index) => ({ members, owners: holders[index]! }))
      expect(shareEvenly(settled, MEMBERS)).toEqual(holders)
    }),
    { numRuns: 300 },
  )
})

test('what was withheld goes where it was planned to go without moving anything else', () => {
  fc.assert(
    fc.property(pools, fc.infiniteStream(fc.boolean()), (all, choice) => {
      const planned = shareEvenly(all, MEMBERS)
      const isWithheld = (): boolean => choice.next().value
      const second = all.map(({ members }, index) => {
        return { members, owners: planned[index]!.map((holder) => (isWithheld() ? -1 : holder)) }
      })
      const holders = shareEvenly(second, MEMBERS)
      expect(moved(second, holders)).toBe(0)
      expect(squaredLoads(holders)).toBe(squaredLoads(planned))
    }),
    { numRuns: 300 },
  )
})

test('a chain of members hands partitions on when nobody can take one directly, and what moved for nothing comes home', () => {
  const chain: Pool[] = [
    { members: [0, 1], owners: [0, 0, 0] },
    { members: [1, 2], owners: [1, 1] },
    { members: [2, 3], owners: [2] },
  ]
  const holders = shareEvenly(chain, MEMBERS)
  expect(squaredLoads(holders)).toBe(10)
  expect(moved(chain, holders)).toBe(3)
})
