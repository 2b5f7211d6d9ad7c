// Commits by itself what the application has finished: at intervals, and when partitions are given up.
import { codeOf, isRetriable } from './errors.ts'
import type { PartitionLane } from './partition-lane.ts'
import type { Alarm, Runtime } from './runtime.ts'

export interface AutoCommitOptions {
  readonly runtime: Runtime
  readonly commit: (lane: PartitionLane, offset: number) => Promise<void>
  /** Told of a commit that failed for good while the partition is ours. */
  readonly onFailure: (error: Error) => void
}

/**
 * What the coordinator says of the member, not of the commit: the membership hears of it too, and goes on or ends. While the
 * partition stays ours the commit is made again.
 */
const ABOUT_THE_MEMBER = new Set<unknown>(['REBALANCE_IN_PROGRESS', 'ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID'])

/** Holds, for each ownership of a partition, the next record to read as far as the application has come. */
export class AutoCommit {
  private readonly options: AutoCommitOptions
  private readonly finished = new Map<PartitionLane, number>()
  /** Settles, never by rejecting, with the commit of a partition that is under way: one at a time, so that none goes back (row I4). */
  private readonly underWay = new Map<PartitionLane, Promise<void>>()
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

  /** Whether something of these partitions is finished and not known to be committed. */
  hasFinished(lanes: readonly PartitionLane[]): boolean {
    return lanes.some((lane) => this.finished.has(lane) || this.underWay.has(lane))
  }

  /** Forgets what is not committed yet of a partition: the application reads from another place on. */
  forget(lane: PartitionLane): void {
    this.finished.delete(lane)
    this.underWay.delete(lane)
  }

  /** Commits what is finished of these partitions now, or of all; resolves, and never rejects, when that has its outcome. */
  async flush(
    lanes: Iterable<PartitionLane> = new Set([...this.finished.keys(), ...this.underWay.keys()]),
  ): Promise<void> {
    await Promise.all(
      [...lanes].map(async (lane) => {
        await this.underWay.get(lane)
        this.commit(lane)
        await this.underWay.get(lane)
      }),
    )
  }

  /** Commits nothing more. */
  close(): void {
    this.alarm?.cancel()
    this.alarm = null
    this.finished.clear()
    this.underWay.clear()
  }

  private commit(lane: PartitionLane): void {
    const offset = this.finished.get(lane)
    if (offset === undefined || this.underWay.has(lane)) return
    this.finished.delete(lane)
    // What the application has committed itself, further on, stays (row I4).
    if (offset <= lane.lastCommit) return
    const outcome = this.options.commit(lane, offset).then(
      () => null,
      (error: unknown) => ({ error }),
    )
    const ended = outcome.then((failure) => {
      // Forgotten meanwhile: it says nothing of what is finished now.
      if (this.underWay.get(lane) !== ended) return
      this.underWay.delete(lane)
      if (failure !== null && !lane.commitSignal.aborted) this.failed(lane, offset, failure.error)
    })
    this.underWay.set(lane, ended)
  }

  /** It goes with the next commit of the partition, or with the flush when it is given up. */
  private failed(lane: PartitionLane, offset: number, error: unknown): void {
    if (!isRetriable(error) && !ABOUT_THE_MEMBER.has(codeOf(error))) {
      this.options.onFailure(error as Error)
      return
    }
    if (!this.finished.has(lane)) this.finished.set(lane, offset)
    this.arm()
  }

  private arm(): void {
    this.alarm ??= this.options.runtime.setAlarm(this.intervalMs, () => {
      this.alarm = null
      for (const lane of [...this.finished.keys()]) this.commit(lane)
      // What waits for a commit that is under way.
      if (this.finished.size > 0) this.arm()
    })
  }
}
