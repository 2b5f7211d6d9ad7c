// One partition as a simulated application reads it.
import type { Ownership } from './member.ts'

export class Lane {
  readonly ownership: Ownership
  readonly partition: number
  /** Fires when nothing of it may be committed any more. */
  readonly controller = new AbortController()
  /** Offsets fetched and not delivered. */
  buffer: number[] = []
  /** The offset to deliver next; null until the committed offset is known. */
  position: number | null = null
  isFetching = false
  /** A handler has a record of it. */
  isBusy = false
  /** The application has been told that it is its own. */
  isAnnounced = false
  isClosed = false
  /** The next offset to read when all that is finished is committed. */
  finished: number | null = null
  /** What was asked to be committed last. */
  asked: number | null = null
  /** Counts the seeks: what was fetched before the last one is not wanted. */
  epoch = 0
  /** Who has waited longest for a handler is next. */
  servedAt = 0

  constructor(ownership: Ownership) {
    this.ownership = ownership
    this.partition = ownership.partition
  }

  seek(offset: number): void {
    this.buffer = []
    this.epoch += 1
    this.isFetching = false
    this.position = offset
    this.ownership.nextOffset = offset
    this.ownership.hasSoughtBack = true
    this.finished = offset
    this.asked = null
  }

  close(): void {
    this.isClosed = true
    this.buffer = []
  }
}
