// The group consumer: reads the partitions that its membership is given, by iteration or by a handler, and commits what is done.
import { newAdmin } from './admin.ts'
import type { LagOptions } from './admin/lag.ts'
import { AutoCommit } from './auto-commit.ts'
import type { Cluster } from './cluster.ts'
import { CommitQueue } from './commit-queue.ts'
import { fetchCommitted, type CommittedOffset } from './committed-offsets.ts'
import { DeadLetters } from './dead-letters.ts'
import { ClosedError, GoQueueError, isRetriable } from './errors.ts'
import { Fetcher } from './fetcher.ts'
import type { GroupLag } from './group-lag.ts'
import { GroupMember, type Departure } from './group-member.ts'
import { offsetAtTime } from './offset-lookup.ts'
import type { CheckedGroupConsumerOptions } from './options.ts'
import { OffsetTracker } from './offset-tracker.ts'
import { Ownership, type GroupAssignment } from './ownership.ts'
import type { PartitionLane } from './partition-lane.ts'
import { groupByTopic, partitionKey, type ConsumerRecord } from './record.ts'
import { RecordIterator, type RecordSource } from './record-iterator.ts'
import { RecordRunner } from './record-runner.ts'
import { checkRunOptions, type Handler, type RunOptions } from './run-options.ts'
import { StallWatch } from './stall-watch.ts'
import { Subscription } from './subscription.ts'
import { decodeRecord } from './typed-record.ts'
import { Deferred, orAborted, settledWithin, type CallOptions } from './waiting.ts'

/** How long `close` may take, unless it is told otherwise. */
const CLOSE_TIMEOUT_MS = 5_000

export interface CloseOptions {
  /** Whether handlers of `run` that are at work may end. Default: true. */
  readonly drain?: boolean | undefined
  /** How long it may take in all; then whatever is still in hand is left to whoever has the partitions next. Default: 5,000. */
  readonly timeoutMs?: number | undefined
  /** Whether the member leaves the group (KIP-1092). Default: a dynamic one does, a static one will be back. */
  readonly leave?: boolean | undefined
}

/** Makes one: a door for the client alone, since the constructor is nobody else's business. */
export let newGroupConsumer: <R extends ConsumerRecord<unknown, unknown>>(
  cluster: Cluster,
  options: CheckedGroupConsumerOptions,
  name: string,
  onClosed: () => void,
) => GroupConsumer<R>

/**
 * Made by `client.groupConsumer()`. From `joinGroup()`, `run()` or the first iteration until `leaveGroup()` or `close()` the
 * membership lives in the background, iterated or not: it heartbeats on its own timer and rejoins by itself.
 */
export class GroupConsumer<R extends ConsumerRecord<unknown, unknown> = ConsumerRecord> implements AsyncIterable<R> {
  readonly groupId: string
  /** The static member's id, or null. */
  readonly consumerId: string | null
  private readonly cluster: Cluster
  private readonly options: CheckedGroupConsumerOptions
  private readonly subscription: Subscription
  private readonly fetcher: Fetcher
  private readonly commits: CommitQueue
  private readonly autoCommit: AutoCommit
  private readonly ownership: Ownership
  private readonly member: GroupMember
  private readonly stalls: StallWatch
  private readonly onClosed: () => void
  private runner: RecordRunner | null = null
  /** What `lag` observed last. */
  private lastLag: GroupLag | null = null
  /** What an iteration or a run is told once; being fenced is told always. */
  private failure: Error | null = null
  /** Counts the times this member left: an iteration ends when that happens, and a new one joins again. */
  private departures = 0
  private departing: Promise<void> = Promise.resolve()
  private closed: Promise<void> | null = null
  /** Settles when the run at work has ended, and all it leaves behind is done. */
  private ran: Promise<void> = Promise.resolve()
  /** What iterations have in hand, to commit by itself: there may be several at once. */
  private readonly iterated = new WeakMap<PartitionLane, OffsetTracker>()

