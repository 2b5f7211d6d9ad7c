// Dates and durations on the command line.
import { describe, expect, it } from 'vitest'
import { dateTime, duration } from './time.ts'

describe('a date and time', () => {
  it.each([
    ['2026-03-01', Date.UTC(2026, 2, 1)],
    ['2026-03-01T12:30', Date.UTC(2026, 2, 1, 12, 30)],
    ['2026-03-01T12:30:15.250', Date.UTC(2026, 2, 1, 12, 30, 15, 250)],
    ['2026-03-01T12:30:15Z', Date.UTC(2026, 2, 1, 12, 30, 15)],
    ['2026-03-01T12:30:15+02:00', Date.UTC(2026, 2, 1, 10, 30, 15)],
  ])('%s is UTC unless it says otherwise', (text, expected) => {
    expect(dateTime('to-datetime')(text)).toBe(expected)
  })

  it.each(['yesterday', '2026-13-01', '2026-03-01 12:00', '1700000000000', ['2026-03-01', '2026-03-02']])(
    '%s is none',
    (text) => {
      expect(() => dateTime('to-datetime')(text)).toThrow(/^--to-datetime takes a date and time such as/)
    },
  )
})

describe('a duration', () => {
  it.each([
    ['P1D', 86_400_000],
    ['P2W', 1_209_600_000],
    ['PT6H', 21_600_000],
    ['PT30M', 1_800_000],
    ['P1DT1H1M1.5S', 90_061_500],
    ['P0D', 0],
  ])('%s', (text, expected) => {
    expect(duration('by-duration')(text)).toBe(expected)
  })

  it.each(['P', 'PT', 'P1DT', '1D', 'P1M', 'P1Y', '-P1D'])('%s is none', (text) => {
    expect(() => duration('by-duration')(text)).toThrow(/^--by-duration takes a duration such as P1D/)
  })
})
