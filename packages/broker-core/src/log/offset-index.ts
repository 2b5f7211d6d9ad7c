// The sparse index from offsets to file positions, in Kafka's format: int32 relative offset, int32 position.
import { GrowingEntries } from './growing-entries.ts'

const ENTRY_BYTES = 8

/** A batch that the index knows. */
export interface OffsetIndexEntry {
  /** Offset of the batch's LAST record, as in Kafka. */
  lastOffset: number
  /** Where the batch starts in the segment. */
  position: number
}

/** A cache of the segment: whoever uses an entry checks it against the batch that it points to. */
export class OffsetIndex {
  readonly entries: GrowingEntries
  readonly baseOffset: number

  constructor(baseOffset: number, entries = new GrowingEntries(ENTRY_BYTES)) {
    this.baseOffset = baseOffset
    this.entries = entries
  }

  /** What can be used of a file's bytes: entries that rise in offset and position and point into the segment. */
  static fromFile(baseOffset: number, bytes: Buffer, segmentBytes: number): OffsetIndex {
    const entries = new GrowingEntries(ENTRY_BYTES, bytes)
    let count = 0
    let offset = -1
    let position = -1
    while (count < entries.count) {
      const nextOffset = entries.readInt32(count, 0)
      const nextPosition = entries.readInt32(count, 4)
      if (nextOffset <= offset || nextPosition <= position || nextPosition >= segmentBytes) break
      offset = nextOffset
      position = nextPosition
      count++
    }
    entries.cutTo(count)
    return new OffsetIndex(baseOffset, entries)
  }

  add(lastOffset: number, position: number): void {
    const entry = this.entries.add()
    entry.buffer.writeInt32BE(lastOffset - this.baseOffset, entry.position)
    entry.buffer.writeInt32BE(position, entry.position + 4)
  }

  /** The last entry whose batch ends at or before the offset; null when there is none. */
  floor(offset: number): OffsetIndexEntry | null {
    const relative = offset - this.baseOffset
    return this.at(this.entries.floor((index) => this.entries.readInt32(index, 0) - relative))
  }

  /** The last entry; null when there is none. */
  last(): OffsetIndexEntry | null {
    return this.at(this.entries.count - 1)
  }

  /** Drops the entries of batches that end at this offset or later. */
  cutFrom(offset: number): void {
    const relative = offset - 1 - this.baseOffset
    this.entries.cutTo(this.entries.floor((index) => this.entries.readInt32(index, 0) - relative) + 1)
  }

  at(index: number): OffsetIndexEntry | null {
    if (index < 0 || index >= this.entries.count) return null
    return {
      lastOffset: this.baseOffset + this.entries.readInt32(index, 0),
      position: this.entries.readInt32(index, 4),
    }
  }
}