  static {
    newGroupConsumer = (cluster, options, name, onClosed) => new GroupConsumer(cluster, options, name, onClosed)
  }

  private constructor(cluster: Cluster, options: CheckedGroupConsumerOptions, name: string, onClosed: () => void) {
    this.cluster = cluster
    this.options = options
    this.groupId = options.groupId
    this.consumerId = options.consumerId ?? null
    this.onClosed = onClosed
    const { runtime } = cluster
    const onFailure = (error: Error) => this.fail(error)
    this.subscription = new Subscription(options.topics)
    const committed = (lanes: readonly PartitionLane[]) => this.committedOf(lanes)
    this.fetcher = new Fetcher(cluster, { ...options, name, committed, isPatient: true })
    this.commits = new CommitQueue((commits) => this.member.commit(commits))
    const commit = (lane: PartitionLane, offset: number) => this.enqueueCommit(lane, offset, '')
    this.autoCommit = new AutoCommit({ runtime, commit, onFailure })
    const { fetcher, autoCommit, subscription } = this
    this.ownership = new Ownership({ runtime, fetcher, autoCommit, callbacks: options, onFailure })
    this.member = new GroupMember({
      cluster,
      options,
      name,
      subscription,
      ownership: this.ownership,
      onChange: () => this.fetcher.notify(),
      onEnd: (error, isTold) => this.ended(error, isTold),
    })
    this.stalls = new StallWatch({
      cluster,
      fetcher,
      stallTimeoutMs: options.stallTimeoutMs,
      asks: (lane) => (this.runner === null ? fetcher.isAwaited : this.runner.wants(lane)),
      isRunning: () => this.runner !== null,
      member: () => ({ groupId: this.groupId, consumerId: this.consumerId, memberId: this.member.memberId }),
      rebuild: (reason) => {
        this.fetcher.rebuild()
        this.member.rejoin(reason)
      },
    })
  }

  /** The id that the coordinator gave this member, or null while it has none. */
  get memberId(): string | null {
    return this.member.memberId === '' ? null : this.member.memberId
  }

  /** The generation in which the present assignment was made; -1 before the first. */
  get generationId(): number {
    return this.member.generationId
  }

  /**
   * Joins the group and resolves with the first assignment; resolves at once where there is one. Rejects when the group
   * cannot be joined, when its coordinator cannot be reached for `timeoutMs`, and, for good, with FENCED_INSTANCE_ID.
   * A signal ends the wait, not the membership.
   */
  async joinGroup(options: CallOptions = {}): Promise<void> {
    this.refuseIfClosed()
    options.signal?.throwIfAborted()
    this.throwFailure()
    this.stalls.start()
    await this.member.join(options)
  }

  /** The partitions that are this member's now, by topic; empty while it has none. */
  getAssignment(): GroupAssignment {
    return this.ownership.assignment()
  }

  /**
   * How far the whole group is behind, as `admin.lag` says it; this member's own share stands in `members`. From the second
   * call on with the time that the rest will take, at the pace since the call before. While this member joins, its first
   * assignment is awaited: what nobody has yet would not count.
   */
  async lag(options: LagOptions = {}): Promise<GroupLag> {
    this.refuseIfClosed()
    if (this.member.isFirstAwaited) await this.member.join(options)
    const { previous = this.lastLag, signal } = options
    this.lastLag = await newAdmin(this.cluster).lag(this.groupId, { previous, signal })
    return this.lastLag
  }

