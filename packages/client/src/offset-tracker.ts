// PURE. Which offset of a partition may be committed while its records are finished out of order.

/** The records of one ownership of a partition that are in hand, in the order in which they were taken. */
export class OffsetTracker {
  /** In order of offsets; true once finished, and kept until everything before it is finished too. */
  private readonly taken = new Map<number, boolean>()

  /** A record was taken; offsets only ever rise. */
  take(offset: number): void {
    this.taken.set(offset, false)
  }

  /**
   * A record is finished. Gives the next record to read if that has moved: every record taken before it is finished, so
   * committing it passes over nothing. null while an earlier one is in hand.
   */
  finish(offset: number): number | null {
    if (!this.taken.has(offset)) return null
    this.taken.set(offset, true)
    return this.advance()
  }

  /** A record is in hand no more and not finished either: nothing waits for it. It is passed over by what is finished behind it. */
  drop(offset: number): void {
    this.taken.delete(offset)
  }

  private advance(): number | null {
    let next: number | null = null
    for (const [candidate, isFinished] of this.taken) {
      if (!isFinished) break
      this.taken.delete(candidate)
      next = candidate + 1
    }
    return next
  }

  /** The first record that is in hand, where reading goes on if what is in hand is let go; null when nothing is. */
  get firstOpen(): number | null {
    for (const [offset, isFinished] of this.taken) if (!isFinished) return offset
    return null
  }
}
