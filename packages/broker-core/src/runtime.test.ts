// Tests of the real runtime where a mistake would be silent: delays beyond what setTimeout can count.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { nodeRuntime } from './runtime.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const DAY_MS = 24 * 60 * 60 * 1000

test('N18: an alarm 30 days away rings once, on its day and not at once', () => {
  let rings = 0
  nodeRuntime.setAlarm(30 * DAY_MS, () => rings++)
  vi.advanceTimersByTime(29 * DAY_MS)
  expect(rings).toBe(0)
  vi.advanceTimersByTime(DAY_MS)
  expect(rings).toBe(1)
  vi.advanceTimersByTime(90 * DAY_MS)
  expect(rings).toBe(1)
})

test('an alarm that was called off between two pieces of its delay does not ring', () => {
  let rings = 0
  const alarm = nodeRuntime.setAlarm(30 * DAY_MS, () => rings++)
  vi.advanceTimersByTime(27 * DAY_MS)
  alarm.cancel()
  vi.advanceTimersByTime(30 * DAY_MS)
  expect(rings).toBe(0)
})

test('an alarm at Infinity never rings and keeps no timer', () => {
  nodeRuntime.setAlarm(Infinity, () => expect.unreachable())
  expect(vi.getTimerCount()).toBe(0)
})
