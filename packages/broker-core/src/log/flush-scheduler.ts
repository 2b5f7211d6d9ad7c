// Lets only a few logs sync at once, in the order in which they asked, so that reads keep libuv's threads.

export class FlushScheduler {
  private readonly maxConcurrent: number
  private running = 0
  private readonly queue: (() => Promise<void>)[] = []

  constructor(maxConcurrent: number) {
    this.maxConcurrent = maxConcurrent
  }

  /** Runs the flush when it is its turn. A flush handles its own errors: it must not reject. */
  schedule(flush: () => Promise<void>): void {
    this.queue.push(flush)
    this.startNext()
  }

  private startNext(): void {
    if (this.running >= this.maxConcurrent) return
    const flush = this.queue.shift()
    if (flush === undefined) return
    this.running++
    void flush().finally(() => {
      this.running--
      this.startNext()
    })
  }
}
