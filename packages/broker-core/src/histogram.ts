// Counts measured values in fixed buckets, so that quantiles can be read off later and nothing is kept of each value.

/** What a histogram has counted, at one moment. */
export interface HistogramSnapshot {
  /** Upper bounds of the buckets, ascending, each belonging to its bucket; one more bucket takes what lies above the last. */
  readonly bounds: readonly number[]
  /** Values in each bucket alone: one more than there are bounds. */
  readonly counts: readonly number[]
  readonly count: number
  readonly sum: number
  /** The greatest value since the start; 0 before there is one. */
  readonly max: number
}

export class Histogram {
  private readonly bounds: readonly number[]
  private readonly counts: number[]
  private count = 0
  private sum = 0
  private max = 0

  constructor(bounds: readonly number[]) {
    this.bounds = bounds
    this.counts = new Array<number>(bounds.length + 1).fill(0)
  }

  observe(value: number): void {
    let bucket = 0
    while (bucket < this.bounds.length && value > this.bounds[bucket]!) bucket++
    this.counts[bucket]! += 1
    this.count += 1
    this.sum += value
    if (value > this.max) this.max = value
  }

  snapshot(): HistogramSnapshot {
    return { bounds: this.bounds, counts: [...this.counts], count: this.count, sum: this.sum, max: this.max }
  }
}

/** Bounds for waits on a disk in milliseconds: from a cache that lies to a disk that is dying. */
export const DISK_MS_BOUNDS: readonly number[] = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 5_000]

/** Bounds for how many went together in one write to the disk. */
export const BATCH_BOUNDS: readonly number[] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024]
