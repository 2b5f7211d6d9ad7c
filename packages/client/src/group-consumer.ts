// The group consumer: runs the membership in the background, reads the partitions it is given, commits what is done.
import {
  encodeSubscription,
  type Assignor,
  type AssignorMember,
  type PartitionsByTopic,
  type PreviousAssignment,
} from '@goqueue/protocol'
import { newAdmin } from './admin.ts'
import type { LagOptions } from './admin/lag.ts'
import { backoffMs } from './backoff.ts'
import type { Cluster } from './cluster.ts'
import { CommitQueue, type QueuedCommit } from './commit-queue.ts'
import { fetchCommitted, type CommittedOffset } from './committed-offsets.ts'
import { diagnostics, type MembershipEvent } from './diagnostics.ts'
import { ClosedError, GoQueueError, isRetriable, KafkaError } from './errors.ts'
import { Fetcher } from './fetcher.ts'
import {
  areCooperative,
  eagerAdvice,
  makeAssignments,
  readMembers,
  resolveAssignors,
  subscribedTopics,
} from './group-assignment.ts'
import type { GroupLag } from './group-lag.ts'
import { GroupRequests, type MemberIdentity } from './group-requests.ts'
import {
  newMembership,
  nextDeadlineMs,
  step,
  type JoinedMember,
  type Membership,
  type MembershipEffect,
  type MembershipInput,
  type ReleaseReason,
} from './membership.ts'
import type { CheckedGroupConsumerOptions } from './options.ts'
import type { PartitionLane } from './partition-lane.ts'
import { groupByTopic, partitionKey, type ConsumerRecord } from './record.ts'
import { RecordIterator, type RecordSource } from './record-iterator.ts'
import type { Alarm } from './runtime.ts'
import { Deferred, orAborted, settledWithin, type CallOptions } from './waiting.ts'

/** A subscribed topic that does not exist yet is looked for this often by the leader. */
const MISSING_TOPIC_CHECK_MS = 1_000
/** How long `close` waits for a coordinator that does not answer: for commits under way, and for the leave. */
const CLOSE_PATIENCE_MS = 5_000

const NEVER_ASSIGNED: PreviousAssignment = { partitions: new Map(), generationId: -1 }

/** Partition numbers by topic. */
export type GroupAssignment = Record<string, number[]>

/** What an attempt gives, but for what the attempt itself knows. */
type AttemptOutcome<K extends MembershipInput['kind']> = Omit<
  Extract<MembershipInput, { kind: K }>,
  'requestId' | 'retryDelayMs'
>

/** Makes one: a door for the client alone, since the constructor is nobody else's business. */
export let newGroupConsumer: (
  cluster: Cluster,
  options: CheckedGroupConsumerOptions,
  name: string,
  onClosed: () => void,
) => GroupConsumer

/**
 * Made by `client.groupConsumer()`. From `joinGroup()`, or the first iteration, until `leaveGroup()` or `close()` the
 * membership lives in the background, iterated or not: it heartbeats on its own timer and rejoins by itself.
 */
export class GroupConsumer implements AsyncIterable<ConsumerRecord> {
  readonly groupId: string
  /** The static member's id, or null. */
  readonly consumerId: string | null
  private readonly cluster: Cluster
  private readonly options: CheckedGroupConsumerOptions
  private readonly assignors: ReadonlyMap<string, Assignor>
  private readonly membership: Membership
  private readonly requests: GroupRequests
  private readonly fetcher: Fetcher
  private readonly commits: CommitQueue
  private readonly onClosed: () => void
  /** Settled with the next assignment, for those who wait in `joinGroup`. */
  private assigned: Deferred<void> | null = null
  private joinsWaiting = 0
  private failures = 0
  private failingSinceMs: number | null = null
  private hasJoinedOnce = false
  private failure: Error | null = null
  /** What `lag` observed last. */
  private lastLag: GroupLag | null = null
  /** Counts the times this member left: an iteration ends when that happens, and a new one joins again. */
  private departures = 0
  private leaving: Promise<void> = Promise.resolve()
  /** The last assignment that was in force: an eager member has given it up by the time its assignor asks for it. */
  private previous = NEVER_ASSIGNED
  /** Settles, never by rejecting, when the callbacks called so far are done. */
  private callbacks: Promise<void> = Promise.resolve()
  /** Settles when what is being given up before the member rejoins or leaves is given up. */
  private revoking: Promise<void> = Promise.resolve()
  /** Given up to others, but not before the revoke callback is done: until then it may commit. */
  private readonly disowning = new Map<string, PartitionLane>()
  /** Resolved when the membership has moved on, for commits that the coordinator would not take now. */
  private moved: Deferred<void> | null = null
  private hasAdvised = false
  private departure = { reason: '', timeoutMs: CLOSE_PATIENCE_MS }
  private alarm: Alarm | null = null
  private watch: Alarm | null = null
  private isClosed = false

