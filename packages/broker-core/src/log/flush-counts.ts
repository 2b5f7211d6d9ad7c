// Counts what it takes to make logs durable: how long a sync lasts, and how many batches share one.
import { BATCH_BOUNDS, DISK_MS_BOUNDS, Histogram } from '../histogram.ts'

export class FlushCounts {
  /** Milliseconds of each fdatasync that succeeded. */
  readonly durationMs = new Histogram(DISK_MS_BOUNDS)
  /** Record batches that each of them made durable: 0 where a segment was rolled with nothing new in it. */
  readonly batches = new Histogram(BATCH_BOUNDS)
  /** Syncs that failed: each takes its log offline. */
  failures = 0
}
