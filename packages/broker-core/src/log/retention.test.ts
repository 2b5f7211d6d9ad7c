// The decision which segments go.
import { describe, expect, it } from 'vitest'
import { countDeletable, isActiveExpired } from './retention.ts'

const HOUR_MS = 3_600_000
/** Four segments of 100 bytes and ten offsets each, one appended to per hour, the last one just now. */
const segments = [0, 1, 2, 3].map((index) => ({
  baseOffset: index * 10,
  nextOffset: index * 10 + 10,
  sizeBytes: 100,
  lastAppendMs: index * HOUR_MS,
}))
const nowMs = 3 * HOUR_MS
const count = (limits: { retentionMs?: number; retentionBytes?: number }, highWatermark = 40) =>
  countDeletable(segments, { retentionMs: -1, retentionBytes: -1, ...limits }, highWatermark, nowMs)

describe('retention', () => {
  it('keeps everything when there is no limit', () => {
    expect(count({})).toBe(0)
  })

  it('takes segments whose last append is longer ago than retentionMs', () => {
    expect(count({ retentionMs: 3 * HOUR_MS })).toBe(0)
    expect(count({ retentionMs: 3 * HOUR_MS - 1 })).toBe(1)
    expect(count({ retentionMs: HOUR_MS - 1 })).toBe(3)
  })

  it('takes segments while the rest still holds retentionBytes', () => {
    expect(count({ retentionBytes: 400 })).toBe(0)
    expect(count({ retentionBytes: 301 })).toBe(0)
    expect(count({ retentionBytes: 300 })).toBe(1)
    expect(count({ retentionBytes: 150 })).toBe(2)
  })

  it('never takes the active segment, whatever the limits', () => {
    expect(count({ retentionMs: 0, retentionBytes: 0 })).toBe(3)
  })

  it('never takes what is not durable', () => {
    expect(count({ retentionBytes: 0 }, 15)).toBe(1)
  })

  it('stops at the first segment that must stay', () => {
    const young = [{ ...segments[0]!, lastAppendMs: nowMs }, ...segments.slice(1)]
    expect(countDeletable(young, { retentionMs: HOUR_MS - 1, retentionBytes: -1 }, 40, nowMs)).toBe(0)
  })

  it('wants the active segment rolled when all its records have expired, unless it is empty', () => {
    const limits = { retentionMs: HOUR_MS, retentionBytes: -1 }
    expect(isActiveExpired(segments, limits, nowMs)).toBe(false)
    expect(isActiveExpired(segments, limits, nowMs + HOUR_MS + 1)).toBe(true)
    const empty = [...segments.slice(0, 3), { ...segments[3]!, sizeBytes: 0 }]
    expect(isActiveExpired(empty, limits, nowMs + 2 * HOUR_MS)).toBe(false)
    expect(isActiveExpired([], limits, nowMs)).toBe(false)
  })
})
