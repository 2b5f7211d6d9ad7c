// Counts the transactions of a metadata store: how long each took, and how many writes went into it.
import { BATCH_BOUNDS, DISK_MS_BOUNDS, Histogram } from '../histogram.ts'

export class CommitCounts {
  /** Milliseconds from handing a transaction to SQLite's thread to its answer. */
  readonly durationMs = new Histogram(DISK_MS_BOUNDS)
  /** Writes in each transaction. */
  readonly writes = new Histogram(BATCH_BOUNDS)
  /** Writes that were refused. */
  refused = 0
  private readonly nowMs: () => number

  constructor(nowMs: () => number) {
    this.nowMs = nowMs
  }

  /** Begins to time a transaction; call the result when it has been committed. */
  start(writes: number): () => void {
    const startMs = this.nowMs()
    return () => {
      this.durationMs.observe(this.nowMs() - startMs)
      this.writes.observe(writes)
    }
  }
}
