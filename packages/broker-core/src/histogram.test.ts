import { expect, it } from 'vitest'
import { Histogram } from './histogram.ts'

it('counts a value in the first bucket whose bound it does not exceed, and the rest in one more', () => {
  const histogram = new Histogram([1, 10])
  for (const value of [0, 1, 1.5, 10, 11]) histogram.observe(value)
  expect(histogram.snapshot()).toEqual({ bounds: [1, 10], counts: [2, 2, 1], count: 5, sum: 23.5, max: 11 })
})

it('a snapshot does not change with what is counted later', () => {
  const histogram = new Histogram([1])
  const before = histogram.snapshot()
  histogram.observe(1)
  expect(before).toEqual({ bounds: [1], counts: [0, 0], count: 0, sum: 0, max: 0 })
})
