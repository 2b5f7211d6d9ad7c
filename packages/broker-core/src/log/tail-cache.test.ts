// The memory of recent batches: what it gives, and what it gives up.
import { describe, expect, it } from 'vitest'
import { LogTail, TailCache } from './tail-cache.ts'

/** Appends batches of two offsets, each filled with its number. */
function fill(tail: LogTail, from: number, count: number, bytes: number): void {
  for (let index = from; index < from + count; index++) {
    tail.append(Buffer.alloc(bytes, index), index * 2, index * 2 + 2)
  }
}

describe('the tail cache', () => {
  it('gives whole batches from the one that holds the offset, at most maxBytes but at least one', () => {
    const tail = new LogTail(new TailCache(1_000_000), 0)
    fill(tail, 0, 10, 100)
    expect(tail.read(5, 1, 20)).toEqual(Buffer.alloc(100, 2))
    expect(tail.read(4, 250, 20)).toEqual(Buffer.concat([Buffer.alloc(100, 2), Buffer.alloc(100, 3)]))
    expect(tail.read(0, 10_000, 20)!.length).toBe(1000)
  })

  it('gives nothing at or above the end that it is told', () => {
    const tail = new LogTail(new TailCache(1_000_000), 0)
    fill(tail, 0, 10, 100)
    expect(tail.read(4, 10_000, 8)!.length).toBe(200)
    expect(tail.read(4, 1, 6)!.length).toBe(100)
    expect(tail.bytesBetween(4, 8)).toBe(200)
    expect(tail.read(20, 1, 20)).toBeNull()
  })

  it('counts across its blocks', () => {
    const tail = new LogTail(new TailCache(10_000_000), 0)
    fill(tail, 0, 100, 1000)
    expect(tail.bytesBetween(0, 200)).toBe(100_000)
    expect(tail.bytesBetween(3, 102)).toBe(50_000)
    let offset = 0
    while (offset < 200) {
      const bytes = tail.read(offset, 7000, 200)!
      expect(bytes[0]).toBe(offset / 2)
      offset += (bytes.length / 1000) * 2
    }
  })

  it('keeps within its budget by giving up the oldest blocks of all logs, but none that is not yet written', () => {
    const cache = new TailCache(100_000)
    const idle = new LogTail(cache, 0)
    const busy = new LogTail(cache, 0)
    fill(idle, 0, 3, 1000)
    for (let index = 0; index < 500; index++) {
      fill(busy, index, 1, 1000)
      busy.writtenOffset = index * 2 + 2
    }
    // What the idle log holds is not written: it stays, whoever needs the place.
    expect(idle.read(0, 1, 6)!.length).toBe(1000)
    expect(busy.read(0, 1, 1000)).toBeNull()
    expect(busy.read(998, 1, 1000)!.length).toBe(1000)
    idle.writtenOffset = 6
    fill(busy, 500, 300, 1000)
    expect(idle.read(0, 1, 6)).toBeNull()
    busy.writtenOffset = 1600
    fill(busy, 800, 1, 200_000)
    expect(busy.read(1598, 1, 1602)).toBeNull()
    expect(cache.usedBytes).toBeLessThan(500_000)
    busy.clear()
    idle.clear()
    expect(cache.usedBytes).toBe(0)
  })
})
