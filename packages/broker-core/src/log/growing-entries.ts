// Fixed-size entries in a buffer that doubles: what an index keeps in memory and appends to its file.

/** Entries [0, count) of `entryBytes` each; the first `savedCount` stand in the file too. */
export class GrowingEntries {
  readonly entryBytes: number
  count = 0
  savedCount = 0
  private buffer: Buffer

  constructor(entryBytes: number, saved: Buffer = Buffer.alloc(0)) {
    this.entryBytes = entryBytes
    this.count = this.savedCount = Math.floor(saved.length / entryBytes)
    this.buffer = saved
  }

  /** The buffer and the position of a new entry, to be filled by the caller at once. */
  add(): { buffer: Buffer; position: number } {
    const position = this.count * this.entryBytes
    if (position + this.entryBytes > this.buffer.length) {
      const larger = Buffer.alloc(Math.max(16 * this.entryBytes, this.buffer.length * 2))
      larger.set(this.buffer)
      this.buffer = larger
    }
    this.count++
    return { buffer: this.buffer, position }
  }

  /** Drops all entries from this one on. */
  cutTo(count: number): void {
    this.count = Math.min(this.count, count)
    this.savedCount = Math.min(this.savedCount, count)
  }

  readInt32(index: number, at: number): number {
    return this.buffer.readInt32BE(index * this.entryBytes + at)
  }

  readInt64(index: number, at: number): number {
    return Number(this.buffer.readBigInt64BE(index * this.entryBytes + at))
  }

  /** The bytes of the entries that the file lacks. */
  unsaved(): Buffer {
    return this.buffer.subarray(this.savedCount * this.entryBytes, this.count * this.entryBytes)
  }

  /** The greatest index whose entry is not above the target, or -1; `compare(index)` tells entry minus target. */
  floor(compare: (index: number) => number): number {
    let low = -1
    let high = this.count - 1
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if (compare(middle) <= 0) low = middle
      else high = middle - 1
    }
    return low
  }
}