  /**
   * Commits an offset, the NEXT record to read, with metadata of your own. Rejects locally when the partition is not
   * this member's (any more), and with the coordinator's error when it says so. A partition that is given up may be
   * committed until `onPartitionsRevoked` is done.
   */
  async commitOffset(
    topic: string,
    partition: number,
    offset: number,
    metadata = '',
    options: CallOptions = {},
  ): Promise<void> {
    const lane = this.ownership.committable(topic, partition)
    // While `close` gives the partitions up, what was done with them may still be committed.
    if (lane === undefined || !this.ownership.isLeaving(lane)) this.refuseIfClosed()
    if (!Number.isSafeInteger(offset) || offset < 0) {
      throw new GoQueueError('INVALID_ARGUMENT', `commitOffset: offset ${String(offset)} is not a number from 0`)
    }
    if (lane === undefined) throw this.failure ?? notAssigned(topic, partition, this.groupId)
    await this.commitAsked(lane, offset, metadata, options)
  }

  /** Commits a record as done: `record.offset + 1`. Rejects with the signal's reason once the record's signal has fired. */
  async commit(record: ConsumerRecord<unknown, unknown>, options: CallOptions = {}): Promise<void> {
    const { topic, partition, offset, signal } = record
    const lane = this.ownership.committable(topic, partition)
    if (lane === undefined || !this.ownership.isLeaving(lane)) this.refuseIfClosed()
    signal.throwIfAborted()
    if (lane === undefined || !lane.issued(signal)) throw notAssigned(topic, partition, this.groupId)
    await this.commitAsked(lane, offset + 1, '', options)
  }

  /** The committed offset, the next record to read, or null: nothing is committed. A failure is an error, never null. */
  async fetchCommittedOffset(topic: string, partition: number, options: CallOptions = {}): Promise<number | null> {
    return (await this.fetchCommitted(topic, partition, options))?.offset ?? null
  }

  /** The committed offset with its metadata, or null: nothing is committed. */
  async fetchCommitted(topic: string, partition: number, options: CallOptions = {}): Promise<CommittedOffset | null> {
    this.refuseIfClosed()
    const byTopic = groupByTopic([{ topic, partition }])
    const found = await fetchCommitted(this.cluster, this.groupId, byTopic, options)
    return found.find((item) => item.topic === topic && item.partition === partition)?.committed ?? null
  }

  /**
   * Records of the partitions that are this member's; joins if it has not, and follows every rebalance. A record counts
   * as finished when the next one is asked for; it is committed by itself only with `autoCommit`. `break` stops the
   * delivery and does not leave the group. Ends when the member leaves or is closed; rejects when the membership cannot go
   * on, and with INVALID_RECORD for a record that does not fit its typed topic (a new iteration goes on behind it).
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<R> {
    return this.records()
  }

  /** As iterating the group consumer itself, with a signal that ends the wait by rejecting with its reason. */
  records(options: CallOptions = {}): AsyncIterableIterator<R> {
    this.refuseIfClosed()
    this.refuseIfRunning('records')
    const hasLeft = this.departureFrom()
    let last: ConsumerRecord | null = null
    const letGo = () => {
      if (last !== null) this.trackerOf(last)?.drop(last.offset)
      last = null
    }
    const source: RecordSource<R> = {
      take: () => {
        if (last !== null) this.finishIterated(last)
        last = null
        if (hasLeft()) return null
        this.refuseIfRunning('records')
        this.ensureJoined()
        const record = this.fetcher.take()
        if (record === null) return null
        this.trackerOf(record)?.take(record.offset)
        last = record
        try {
          const typed = this.typed(record)
          if (typed instanceof Promise) typed.catch(letGo)
          return typed
        } catch (error) {
          // The iteration ends with it, and the next goes on behind it.
          letGo()
          throw error
        }
      },
      changed: () => this.fetcher.changed(),
      stopped: letGo,
      get isEnded() {
        return hasLeft()
      },
    }
    return new RecordIterator(source, options.signal)
  }

