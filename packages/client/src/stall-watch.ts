// Notices a consumer that is alive and consumes nothing: partitions are assigned, records are there, and none is delivered.
import type { Cluster } from './cluster.ts'
import { diagnostics, type StallCause } from './diagnostics.ts'
import type { Fetcher } from './fetcher.ts'
import { lookUpOffsets } from './offset-lookup.ts'
import type { PartitionLane } from './partition-lane.ts'
import type { Alarm } from './runtime.ts'

/** Looks in the time after which a stall is one: it is noticed by then, give or take one look. */
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

/** What was seen of a partition when it last moved. */
interface Sight {
  readonly position: number | null
  readonly sinceMs: number
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
  private alarm: Alarm | null = null
  private isStarted = false

  constructor(options: StallWatchOptions) {
    this.options = options
  }

  /** Looks from now on, until it is stopped. */
  start(): void {
    if (this.isStarted || this.options.stallTimeoutMs === Infinity) return
    this.isStarted = true
    this.arm()
  }

  stop(): void {
    this.isStarted = false
    this.alarm?.cancel()
    this.sights.clear()
  }

  private arm(): void {
    const { cluster, stallTimeoutMs } = this.options
    this.alarm = cluster.runtime.setAlarm(stallTimeoutMs / LOOKS, () => void this.look())
  }

  private async look(): Promise<void> {
    const suspects = this.suspects()
    try {
      if (suspects.length > 0) this.tell(await this.withLag(suspects))
    } catch (error) {
      diagnostics.retry({ what: 'the ends of partitions that do not move', attempt: 1, error })
    }
    if (this.isStarted) this.arm()
  }

  /** Partitions that may deliver and have not for the whole time. */
  private suspects(): PartitionLane[] {
    const { cluster, fetcher, stallTimeoutMs } = this.options
    const nowMs = cluster.runtime.nowMs()
    const lanes = new Set(fetcher.all())
    for (const lane of this.sights.keys()) if (!lanes.has(lane)) this.sights.delete(lane)
    return [...lanes].filter((lane) => {
      const sight = this.sights.get(lane)
      const mayDeliver = !lane.isPaused && lane.isAnnounced && lane.failure === null
      if (sight === undefined || sight.position !== lane.position || !mayDeliver) {
        this.sights.set(lane, { position: lane.position, sinceMs: nowMs, isTold: false })
        return false
      }
      return nowMs - sight.sinceMs >= stallTimeoutMs && !sight.isTold
    })
  }

  private async withLag(suspects: readonly PartitionLane[]): Promise<Stalled[]> {
    const { cluster, fetcher } = this.options
    const ends = await lookUpOffsets(
      cluster,
      suspects.map(({ topic, partition }) => ({ topic, partition, at: 'latest' })),
    )
    const stalled: Stalled[] = []
    for (const lane of suspects) {
      // It may have moved while the broker was asked.
      const isSame = this.sights.get(lane)?.position === lane.position && fetcher.lane(lane.key) === lane
      const logEndOffset = ends.get(lane.key)?.offset ?? 0
      if (isSame && logEndOffset > (lane.position ?? 0)) stalled.push({ lane, logEndOffset, cause: this.causeOf(lane) })
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
