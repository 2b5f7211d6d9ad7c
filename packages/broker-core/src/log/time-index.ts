// The sparse index from timestamps to offsets, in Kafka's format: int64 timestamp, int32 relative offset.
import { GrowingEntries } from './growing-entries.ts'

const ENTRY_BYTES = 12
/** Kafka's "no timestamp". */
export const NO_TIMESTAMP = -1

/** The greatest timestamp of all batches up to some place in the segment, and the last offset of the batch that has it. */
export interface TimeIndexEntry {
  timestampMs: number
  lastOffset: number
}

/** A cache of the segment: whoever uses an entry checks it against the batch that it names. */
export class TimeIndex {
  readonly entries: GrowingEntries
  /** The greatest timestamp noted so far, entered or not. */
  max: TimeIndexEntry
  private readonly baseOffset: number

  constructor(baseOffset: number, entries = new GrowingEntries(ENTRY_BYTES)) {
    this.baseOffset = baseOffset
    this.entries = entries
    this.max = this.last() ?? { timestampMs: NO_TIMESTAMP, lastOffset: baseOffset }
  }

  /** What can be used of a file's bytes: entries that rise in timestamp and offset and lie below `endOffset`. */
  static fromFile(baseOffset: number, bytes: Buffer, endOffset: number): TimeIndex {
    const entries = new GrowingEntries(ENTRY_BYTES, bytes)
    let count = 0
    let timestampMs = NO_TIMESTAMP
    let offset = -1
    while (count < entries.count) {
      const nextTimestampMs = entries.readInt64(count, 0)
      const nextOffset = entries.readInt32(count, 8)
      if (!Number.isSafeInteger(nextTimestampMs) || nextTimestampMs <= timestampMs) break
      if (nextOffset <= offset || baseOffset + nextOffset >= endOffset) break
      timestampMs = nextTimestampMs
      offset = nextOffset
      count++
    }
    entries.cutTo(count)
    return new TimeIndex(baseOffset, entries)
  }

  /** Takes notice of a batch; it is entered by the next `enterMax`. */
  note(timestampMs: number, lastOffset: number): void {
    if (timestampMs > this.max.timestampMs) this.max = { timestampMs, lastOffset }
  }

  /** Enters the greatest timestamp, unless it stands there already. */
  enterMax(): void {
    const { timestampMs, lastOffset } = this.max
    if (timestampMs <= (this.last()?.timestampMs ?? NO_TIMESTAMP)) return
    const entry = this.entries.add()
    entry.buffer.writeBigInt64BE(BigInt(timestampMs), entry.position)
    entry.buffer.writeInt32BE(lastOffset - this.baseOffset, entry.position + 8)
  }

  /** The last entry below the timestamp: no batch up to its offset reaches the timestamp. Null when there is none. */
  lastBelow(timestampMs: number): TimeIndexEntry | null {
    return this.at(this.entries.floor((index) => this.entries.readInt64(index, 0) - (timestampMs - 1)))
  }

  last(): TimeIndexEntry | null {
    return this.at(this.entries.count - 1)
  }

  /** Adds what a later index of the same segment knows. */
  extendWith(later: TimeIndex): void {
    for (let index = 0; index < later.entries.count; index++) {
      const entry = later.at(index)!
      this.note(entry.timestampMs, entry.lastOffset)
      this.enterMax()
    }
    this.note(later.max.timestampMs, later.max.lastOffset)
  }

  private at(index: number): TimeIndexEntry | null {
    if (index < 0 || index >= this.entries.count) return null
    return {
      timestampMs: this.entries.readInt64(index, 0),
      lastOffset: this.baseOffset + this.entries.readInt32(index, 8),
    }
  }
}