  /**
   * Has `handler` handle the records of the partitions that are this member's, `concurrency` at once; joins if it has not.
   * Finished records are committed at intervals, when partitions are given up, and in the end. When partitions are given
   * up, handlers at work may end; for a rebalance their signal fires after three quarters of `rebalanceTimeoutMs`.
   *
   * Resolves when the member leaves or is closed. Rejects when it cannot go on, as iterating does, and with HANDLER_FAILED
   * for a record that has failed for good and has no dead-letter topic to go to: its message names the record, its `cause` is
   * what the handler threw. Then what is finished is committed, and the failed record is the next to be read. The membership
   * goes on until it is left or closed. A handler that has not ended five seconds after that is waited for no longer: its
   * record may be handled again while it is still at work.
   */
  async run(options: RunOptions<R>): Promise<void> {
    this.refuseIfClosed()
    this.refuseIfRunning('run')
    const checked = checkRunOptions(options)
    const { signal, deadLetter, autoCommitIntervalMs = this.options.autoCommitIntervalMs } = checked
    signal?.throwIfAborted()
    const { runtime } = this.cluster
    const hasLeft = this.departureFrom()
    const handler = checked.handler as Handler<R>
    const deadLetters = deadLetter === undefined ? null : new DeadLetters(this.cluster, deadLetter.topic, this.groupId)
    const runner = new RecordRunner({
      ...checked,
      aheadBytes: this.options.partitionMaxBytes,
      runtime,
      fetcher: this.fetcher,
      handle: async (record, context) => {
        const typed = this.typed(record)
        await handler(typed instanceof Promise ? await typed : typed, context)
      },
      bury: deadLetters === null ? null : (record, attempts, error) => deadLetters.send(record, attempts, error),
      finished: (lane, offset) => {
        if (checked.autoCommit) this.autoCommit.finish(lane, offset, autoCommitIntervalMs)
      },
      ensure: () => {
        if (!hasLeft()) this.ensureJoined()
      },
    })
    const ran = new Deferred<void>()
    this.ran = ran.promise
    this.runner = runner
    this.ownership.work = runner
    const stop = () => runner.fail(signal!.reason)
    signal?.addEventListener('abort', stop, { once: true })
    try {
      // Whether it is called off, left or closed meanwhile shows in how the run has ended.
      if (deadLetters !== null) await Promise.race([deadLetters.open(), runner.ended.promise])
      runner.start()
      await runner.ended.promise
      await (hasLeft() ? this.departing.catch(() => {}) : settledWithin(runtime, CLOSE_TIMEOUT_MS, runner.drained()))
      await this.endRun(runner)
    } finally {
      signal?.removeEventListener('abort', stop)
      this.runner = null
      this.ownership.work = null
      await deadLetters?.close()
      ran.resolve()
    }
    if (runner.failure !== null) throw runner.failure.error
  }

  /** Goes on from another offset of a partition that is this member's; what was fetched or taken before is dropped. */
  seek(topic: string, partition: number, offset: number | 'earliest' | 'latest'): void {
    this.refuseIfClosed()
    const lane = this.laneOf(topic, partition)
    if (typeof offset === 'number' && (!Number.isSafeInteger(offset) || offset < 0)) {
      throw new GoQueueError('INVALID_ARGUMENT', `seek: offset ${offset} is not a number from 0`)
    }
    lane.lastCommit = -1
    this.autoCommit.forget(lane)
    this.iterated.delete(lane)
    this.fetcher.jump(lane, offset)
    this.runner?.restart(lane)
  }

  /** Goes on from the first record at or after a time in ms since the epoch, or from the end if there is none. Gives the offset. */
  async seekToTimestamp(
    topic: string,
    partition: number,
    timestampMs: number,
    options: CallOptions = {},
  ): Promise<number> {
    this.refuseIfClosed()
    const lane = this.laneOf(topic, partition)
    const offset = await offsetAtTime(this.cluster, { topic, partition }, timestampMs, options)
    // It may have gone, and even come back, while its leader was asked.
    lane.signal.throwIfAborted()
    this.seek(topic, partition, offset)
    return offset
  }

