// The partitions that are a group member's now: taken with an assignment, given up in order, or lost.
import type { PartitionsByTopic } from '@goqueue/protocol'
import type { AutoCommit } from './auto-commit.ts'
import type { Fetcher } from './fetcher.ts'
import type { PartitionLane } from './partition-lane.ts'
import { groupByTopic, partitionKey } from './record.ts'
import type { Runtime } from './runtime.ts'
import { settledWithin } from './waiting.ts'

/** Partition numbers by topic. */
export type GroupAssignment = Record<string, number[]>

type Callback = ((partitions: GroupAssignment) => void | Promise<void>) | undefined

export interface OwnershipCallbacks {
  readonly onPartitionsAssigned?: Callback
  readonly onPartitionsRevoked?: Callback
  readonly onPartitionsLost?: Callback
}

export interface OwnershipOptions {
  readonly runtime: Runtime
  readonly fetcher: Fetcher
  readonly autoCommit: AutoCommit
  readonly callbacks: OwnershipCallbacks
  /** Told what a callback threw. */
  readonly onFailure: (error: Error) => void
}

/** Work on records that outlasts the delivery of the next: it is waited for when partitions are given up. */
export interface WorkInHand {
  /** Starts nothing more of these partitions. True when some of it is in hand. */
  discard(lanes: readonly PartitionLane[]): boolean
  /** Resolves when nothing of these partitions is in hand. */
  settled(lanes: readonly PartitionLane[]): Promise<void>
  /** Waits no longer for what is in hand of these partitions. */
  abandon(lanes: readonly PartitionLane[]): void
}

/** Of the time there is for giving up partitions, work in hand may go on for this part before its signal fires. */
const UNDISTURBED = 0.75
/** And this part is for work to end once its signal has fired. The rest is for commits and the callback. */
const ENDING = 0.1

export class Ownership {
  /** Set while `run` is at work. */
  work: WorkInHand | null = null
  private readonly options: OwnershipOptions
  /** Settles, never by rejecting, when the callbacks called so far are done. */
  private callbacks: Promise<void> = Promise.resolve()
  /** Given up to others, but not before work and callback are done: until then it may commit. */
  private readonly leaving = new Map<string, { readonly lane: PartitionLane; readonly reason: Error }>()

  constructor(options: OwnershipOptions) {
    this.options = options
  }

  /** What is this member's now, by topic. */
  assignment(): GroupAssignment {
    return partitionsOf(this.options.fetcher.all())
  }

  byTopic(): PartitionsByTopic {
    const lanes = groupByTopic(this.options.fetcher.all())
    return new Map(Array.from(lanes, ([topic, ofTopic]) => [topic, ofTopic.map(({ partition }) => partition)]))
  }

  /** A partition that may be committed: one that is ours, or is being given up. */
  committable(topic: string, partition: number): PartitionLane | undefined {
    const key = partitionKey(topic, partition)
    return this.options.fetcher.lane(key) ?? this.leaving.get(key)?.lane
  }

  isLeaving(lane: PartitionLane): boolean {
    return this.leaving.has(lane.key)
  }

  /** These partitions are ours now. Nothing of them is delivered before the callback is done. */
  take(added: PartitionsByTopic): void {
    const { fetcher, callbacks } = this.options
    const lanes: PartitionLane[] = []
    for (const [topic, partitions] of added) {
      for (const partition of new Set(partitions)) lanes.push(fetcher.add(topic, partition, 'default'))
    }
    if (callbacks.onPartitionsAssigned === undefined || lanes.length === 0) return
    for (const lane of lanes) lane.isAnnounced = false
    void this.tell(callbacks.onPartitionsAssigned, lanes).then(() => fetcher.announced(lanes))
  }

  /**
   * Gives partitions up in order: nothing more of them is delivered (row I20); work in hand may end, and what is finished
   * is committed; the callback is told. Then, or after `budgetMs`, nothing of them is committed any more (row I3), and the
   * promise resolves. null when that is so at once.
   */
  giveUp(partitions: PartitionsByTopic, reason: Error, budgetMs: number): Promise<void> | null {
    const { autoCommit, callbacks, runtime } = this.options
    const lanes = this.stop(partitions)
    const isBusy = this.work?.discard(lanes) ?? false
    if (!isBusy) for (const lane of lanes) lane.revoke(reason)
    const isTold = callbacks.onPartitionsRevoked !== undefined && lanes.length > 0
    if (!isBusy && !isTold && !autoCommit.hasFinished(lanes)) {
      this.disown(lanes, reason)
      return null
    }
    for (const lane of lanes) this.leaving.set(lane.key, { lane, reason })
    const ended = isBusy ? this.endWork(lanes, reason, budgetMs) : Promise.resolve()
    const committed = ended.then(() => autoCommit.flush(lanes))
    const told = this.tell(callbacks.onPartitionsRevoked, lanes, committed)
    return settledWithin(runtime, budgetMs, told).then(() => this.disown(lanes, reason))
  }

  /** Partitions were taken away: they may be another's already. */
  lose(partitions: PartitionsByTopic, reason: Error): void {
    const lanes = this.stop(partitions)
    this.work?.discard(lanes)
    this.disown(lanes, reason)
    this.work?.abandon(lanes)
    if (lanes.length > 0) void this.tell(this.options.callbacks.onPartitionsLost, lanes)
  }

  /** What was being given up may be another's from now on. */
  disownLeaving(): void {
    for (const { lane, reason } of [...this.leaving.values()]) this.disown([lane], reason)
  }

  private stop(partitions: PartitionsByTopic): PartitionLane[] {
    const { fetcher } = this.options
    const lanes = Array.from(fetcher.all()).filter((lane) => partitions.get(lane.topic)?.includes(lane.partition))
    for (const lane of lanes) fetcher.stop(lane)
    return lanes
  }

  private async endWork(lanes: readonly PartitionLane[], reason: Error, budgetMs: number): Promise<void> {
    const { runtime } = this.options
    const { work } = this
    if (work === null) return
    await settledWithin(runtime, budgetMs * UNDISTURBED, work.settled(lanes))
    for (const lane of lanes) lane.revoke(reason)
    await settledWithin(runtime, budgetMs * ENDING, work.settled(lanes))
    work.abandon(lanes)
  }

  private disown(lanes: readonly PartitionLane[], reason: Error): void {
    for (const lane of lanes) {
      lane.disown(reason)
      this.options.autoCommit.forget(lane)
      if (this.leaving.get(lane.key)?.lane === lane) this.leaving.delete(lane.key)
    }
  }

  /** Calls a callback after those before it, and after `first`. Never rejects. */
  private tell(call: Callback, lanes: readonly PartitionLane[], first?: Promise<void>): Promise<void> {
    const partitions = partitionsOf(lanes)
    this.callbacks = this.callbacks
      .then(() => first)
      .then(() => call?.(partitions))
      .catch((error: unknown) => this.options.onFailure(error as Error))
    return this.callbacks
  }
}

export function partitionsOf(lanes: Iterable<PartitionLane>): GroupAssignment {
  const byTopic = [...groupByTopic(lanes)].sort(([left], [right]) => (left < right ? -1 : 1))
  return Object.fromEntries(
    byTopic.map(([topic, ofTopic]) => [
      topic,
      ofTopic.map(({ partition }) => partition).sort((left, right) => left - right),
    ]),
  )
}
