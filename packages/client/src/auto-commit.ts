// Commits by itself what the application has finished: at intervals, and when partitions are given up.
import { isRetriable } from './errors.ts'
import type { PartitionLane } from './partition-lane.ts'
import type { Alarm, Runtime } from './runtime.ts'

export interface AutoCommitOptions {
  readonly runtime: Runtime
  readonly commit: (lane: PartitionLane, offset: number) => Promise<void>
  /** Told of a commit that failed for good while the partition is ours. */
  readonly onFailure: (error: Error) => void
}

/** Holds, for each ownership of a partition, the next record to read as far as the application has come. */
export class AutoCommit {
  private readonly options: AutoCommitOptions
  private readonly finished = new Map<PartitionLane, number>()
  private alarm: Alarm | null = null
  private intervalMs = 0

  constructor(options: AutoCommitOptions) {
    this.options = options
  }

  /** Everything before `offset` is finished; it is committed within `intervalMs`. */
  finish(lane: PartitionLane, offset: number, intervalMs: number): void {
    if (lane.commitSignal.aborted) return
    this.finished.set(lane, offset)
    this.intervalMs = intervalMs
    this.arm()
  }

  /** Whether something of these partitions is finished and not committed. */
  hasFinished(lanes: readonly PartitionLane[]): boolean {
    return lanes.some((lane) => this.finished.has(lane))
  }

  /** Forgets what is not committed yet of a partition: the application reads from another place on. */
  forget(lane: PartitionLane): void {
    this.finished.delete(lane)
  }

  /** Commits what is finished of these partitions now, or of all; resolves, and never rejects, when that has its outcome. */
  async flush(lanes: Iterable<PartitionLane> = this.finished.keys()): Promise<void> {
    await Promise.all([...lanes].map((lane) => this.commit(lane)))
  }

  /** Commits nothing more. */
  close(): void {
    this.alarm?.cancel()
    this.alarm = null
    this.finished.clear()
  }

  private async commit(lane: PartitionLane): Promise<void> {
    const offset = this.finished.get(lane)
    this.finished.delete(lane)
    // What the application has committed itself, further on, stays (row I4).
    if (offset === undefined || offset <= lane.lastCommit) return
    try {
      await this.options.commit(lane, offset)
    } catch (error) {
      if (lane.commitSignal.aborted) return
      if (!isRetriable(error)) this.options.onFailure(error as Error)
      // It goes with the next commit of the partition, or with the flush when it is given up.
      else if (!this.finished.has(lane)) this.finished.set(lane, offset)
      if (this.finished.size > 0) this.arm()
    }
  }

  private arm(): void {
    this.alarm ??= this.options.runtime.setAlarm(this.intervalMs, () => {
      this.alarm = null
      void this.flush()
    })
  }
}
