import { expect, it } from 'vitest'
import { backoffMs } from './backoff.ts'

it('pauses double from the first to the longest, spread by a fifth either way', () => {
  expect([1, 2, 3, 4, 5, 6, 100].map((failures) => backoffMs(failures, 0.5))).toEqual([
    50, 100, 200, 400, 800, 1000, 1000,
  ])
  expect(backoffMs(1, 0)).toBeCloseTo(40)
  expect(backoffMs(1, 1)).toBeCloseTo(60)
})
