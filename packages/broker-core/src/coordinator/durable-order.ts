// The order of one group's effects: an answer waits until every write that stands before it is durable.

interface Slot {
  /** Whether the world has done its part: a write is durable. An answer has none to wait for. */
  isReady: boolean
  readonly run: () => void
  readonly refuse: (() => void) | null
}

/** First in, first out. With nothing waiting, an answer is given in the same call. */
export class DurableOrder {
  private slots: Slot[] = []

  /** Nothing waits: everything that was answered rests on what is durable. */
  get isIdle(): boolean {
    return this.slots.length === 0
  }

  /** A write has been started. Returns what must be called when it is durable; `onDurable` then runs in its turn. */
  write(onDurable: () => void): () => void {
    const slot: Slot = { isReady: false, run: onDurable, refuse: null }
    this.slots.push(slot)
    return () => {
      slot.isReady = true
      this.advance()
    }
  }

  /** Calls `give` in its turn, or `refuse` if the order breaks before. */
  answer(give: () => void, refuse: () => void): void {
    if (this.slots.length === 0) give()
    else this.slots.push({ isReady: true, run: give, refuse })
  }

  /** A write failed: nobody may be told anything that stands behind it. */
  break(): void {
    const broken = this.slots
    this.slots = []
    for (const { refuse } of broken) refuse?.()
  }

  private advance(): void {
    let done = 0
    for (const slot of this.slots) {
      if (!slot.isReady) break
      done += 1
    }
    for (const { run } of this.slots.splice(0, done)) run()
  }
}