  static {
    newGroupConsumer = (cluster, options, name, onClosed) => new GroupConsumer(cluster, options, name, onClosed)
  }

  private constructor(cluster: Cluster, options: CheckedGroupConsumerOptions, name: string, onClosed: () => void) {
    this.cluster = cluster
    this.options = options
    this.groupId = options.groupId
    this.consumerId = options.consumerId ?? null
    this.assignors = resolveAssignors(options.assignors)
    this.onClosed = onClosed
    const { sessionTimeoutMs, heartbeatIntervalMs, rebalanceTimeoutMs } = options
    const isStatic = this.consumerId !== null
    const isCooperative = areCooperative(this.assignors.values())
    this.membership = newMembership({ isStatic, isCooperative, sessionTimeoutMs, heartbeatIntervalMs })
    this.requests = new GroupRequests(cluster, {
      groupId: this.groupId,
      groupInstanceId: this.consumerId,
      sessionTimeoutMs,
      rebalanceTimeoutMs,
      name,
    })
    this.fetcher = new Fetcher(cluster, {
      ...options,
      name,
      committed: (lanes) => this.committedOf(lanes),
      isPatient: true,
    })
    this.commits = new CommitQueue((commits) => this.sendCommits(commits))
  }

  /** The id that the coordinator gave this member, or null while it has none. */
  get memberId(): string | null {
    return this.membership.memberId === '' ? null : this.membership.memberId
  }

  /** The generation in which the present assignment was made; -1 before the first. */
  get generationId(): number {
    return this.membership.generationId
  }

  /**
   * Joins the group and resolves with the first assignment; resolves at once where there is one. Rejects when the group
   * cannot be joined, when its coordinator cannot be reached for `timeoutMs`, and, for good, with FENCED_INSTANCE_ID.
   * A signal ends the wait, not the membership.
   */
  async joinGroup(options: CallOptions = {}): Promise<void> {
    this.refuseIfClosed()
    options.signal?.throwIfAborted()
    if (this.membership.isOwner) return
    this.start()
    this.assigned ??= new Deferred<void>().quiet()
    this.joinsWaiting += 1
    try {
      await orAborted(this.assigned.promise, options.signal)
    } finally {
      this.joinsWaiting -= 1
    }
  }

  /** The partitions that are this member's now, by topic; empty while it has none. */
  getAssignment(): GroupAssignment {
    return partitionsOf(this.fetcher.all())
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
    const key = partitionKey(topic, partition)
    // While `close` gives the partitions up, what was done with them may still be committed.
    if (!this.disowning.has(key)) this.refuseIfClosed()
    if (!Number.isSafeInteger(offset) || offset < 0) {
      throw new GoQueueError('INVALID_ARGUMENT', `commitOffset: offset ${String(offset)} is not a number from 0`)
    }
    const lane = this.fetcher.lane(key) ?? this.disowning.get(key)
    if (lane === undefined) throw this.failure ?? notAssigned(topic, partition, this.groupId)
    await this.enqueueCommit(lane, offset, metadata, options)
  }

