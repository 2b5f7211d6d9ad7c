// Notices a consumer that is alive and consumes nothing: partitions are assigned, records are there, and none is delivered.
import type { Cluster } from './cluster.ts'
import { diagnostics, type StallCause } from './diagnostics.ts'
import type { Fetcher } from './fetcher.ts'
import { lookUpOffsets } from './offset-lookup.ts'
import type { PartitionLane } from './partition-lane.ts'
import type { Alarm } from './runtime.ts'

/** Looks in the time after which a stall is one: it is noticed one look later at most. */
const LOOKS = 4

export interface StallWatchOptions {
  readonly cluster: Cluster
  readonly fetcher: Fetcher
  /** How long nothing of a partition may be delivered. Infinity: for ever. */
  readonly stallTimeoutMs: number
  /** Whether a record of the partition would be taken at once. */
  readonly asks: (lane: PartitionLane) => boolean
  /** Whether it is handlers that take the records. */
  readonly isRunning: () => boolean
  readonly member: () => { readonly groupId: string; readonly memberId: string; readonly consumerId: string | null }
  /** Starts over with what fetches, and with the membership. */
  readonly rebuild: (reason: string) => void
}

/** What was seen of a partition since it last moved. */
interface Sight {
  readonly position: number | null
  /** When it was first seen that records are there; null while none are. */
  behindSinceMs: number | null
  /** Told of already: once is enough until it moves. */
  isTold: boolean
}

interface Stalled {
  readonly lane: PartitionLane
  readonly cause: StallCause
  readonly logEndOffset: number
}

export class StallWatch {
  private readonly options: StallWatchOptions
  private readonly sights = new Map<PartitionLane, Sight>()
  /** Set until it is stopped: a look that finds another has been overtaken by a stop. */
  private alarm: Alarm | null = null

  constructor(options: StallWatchOptions) {
    this.options = options
  }

  /** Looks from now on, until it is stopped. */
  start(): void {
    if (this.alarm === null && this.options.stallTimeoutMs !== Infinity) this.arm()
  }

  stop(): void {
    this.alarm?.cancel()
    this.alarm = null
    this.sights.clear()
  }

  private arm(): void {
    const { cluster, stallTimeoutMs } = this.options
    const alarm = cluster.runtime.setAlarm(stallTimeoutMs / LOOKS, () => void this.look(alarm))
    this.alarm = alarm
  }

  private async look(alarm: Alarm): Promise<void> {
    const nowMs = this.options.cluster.runtime.nowMs()
    const suspects = this.suspects()
    try {
      const stalled = suspects.length > 0 ? await this.stalled(suspects, nowMs) : []
      if (this.alarm === alarm) this.tell(stalled)
    } catch (error) {
      diagnostics.retry({ what: 'the ends of partitions that do not move', attempt: 1, error })
    }
    if (this.alarm === alarm) this.arm()
  }

  /** Partitions that may deliver, but for those of which it is told already. */
  private suspects(): PartitionLane[] {
    const lanes = new Set(this.options.fetcher.all())
    for (const lane of this.sights.keys()) if (!lanes.has(lane)) this.sights.delete(lane)
    return [...lanes].filter((lane) => {
      const sight = this.sights.get(lane)
      const mayDeliver = !lane.isPaused && lane.isAnnounced && lane.failure === null
      if (mayDeliver && sight?.position === lane.position) return !sight.isTold
      this.sights.set(lane, { position: lane.position, behindSinceMs: null, isTold: false })
      return mayDeliver
    })
  }

  /** Those of the suspects that have been behind for the whole time. */
  private async stalled(suspects: readonly PartitionLane[], nowMs: number): Promise<Stalled[]> {
    const { cluster, fetcher, stallTimeoutMs } = this.options
    const ends = await lookUpOffsets(
      cluster,
      suspects.map(({ topic, partition }) => ({ topic, partition, at: 'latest' })),
    )
    const stalled: Stalled[] = []
    for (const lane of suspects) {
      const sight = this.sights.get(lane)
      // It may have moved, or gone, while the broker was asked.
      if (sight?.position !== lane.position || fetcher.lane(lane.key) !== lane) continue
      const logEndOffset = ends.get(lane.key)?.offset ?? 0
      // A record that has come just now to a partition that was quiet for long is no stall.
      sight.behindSinceMs = logEndOffset > (lane.position ?? 0) ? (sight.behindSinceMs ?? nowMs) : null
      const hasStalled = sight.behindSinceMs !== null && nowMs - sight.behindSinceMs >= stallTimeoutMs
      if (hasStalled) stalled.push({ lane, logEndOffset, cause: this.causeOf(lane) })
    }
    return stalled
  }

  private causeOf(lane: PartitionLane): StallCause {
    const { asks, isRunning } = this.options
    if (!asks(lane)) return isRunning() ? 'handler' : 'application'
    if (lane.position === null) return 'offset'
    return lane.hasRecords ? 'delivery' : 'fetch'
  }

  private tell(stalled: readonly Stalled[]): void {
    const { member, rebuild, stallTimeoutMs } = this.options
    for (const { lane } of stalled) this.sights.get(lane)!.isTold = true
    for (const cause of new Set(stalled.map((each) => each.cause))) {
      const partitions = stalled
        .filter((each) => each.cause === cause)
        .map(({ lane: { topic, partition, position }, logEndOffset }) => ({ topic, partition, position, logEndOffset }))
      diagnostics.stall({ ...member(), cause, isRejoining: isOurs(cause), stallTimeoutMs, partitions })
    }
    if (stalled.some(({ cause }) => isOurs(cause))) rebuild(`nothing was delivered for ${stallTimeoutMs} ms`)
  }
}

/** Whether starting over can help: it cannot where the application is what is waited for. */
function isOurs(cause: StallCause): boolean {
  return cause !== 'application' && cause !== 'handler'
}
