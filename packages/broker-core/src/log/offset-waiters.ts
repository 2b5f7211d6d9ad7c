// Those who wait until a log has come to an offset.

interface Waiter {
  readonly offset: number
  readonly settle: (hasCome: boolean) => void
}

export class OffsetWaiters {
  /** In the order of their offsets. */
  private waiters: Waiter[] = []

  /** Resolves with true when `release` reaches the offset, with false when `failAll` comes first. */
  wait(offset: number): Promise<boolean> {
    return new Promise((settle) => {
      // Nearly always the last place: only an idempotent duplicate waits for an offset that others have passed.
      let place = this.waiters.length
      while (place > 0 && this.waiters[place - 1]!.offset > offset) place--
      this.waiters.splice(place, 0, { offset, settle })
    })
  }

  release(upTo: number): void {
    let count = 0
    while (count < this.waiters.length && this.waiters[count]!.offset <= upTo) count++
    for (const waiter of this.waiters.splice(0, count)) waiter.settle(true)
  }

  failAll(): void {
    for (const waiter of this.waiters.splice(0)) waiter.settle(false)
  }
}