  /** Commits a record as done: `record.offset + 1`. Rejects with the signal's reason once the record's signal has fired. */
  async commit(record: ConsumerRecord<unknown, unknown>, options: CallOptions = {}): Promise<void> {
    this.refuseIfClosed()
    const lane = this.fetcher.lane(partitionKey(record.topic, record.partition))
    record.signal.throwIfAborted()
    if (lane === undefined || lane.signal !== record.signal) {
      throw notAssigned(record.topic, record.partition, this.groupId)
    }
    await this.enqueueCommit(lane, record.offset + 1, '', options)
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
   * How far the whole group is behind, as `admin.lag` says it; this member's own share stands in `members`. From the second
   * call on it says how long it will take, by what was committed since the call before; `previous` overrules that.
   */
  async lag(options: LagOptions = {}): Promise<GroupLag> {
    this.refuseIfClosed()
    const { previous = this.lastLag, signal } = options
    this.lastLag = await newAdmin(this.cluster).lag(this.groupId, { previous, signal })
    return this.lastLag
  }

  /**
   * Records of the partitions that are this member's; joins if it has not, and follows every rebalance. A record counts
   * as finished when the next one is asked for; nothing is committed by itself. `break` stops the delivery and does not
   * leave the group. Ends when the member leaves or is closed; rejects when the membership cannot go on.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<ConsumerRecord> {
    return this.records()
  }

  /** As iterating the group consumer itself, with a signal that ends the wait by rejecting with its reason. */
  records(options: CallOptions = {}): AsyncIterableIterator<ConsumerRecord> {
    this.refuseIfClosed()
    const { fetcher, departures } = this
    const hasLeft = () => this.isClosed || this.departures !== departures
    const source: RecordSource = {
      take: () => {
        if (hasLeft()) return null
        this.start()
        return fetcher.take()
      },
      changed: () => fetcher.changed(),
      get isEnded() {
        return hasLeft()
      },
    }
    return new RecordIterator(source, options.signal)
  }

  /** Goes on from another offset of a partition that is this member's; what was fetched before is dropped. */
  seek(topic: string, partition: number, offset: number | 'earliest' | 'latest'): void {
    this.refuseIfClosed()
    const lane = this.laneOf(topic, partition)
    if (typeof offset === 'number' && (!Number.isSafeInteger(offset) || offset < 0)) {
      throw new GoQueueError('INVALID_ARGUMENT', `seek: offset ${offset} is not a number from 0`)
    }
    this.fetcher.jump(lane, offset)
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
    for (const lane of this.lanesOf(topic, partition)) this.fetcher.resume(lane)
  }

  /** Leaves the group, static or not: its partitions go to others at once. Iterations end. Commits under way are awaited. */
  async leaveGroup(options: CallOptions = {}): Promise<void> {
    this.refuseIfClosed()
    this.departure = { reason: 'the application left the group', timeoutMs: this.cluster.timeoutMs }
    await this.depart('leave', options)
  }

  /**
   * Ends the membership and every iteration. A dynamic member leaves the group; a static one stays in it, to come back
   * within the session timeout and have its partitions again. `leave` overrules both (KIP-1092).
   */
  async close(options: { readonly leave?: boolean | undefined } = {}): Promise<void> {
    if (this.isClosed) return
    this.isClosed = true
    const isLeaving = options.leave ?? this.consumerId === null
    try {
      // What cannot be told to the coordinator it will learn at the session's deadline: closing never fails over that.
      this.departure = { reason: 'the consumer was closed', timeoutMs: CLOSE_PATIENCE_MS }
      await this.depart(isLeaving ? 'leave' : 'stop', {}).catch(() => {})
    } finally {
      this.fetcher.close(closedReason())
      this.onClosed()
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  private refuseIfClosed(): void {
    if (this.isClosed) throw closedReason()
  }

  /** Joins unless the member has joined or is about to. Throws, once, what ended the last membership; being fenced, always. */
  private start(): void {
    const { failure } = this
    if (failure !== null) {
      if (!this.membership.isFenced) this.failure = null
      throw failure
    }
    if (this.membership.phase !== 'out' && this.membership.phase !== 'ended') return
    this.hasJoinedOnce = false
    this.failingSinceMs = null
    this.advise()
    this.submit({ kind: 'start' })
  }

  private advise(): void {
    const advice = eagerAdvice(this.assignors)
    if (advice === null || this.hasAdvised) return
    this.hasAdvised = true
    this.report('eager', { message: `${this.path}: this member ${advice}` })
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

  private async depart(kind: 'leave' | 'stop', options: CallOptions): Promise<void> {
    this.departures += 1
    await settledWithin(this.cluster.runtime, this.departure.timeoutMs, this.commits.idle())
    this.watch?.cancel()
    this.submit({ kind })
    await settledWithin(this.cluster.runtime, this.departure.timeoutMs, this.revoking)
    this.disown(this.disowning.values())
    if (this.membership.phase === 'leaving') {
      this.submit({ kind: 'released', requestId: this.membership.requestId })
    }
    this.previous = NEVER_ASSIGNED
    this.assigned?.reject(new ClosedError(`group '${this.groupId}': the member left before it was assigned`))
    this.assigned = null
    this.fetcher.notify()
    await orAborted(this.leaving, options.signal)
  }

  private submit(input: MembershipInput): void {
    const effects = step(this.membership, input, this.cluster.runtime.nowMs())
    const { phase } = this.membership
    if (phase === 'joining' || phase === 'out' || phase === 'ended') this.disown(this.disowning.values())
    for (const effect of effects) this.perform(effect)
    this.moved?.resolve()
    this.moved = null
    this.setAlarm()
  }

  private setAlarm(): void {
    this.alarm?.cancel()
    this.alarm = null
    const { runtime } = this.cluster
    const deadlineMs = nextDeadlineMs(this.membership)
    if (deadlineMs === Infinity) return
    this.alarm = runtime.setAlarm(Math.max(0, deadlineMs - runtime.nowMs()), () => this.submit({ kind: 'tick' }))
  }

  private perform(effect: MembershipEffect): void {
    switch (effect.kind) {
      case 'join':
        void this.attempt(effect.requestId, () => this.join(effect.memberId, effect.reason))
        return
      case 'assign':
        void this.attempt(effect.requestId, () => this.assign(effect.protocolName, effect.members))
        return
      case 'sync':
        void this.attempt(effect.requestId, () => this.requests.sync(effect, effect.assignments))
        return
      case 'heartbeat':
        void this.heartbeat(effect)
        return
      case 'own':
        this.own(effect)
        return
      case 'release':
        this.release(effect)
        return
      case 'dropHeld':
        this.requests.dropHeld()
        return
      case 'leave':
        this.leaving = this.requests.leave(effect.memberId, this.departure.reason, this.departure)
        this.leaving.catch(() => {})
        this.report('left')
        return
      case 'end':
        this.end(effect.error ?? new KafkaError(effect.errorCode ?? 'UNKNOWN_SERVER_ERROR', 'JoinGroup', this.path))
        return
      default:
        effect satisfies never
    }
  }

  /** Runs one attempt of the join protocol and hands its outcome to the machine. */
  private async attempt<K extends 'joinAnswered' | 'assignmentMade' | 'syncAnswered'>(
    requestId: number,
    run: () => Promise<AttemptOutcome<K>>,
  ): Promise<void> {
    const { runtime } = this.cluster
    try {
      const outcome = await run()
      this.failures += 1
      const retryDelayMs = backoffMs(this.failures, runtime.random())
      this.failingSinceMs = null
      this.submit({ ...outcome, requestId, retryDelayMs } as MembershipInput)
    } catch (error) {
      this.failures += 1
      this.failingSinceMs ??= runtime.nowMs()
      const isHopeless = !this.hasJoinedOnce && runtime.nowMs() - this.failingSinceMs >= this.cluster.timeoutMs
      if (!isRetriable(error) || isHopeless) {
        this.submit({ kind: 'attemptImpossible', requestId, error: error as Error })
        return
      }
      diagnostics.retry({ what: `join ${this.path}`, attempt: this.failures, error })
      const retryDelayMs = backoffMs(this.failures, runtime.random())
      this.submit({ kind: 'attemptFailed', requestId, retryDelayMs })
    }
  }

  private async join(memberId: string, reason: string): Promise<AttemptOutcome<'joinAnswered'>> {
    this.report('rejoining')
    // A static member that leaves and comes back must be gone before it is there again.
    await this.leaving.catch(() => {})
    const { topics } = this.options
    const ownedPartitions = this.ownedPartitions()
    // Of two who claim a partition the newer generation holds: it is the one in which the claim was true (row I1).
    const { generationId } = this.previous
    const protocols = Array.from(this.assignors, ([name, assignor]) => {
      const userData = assignor.subscriptionUserData?.(this.previous) ?? null
      return { name, metadata: encodeSubscription({ topics, userData, ownedPartitions, generationId }) }
    })
    const answer = await this.requests.join({ memberId, protocols, reason })
    if (answer.errorCode === 'INCONSISTENT_GROUP_PROTOCOL') throw await this.inconsistentProtocol()
    // KIP-814: the leader that came back need not assign, but it still leads.
    if (answer.skipAssignment) await this.lead(readMembers(answer.members))
    return answer
  }

  private async inconsistentProtocol(): Promise<KafkaError> {
    const inUse = await this.requests.protocolInUse({ timeoutMs: this.cluster.timeoutMs }).catch(() => '')
    const offered = Array.from(this.assignors.keys(), (name) => `'${name}'`).join(', ')
    const advice =
      inUse === ''
        ? `this member offers ${offered}, and the group's other members have none of them: set assignors to what all have`
        : `the group runs '${inUse}' and this member offers ${offered}: set assignors: ['${inUse}']. To change over, give every member both first`
    return new KafkaError('INCONSISTENT_GROUP_PROTOCOL', 'JoinGroup', this.path, advice)
  }

  private ownedPartitions(): PartitionsByTopic {
    return new Map(
      Array.from(groupByTopic(this.fetcher.all()), ([topic, lanes]) => [topic, lanes.map((lane) => lane.partition)]),
    )
  }

  private async assign(
    protocolName: string,
    joined: readonly JoinedMember[],
  ): Promise<AttemptOutcome<'assignmentMade'>> {
    const assignor = this.assignors.get(protocolName)
    if (assignor === undefined) {
      const explanation = `the group chose '${protocolName}', which this member did not offer`
      throw new KafkaError('INCONSISTENT_GROUP_PROTOCOL', 'JoinGroup', this.path, explanation)
    }
    const members = readMembers(joined)
    const partitions = await this.lead(members)
    return { kind: 'assignmentMade', assignments: makeAssignments(assignor, members, partitions) }
  }

  /** Learns how many partitions the members' topics have, and keeps an eye on them. */
  private async lead(members: readonly AssignorMember[]): Promise<ReadonlyMap<string, number>> {
    const topics = subscribedTopics(members)
    await this.cluster.retrying(`topics of ${this.path}`, {}, () => this.cluster.refresh(topics))
    const partitions = this.partitionCounts(topics)
    this.watchTopics(topics, partitions)
    return partitions
  }

  private partitionCounts(topics: readonly string[]): Map<string, number> {
    const counts = new Map<string, number>()
    for (const topic of topics) {
      const known = this.cluster.knownTopic(topic)
      if (known !== undefined) counts.set(topic, known.partitions.length)
    }
    return counts
  }

  /** As leader: asks for the topics of the group now and then, and has the group rejoin when there is more to share out. */
  private watchTopics(topics: readonly string[], counts: ReadonlyMap<string, number>): void {
    this.watch?.cancel()
    const { metadataMaxAgeMs, runtime } = this.cluster
    const isComplete = topics.every((topic) => counts.has(topic))
    const delayMs = isComplete ? metadataMaxAgeMs : Math.min(MISSING_TOPIC_CHECK_MS, metadataMaxAgeMs)
    this.watch = runtime.setAlarm(delayMs, () => void this.checkTopics(topics, counts))
  }

  private async checkTopics(topics: readonly string[], counts: ReadonlyMap<string, number>): Promise<void> {
    try {
      await this.cluster.refresh(topics)
    } catch (error) {
      diagnostics.retry({ what: `topics of ${this.path}`, attempt: 1, error })
    }
    if (!this.membership.isLeader || this.isClosed) return
    const now = this.partitionCounts(topics)
    const isUnchanged = topics.every((topic) => now.get(topic) === counts.get(topic))
    this.watchTopics(topics, counts)
    if (!isUnchanged) this.submit({ kind: 'partitionsChanged' })
  }

  private async heartbeat(effect: Extract<MembershipEffect, { kind: 'heartbeat' }>): Promise<void> {
    const { requestId } = effect
    try {
      const errorCode = await this.requests.heartbeat(effect)
      this.submit({ kind: 'heartbeatAnswered', requestId, errorCode })
    } catch (error) {
      diagnostics.retry({ what: `heartbeat of ${this.path}`, attempt: 1, error })
      this.submit({ kind: 'heartbeatFailed', requestId })
    }
  }

  private own({ added, assignment, generationId }: Extract<MembershipEffect, { kind: 'own' }>): void {
    this.previous = { partitions: assignment, generationId }
    const lanes: PartitionLane[] = []
    for (const [topic, partitions] of added) {
      for (const partition of new Set(partitions)) lanes.push(this.fetcher.add(topic, partition, 'default'))
    }
    const told = this.tell('onPartitionsAssigned', lanes)
    if (told !== null) {
      for (const lane of lanes) lane.isAnnounced = false
      void told.then(() => this.fetcher.announced(lanes))
    }
    this.failures = 0
    this.hasJoinedOnce = true
    this.assigned?.resolve()
    this.assigned = null
    this.report('joined')
    this.fetcher.notify()
  }

  /** The partitions are ours no more: their signals fire, and nothing buffered of them is delivered (rows I3, I20). */
  private release({
    partitions,
    reason,
    mustConfirm,
    requestId,
  }: Extract<MembershipEffect, { kind: 'release' }>): void {
    const error = this.releaseError(reason)
    const lanes = Array.from(this.fetcher.all()).filter((lane) => partitions.get(lane.topic)?.includes(lane.partition))
    const isOrderly = reason === 'REBALANCE_IN_PROGRESS' || reason === 'CLOSED'
    for (const lane of lanes) this.fetcher.stop(lane, error)
    const told = this.tell(isOrderly ? 'onPartitionsRevoked' : 'onPartitionsLost', lanes)
    if (told !== null && mustConfirm) {
      for (const lane of lanes) this.disowning.set(lane.key, lane)
      this.revoking = settledWithin(this.cluster.runtime, this.options.rebalanceTimeoutMs, told).then(() => {
        this.disown(lanes)
        this.submit({ kind: 'released', requestId })
      })
      return
    }
    this.disown(lanes)
    if (!isOrderly) this.report('lost', { error })
    if (mustConfirm) this.submit({ kind: 'released', requestId })
  }

  /** What was given up may be another's from now on, so that nothing of it is committed (row I3). */
  private disown(lanes: Iterable<PartitionLane>): void {
    for (const lane of lanes) {
      lane.disown(lane.signal.reason as Error)
      if (this.disowning.get(lane.key) === lane) this.disowning.delete(lane.key)
    }
  }

  /** Calls a callback after those before it; null where there is none, or nothing to tell. Never rejects. */
  private tell(
    callback: 'onPartitionsAssigned' | 'onPartitionsRevoked' | 'onPartitionsLost',
    lanes: readonly PartitionLane[],
  ): Promise<void> | null {
    const call = this.options[callback]
    if (call === undefined || lanes.length === 0) return null
    const partitions = partitionsOf(lanes)
    this.callbacks = this.callbacks
      .then(() => call(partitions))
      .catch((error: unknown) => {
        this.failure ??= error as Error
        this.fetcher.notify()
      })
    return this.callbacks
  }

  private releaseError(reason: ReleaseReason): GoQueueError {
    if (reason === 'CLOSED') return closedReason()
    if (reason === 'FENCED_INSTANCE_ID') return new KafkaError(reason, 'Heartbeat', this.path)
    if (reason === 'SESSION_EXPIRED') {
      const { sessionTimeoutMs } = this.options
      const message = `${this.path}: no heartbeat was answered for ${sessionTimeoutMs} ms; the partitions may be another's`
      return new GoQueueError('SESSION_EXPIRED', message)
    }
    const cause = reason === 'REBALANCE_IN_PROGRESS' ? undefined : new KafkaError(reason, 'Heartbeat', this.path)
    return new GoQueueError('PARTITION_REVOKED', `${this.path}: the group rebalances; the partition was given up`, {
      cause,
    })
  }

  private end(error: Error): void {
    this.watch?.cancel()
    this.report('failed', { error })
    // Told once: to those who wait in joinGroup, or else to the iteration. Being fenced is told to everybody, for good.
    this.failure = this.joinsWaiting > 0 && !this.membership.isFenced ? null : error
    this.assigned?.reject(error)
    this.assigned = null
    this.fetcher.notify()
  }

  private async enqueueCommit(
    lane: PartitionLane,
    offset: number,
    metadata: string,
    options: CallOptions,
  ): Promise<void> {
    options.signal?.throwIfAborted()
    const { topic, partition, commitSignal: signal } = lane
    await orAborted(this.commits.commit({ topic, partition, offset, metadata, signal }), options.signal)
  }

  private async sendCommits(commits: readonly QueuedCommit[]): Promise<void> {
    await this.requests.commit(
      () => this.identity(),
      commits,
      (errorCode, { generationId }) => {
        this.submit({ kind: 'commitRefused', generationId, errorCode })
        // One that kept its partitions commits again as a member of the generation to come.
        const isOver = errorCode === 'REBALANCE_IN_PROGRESS' || errorCode === 'ILLEGAL_GENERATION'
        return isOver && this.membership.isCooperative && this.membership.isOwner
      },
    )
  }

  /** Who commits. Between the answer to a join and the assignment the coordinator takes no commits: it is waited for. */
  private async identity(): Promise<MemberIdentity> {
    const { membership } = this
    while (membership.isOwner && (membership.phase === 'assigning' || membership.phase === 'syncing')) {
      this.moved ??= new Deferred<void>()
      await this.moved.promise
    }
    const { memberId, generationId } = membership
    return { memberId, generationId }
  }

  private async committedOf(lanes: readonly PartitionLane[]): Promise<Map<string, number | null>> {
    const found = await fetchCommitted(this.cluster, this.groupId, groupByTopic(lanes))
    return new Map(found.map((item) => [partitionKey(item.topic, item.partition), item.committed?.offset ?? null]))
  }

  private get path(): string {
    return `group '${this.groupId}'`
  }

  private report(
    state: MembershipEvent['state'],
    details: { readonly message?: string; readonly error?: Error } = {},
  ): void {
    const { memberId, generationId } = this.membership
    const { groupId, consumerId } = this
    diagnostics.membership({ groupId, memberId, consumerId, state, generationId, ...details })
  }
}

function partitionsOf(lanes: Iterable<PartitionLane>): GroupAssignment {
  const byTopic = [...groupByTopic(lanes)].sort(([left], [right]) => (left < right ? -1 : 1))
  return Object.fromEntries(
    byTopic.map(([topic, ofTopic]) => [
      topic,
      ofTopic.map(({ partition }) => partition).sort((left, right) => left - right),
    ]),
  )
}

function closedReason(): ClosedError {
  return new ClosedError('the group consumer is closed')
}

function notAssigned(topic: string, partition: number, groupId: string): GoQueueError {
  return new GoQueueError('NOT_ASSIGNED', `${topic}[${partition}] is not assigned to this member of group '${groupId}'`)
}
