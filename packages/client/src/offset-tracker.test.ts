// Gap-safe commits: the offset to commit never passes over a record that is in hand.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { OffsetTracker } from './offset-tracker.ts'

function taken(...offsets: number[]): OffsetTracker {
  const tracker = new OffsetTracker()
  for (const offset of offsets) tracker.take(offset)
  return tracker
}

it('moves record by record when they are finished in order', () => {
  const tracker = taken(4, 5, 9)
  expect([4, 5, 9].map((offset) => tracker.finish(offset))).toEqual([5, 6, 10])
  expect(tracker.firstOpen).toBeNull()
})

it('stays before a record in hand, and then passes over all that were finished meanwhile at once', () => {
  const tracker = taken(0, 1, 2, 3)
  expect([3, 1].map((offset) => tracker.finish(offset))).toEqual([null, null])
  expect(tracker.firstOpen).toBe(0)
  expect(tracker.finish(0)).toBe(2)
  expect(tracker.firstOpen).toBe(2)
  expect(tracker.finish(2)).toBe(4)
})

it('knows nothing of a record that was not taken, or is finished already', () => {
  const tracker = taken(0)
  expect(tracker.finish(7)).toBeNull()
  expect(tracker.finish(0)).toBe(1)
  expect(tracker.finish(0)).toBeNull()
})

it('is never ahead of the first unfinished record, and in the end behind the last, in whatever order', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.nat({ max: 50 }), { minLength: 1, maxLength: 20 }).chain((offsets) => {
        const sorted = [...offsets].sort((left, right) => left - right)
        return fc.tuple(fc.constant(sorted), fc.shuffledSubarray(sorted, { minLength: sorted.length }))
      }),
      ([offsets, order]) => {
        const tracker = taken(...offsets)
        const open = new Set(offsets)
        let committable = -1
        for (const offset of order) {
          open.delete(offset)
          const next = tracker.finish(offset)
          if (next !== null) {
            expect(next).toBeGreaterThan(committable)
            committable = next
          }
          expect(committable).toBeLessThanOrEqual(Math.min(Infinity, ...open))
          expect(tracker.firstOpen).toBe(open.size === 0 ? null : Math.min(...open))
        }
        expect(committable).toBe(offsets.at(-1)! + 1)
      },
    ),
  )
})

it('a record that was let go is waited for no more, and does not move what may be committed by itself', () => {
  const tracker = new OffsetTracker()
  for (const offset of [5, 6, 7]) tracker.take(offset)
  expect(tracker.finish(6)).toBeNull()
  tracker.drop(5)
  expect(tracker.firstOpen).toBe(7)
  expect(tracker.finish(5)).toBeNull()
  expect(tracker.finish(7)).toBe(8)
})