  /**
   * Delivers nothing of a partition, or of all the partitions of a topic that are this member's now, until `resume`. What
   * was fetched ahead is dropped and fetched again then. A partition that goes and comes back is not paused any more.
   */
  pause(topic: string, partition?: number): void {
    this.refuseIfClosed()
    for (const lane of this.lanesOf(topic, partition)) this.fetcher.pause(lane)
  }

  /** Goes on where `pause` stopped, or where `seek` went meanwhile. */
  resume(topic: string, partition?: number): void {
    this.refuseIfClosed()
    for (const lane of this.lanesOf(topic, partition)) {
      this.fetcher.resume(lane)
      this.runner?.resume(lane)
    }
  }

  /**
   * Leaves the group, static or not: its partitions go to others at once. Iterations and `run` end, the latter when handlers
   * at work have ended. What is finished is committed if that is done by itself.
   */
  async leaveGroup(options: CallOptions = {}): Promise<void> {
    this.refuseIfClosed()
    const departure = { reason: 'the application left the group', timeoutMs: this.cluster.timeoutMs }
    await this.depart('leave', departure, options)
    await orAborted(settledWithin(this.cluster.runtime, CLOSE_TIMEOUT_MS, this.ran), options.signal)
  }

  /**
   * Ends the membership, every iteration and `run`: handlers at work may end, what is finished is committed, and a dynamic
   * member leaves the group; a static one stays in it, to come back within the session timeout and have its partitions
   * again. Takes `timeoutMs` at most. Not to be awaited by a handler of `run`, for which it would wait.
   */
  close(options: CloseOptions = {}): Promise<void> {
    this.closed ??= this.finish(options)
    return this.closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  private get isClosed(): boolean {
    return this.closed !== null
  }

  private async finish(options: CloseOptions): Promise<void> {
    const { drain = true, timeoutMs = CLOSE_TIMEOUT_MS, leave = this.consumerId === null } = options
    const { runtime } = this.cluster
    const deadlineMs = runtime.nowMs() + timeoutMs
    const departure = { reason: 'the consumer was closed', timeoutMs }
    const departed = this.depart(leave ? 'leave' : 'stop', departure)
    if (!drain) this.runner?.abandonAll()
    try {
      // What cannot be told to the coordinator it will learn at the session's deadline: closing never fails over that.
      await departed.catch(() => {})
      await settledWithin(runtime, Math.max(0, deadlineMs - runtime.nowMs()), this.ran)
    } finally {
      this.stalls.stop()
      this.autoCommit.close()
      this.fetcher.close(closedReason())
      this.onClosed()
    }
  }

  private refuseIfClosed(): void {
    if (this.isClosed) throw closedReason()
  }

  private refuseIfRunning(what: string): void {
    if (this.runner !== null) {
      throw new GoQueueError(
        'INVALID_ARGUMENT',
        `${what}: run is at work and takes the records: await it, or use another consumer`,
      )
    }
  }

  /** Tells whether the member has left since. */
  private departureFrom(): () => boolean {
    const { departures } = this
    return () => this.isClosed || this.departures !== departures
  }

  private throwFailure(): void {
    const { failure } = this
    if (failure === null) return
    if (!this.member.isFenced) this.failure = null
    throw failure
  }

  /** Joins unless the member has joined or is about to. Throws, once, what ended the last membership; being fenced, always. */
  private ensureJoined(): void {
    this.throwFailure()
    this.stalls.start()
    this.member.start()
    this.member.lookAtClock()
  }

  private fail(error: Error): void {
    this.failure ??= error
    this.fetcher.notify()
  }

  private ended(error: Error, isTold: boolean): void {
    this.failure = isTold ? null : error
    this.stalls.stop()
    this.fetcher.notify()
  }

  private typed(record: ConsumerRecord): R | Promise<R> {
    const topic = this.subscription.typeOf(record.topic)
    return (topic === undefined ? record : decodeRecord(topic, record)) as R | Promise<R>
  }

  /** Where it is kept which records of a partition iterations have in hand; undefined where nobody asks, or it is not ours. */
  private trackerOf({ topic, partition, signal }: ConsumerRecord): OffsetTracker | undefined {
    if (!this.options.autoCommit) return undefined
    const lane = this.ownership.committable(topic, partition)
    if (lane === undefined || !lane.issued(signal)) return undefined
    const tracker = this.iterated.get(lane) ?? new OffsetTracker()
    this.iterated.set(lane, tracker)
    return tracker
  }

  private finishIterated(record: ConsumerRecord): void {
    const next = this.trackerOf(record)?.finish(record.offset) ?? null
    const lane = this.ownership.committable(record.topic, record.partition)
    if (next !== null) this.autoCommit.finish(lane!, next, this.options.autoCommitIntervalMs)
  }

  /** Whatever is left in hand is let go, finished offsets are committed, and the next reader goes on with what is not. */
  private async endRun(runner: RecordRunner): Promise<void> {
    for (const [lane, offset] of runner.firstOpen()) {
      if (this.fetcher.lane(lane.key) === lane) this.fetcher.jump(lane, offset)
    }
    runner.abandonAll()
    await settledWithin(this.cluster.runtime, CLOSE_TIMEOUT_MS, this.autoCommit.flush())
  }

  private laneOf(topic: string, partition: number): PartitionLane {
    const lane = this.fetcher.lane(partitionKey(topic, partition))
    if (lane === undefined) throw notAssigned(topic, partition, this.groupId)
    return lane
  }

  private lanesOf(topic: string, partition: number | undefined): PartitionLane[] {
    if (partition !== undefined) return [this.laneOf(topic, partition)]
    return Array.from(this.fetcher.all()).filter((lane) => lane.topic === topic)
  }

  private depart(kind: 'leave' | 'stop', departure: Departure, options: CallOptions = {}): Promise<void> {
    this.departing = this.endMembership(kind, departure, options)
    return this.departing
  }

  private async endMembership(kind: 'leave' | 'stop', departure: Departure, options: CallOptions): Promise<void> {
    const { runtime } = this.cluster
    const deadlineMs = runtime.nowMs() + departure.timeoutMs
    this.departures += 1
    this.runner?.stop()
    this.stalls.stop()
    await settledWithin(runtime, departure.timeoutMs, this.commits.idle())
    const leftMs = Math.max(0, deadlineMs - runtime.nowMs())
    await this.member.depart(kind, { ...departure, timeoutMs: leftMs }, options)
  }

  /** A commit that the application asks for: what is committed by itself stays behind it from now on (row I4). */
  private commitAsked(lane: PartitionLane, offset: number, metadata: string, options: CallOptions): Promise<void> {
    options.signal?.throwIfAborted()
    const before = lane.lastCommit
    lane.lastCommit = offset
    const committed = this.enqueueCommit(lane, offset, metadata)
    // Whether the application waits for it or not; and one whose outcome is not known may well have been made.
    committed.catch((error: unknown) => {
      if (lane.lastCommit === offset && !isRetriable(error)) lane.lastCommit = before
    })
    return orAborted(committed, options.signal)
  }

  private enqueueCommit(lane: PartitionLane, offset: number, metadata: string): Promise<void> {
    const { key, topic, partition, commitSignal: signal } = lane
    return this.commits.commit({ key, topic, partition, offset, metadata, signal })
  }

  private async committedOf(lanes: readonly PartitionLane[]): Promise<Map<string, number | null>> {
    const found = await fetchCommitted(this.cluster, this.groupId, groupByTopic(lanes))
    return new Map(found.map((item) => [partitionKey(item.topic, item.partition), item.committed?.offset ?? null]))
  }
}

function closedReason(): ClosedError {
  return new ClosedError('the group consumer is closed')
}

function notAssigned(topic: string, partition: number, groupId: string): GoQueueError {
  return new GoQueueError('NOT_ASSIGNED', `${topic}[${partition}] is not assigned to this member of group '${groupId}'`)
}
