// Runs the membership machine of one group member: performs what it asks for, and tells it what came of that.
import { encodeSubscription, type Assignor, type AssignorMember, type PreviousAssignment } from '@goqueue/protocol'
import { backoffMs } from './backoff.ts'
import type { Cluster } from './cluster.ts'
import type { QueuedCommit } from './commit-queue.ts'
import { diagnostics, type MembershipEvent } from './diagnostics.ts'
import { ClosedError, GoQueueError, isRetriable, KafkaError } from './errors.ts'
import {
  areCooperative,
  eagerAdvice,
  makeAssignments,
  readMembers,
  resolveAssignors,
  subscribedTopics,
  unownedPartitions,
} from './group-assignment.ts'
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
import { OwnerWatch } from './owner-watch.ts'
import type { Ownership } from './ownership.ts'
import type { Alarm } from './runtime.ts'
import type { Subscription } from './subscription.ts'
import { clusterTopics, partitionCounts, TopicWatch } from './topic-watch.ts'
import { Deferred, orAborted, settledWithin, type CallOptions } from './waiting.ts'

const NEVER_ASSIGNED: PreviousAssignment = { partitions: new Map(), generationId: -1 }
/** Of the time there is for leaving, this part may go into giving partitions up: the rest is for telling the coordinator. */
const GIVING_UP = 0.9

const OTHER_TOPICS = 'other topics match its patterns'

/** What an attempt gives, but for what the attempt itself knows. */
type AttemptOutcome<K extends MembershipInput['kind']> = Omit<
  Extract<MembershipInput, { kind: K }>,
  'requestId' | 'retryDelayMs'
>

export interface GroupMemberOptions {
  readonly cluster: Cluster
  readonly options: CheckedGroupConsumerOptions
  /** Tells this member's connections from those of others in this client. */
  readonly name: string
  readonly subscription: Subscription
  readonly ownership: Ownership
  /** Something may be there to deliver, or has ended. */
  readonly onChange: () => void
  /** The membership has ended; `isTold` where those who wait to join are told. */
  readonly onEnd: (error: Error, isTold: boolean) => void
}

export interface Departure {
  readonly reason: string
  /** For giving up the partitions, and for the coordinator to answer. */
  readonly timeoutMs: number
}

/** Lives in the background from `start` until `depart`: heartbeats on its own timer, and rejoins by itself. */
export class GroupMember {
  private readonly cluster: Cluster
  private readonly options: CheckedGroupConsumerOptions
  private readonly subscription: Subscription
  private readonly ownership: Ownership
  private readonly hooks: Pick<GroupMemberOptions, 'onChange' | 'onEnd'>
  private readonly assignors: ReadonlyMap<string, Assignor>
  private readonly membership: Membership
  private readonly requests: GroupRequests
  private readonly ledTopics: TopicWatch
  private readonly patternTopics: TopicWatch
  private readonly owners: OwnerWatch
  /** Settled with the next assignment, for those who wait to join. */
  private assigned: Deferred<void> | null = null
  private joinsWaiting = 0
  private failures = 0
  private failingSinceMs: number | null = null
  private hasJoinedOnce = false
  private leaving: Promise<void> = Promise.resolve()
  /** The last assignment that was in force: an eager member has given it up by the time its assignor asks for it. */
  private previous = NEVER_ASSIGNED
  /** Settles when what is being given up before the member rejoins or leaves is given up. */
  private revoking: Promise<void> = Promise.resolve()
  /** Resolved when the membership has moved on, for commits that the coordinator would not take now. */
  private moved: Deferred<void> | null = null
  private hasAdvised = false
  private departure: { readonly reason: string; readonly deadlineMs: number } | null = null
  /** What the last JoinGroup said: patterns may have come to match other topics while it was held. */
  private joinedTopics: readonly string[] = []
  private alarm: Alarm | null = null

  constructor({ cluster, options, name, subscription, ownership, onChange, onEnd }: GroupMemberOptions) {
    this.cluster = cluster
    this.options = options
    this.subscription = subscription
    this.ownership = ownership
    this.hooks = { onChange, onEnd }
    this.assignors = resolveAssignors(options.assignors)
    const { groupId, sessionTimeoutMs, heartbeatIntervalMs, rebalanceTimeoutMs } = options
    const groupInstanceId = options.consumerId ?? null
    const isStatic = groupInstanceId !== null
    const isCooperative = areCooperative(this.assignors.values())
    this.membership = newMembership({
      isStatic,
      isCooperative,
      // One that does not rejoin in time is put out, however long its session: it gives its partitions up by then.
      sessionTimeoutMs: Math.min(sessionTimeoutMs, rebalanceTimeoutMs),
      heartbeatIntervalMs,
    })
    this.requests = new GroupRequests(cluster, { groupId, groupInstanceId, sessionTimeoutMs, rebalanceTimeoutMs, name })
    this.ledTopics = new TopicWatch(cluster, `topics of ${this.path}`)
    this.patternTopics = new TopicWatch(cluster, `topics for the patterns of ${this.path}`)
    this.owners = new OwnerWatch(cluster, `owners in ${this.path}`)
  }

  /** Empty while the coordinator has given none. */
  get memberId(): string {
    return this.membership.memberId
  }

  get generationId(): number {
    return this.membership.generationId
  }

  /** Whether the first assignment is on its way. */
  get isFirstAwaited(): boolean {
    const { phase } = this.membership
    return !this.hasJoinedOnce && phase !== 'out' && phase !== 'ended' && phase !== 'leaving'
  }

  get isFenced(): boolean {
    return this.membership.isFenced
  }

  /** Joined, or about to be. */
  private get isIn(): boolean {
    const { phase } = this.membership
    return phase !== 'out' && phase !== 'ended' && phase !== 'leaving'
  }

  get path(): string {
    return `group '${this.options.groupId}'`
  }

  /** Resolves with the first assignment, or at once where there is one. A signal ends the wait, not the membership. */
  async join(options: CallOptions): Promise<void> {
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

  /** Joins unless the member has joined or is about to. */
  start(): void {
    if (this.membership.phase !== 'out' && this.membership.phase !== 'ended') return
    this.hasJoinedOnce = false
    this.failingSinceMs = null
    this.departure = null
    this.advise()
    this.submit({ kind: 'start' })
  }

  /**
   * To be called before anything is done in the member's name: a process that stood still acts first and hears its timers
   * later, and what was its own may be another's.
   */
  lookAtClock(): void {
    const { isOwner, sessionDeadlineMs } = this.membership
    if (isOwner && this.cluster.runtime.nowMs() >= sessionDeadlineMs) this.submit({ kind: 'tick' })
  }

  /** Gives the partitions up and joins again, to start over. */
  rejoin(reason: string): void {
    this.submit({ kind: 'rejoin', reason })
  }

  /** Ends the membership, telling the coordinator or not. Rejects when the coordinator could not be told. */
  async depart(kind: 'leave' | 'stop', departure: Departure, options: CallOptions = {}): Promise<void> {
    const { runtime } = this.cluster
    this.departure = { reason: departure.reason, deadlineMs: runtime.nowMs() + departure.timeoutMs }
    this.ledTopics.cancel()
    this.patternTopics.cancel()
    this.owners.cancel()
    this.submit({ kind })
    await settledWithin(runtime, departure.timeoutMs * GIVING_UP, this.revoking)
    this.ownership.disownLeaving()
    if (this.membership.phase === 'leaving') {
      this.submit({ kind: 'released', requestId: this.membership.requestId })
    }
    this.previous = NEVER_ASSIGNED
    this.assigned?.reject(new ClosedError(`${this.path}: the member left before it was assigned`))
    this.assigned = null
    this.hooks.onChange()
    await orAborted(this.leaving, options.signal)
  }

  /** Commits for this member; settles the outcome of each. */
  commit(commits: Map<string, QueuedCommit>): Promise<void> {
    return this.requests.commit(
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

  private advise(): void {
    const advice = eagerAdvice(this.assignors)
    if (advice === null || this.hasAdvised) return
    this.hasAdvised = true
    this.report('eager', { message: `${this.path}: this member ${advice}` })
  }

  private submit(input: MembershipInput): void {
    const effects = step(this.membership, input, this.cluster.runtime.nowMs())
    const { phase } = this.membership
    if (phase === 'joining' || phase === 'out' || phase === 'ended') this.ownership.disownLeaving()
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
        void this.attempt(effect.requestId, () => this.sendJoin(effect))
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
        this.leave(effect.memberId)
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

  private async sendJoin({
    requestId,
    memberId,
    reason,
  }: Extract<MembershipEffect, { kind: 'join' }>): Promise<AttemptOutcome<'joinAnswered'>> {
    this.report('rejoining')
    // A static member that leaves and comes back must be gone before it is there again.
    await this.leaving.catch(() => {})
    await this.matchPatterns()
    // It has left meanwhile: nobody would answer to what it joins now.
    if (this.membership.requestId !== requestId) throw new ClosedError(`${this.path}: the member left before it joined`)
    const { topics } = this.subscription
    this.joinedTopics = topics
    const ownedPartitions = this.ownership.byTopic()
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
    const inUse = await this.requests.describe({ timeoutMs: this.cluster.timeoutMs }).then(
      ({ assignor }) => assignor,
      () => '',
    )
    const offered = Array.from(this.assignors.keys(), (name) => `'${name}'`).join(', ')
    const advice =
      inUse === ''
        ? `this member offers ${offered}, and the group's other members have none of them: set assignors to what all have`
        : `the group runs '${inUse}' and this member offers ${offered}: set assignors: ['${inUse}']. To change over, give every member both first`
    return new KafkaError('INCONSISTENT_GROUP_PROTOCOL', 'JoinGroup', this.path, advice)
  }

  /** Learns which topics the patterns match now, and looks again later whether that has changed. */
  private async matchPatterns(): Promise<void> {
    const { subscription } = this
    if (!subscription.hasPatterns) return
    subscription.update(await clusterTopics(this.cluster))
    if (!this.isIn) return
    this.patternTopics.start(subscription.hasMatches, async () => {
      const hasChanged = subscription.update(await clusterTopics(this.cluster))
      if (hasChanged) this.rejoin(OTHER_TOPICS)
      return { isComplete: subscription.hasMatches }
    })
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

  /** Learns how many partitions the members' topics have; has the group rejoin when there is more to share out. */
  private async lead(members: readonly AssignorMember[]): Promise<ReadonlyMap<string, number>> {
    const topics = subscribedTopics(members)
    await this.cluster.retrying(`topics of ${this.path}`, {}, () => this.cluster.refresh(topics))
    const counts = partitionCounts(this.cluster, topics)
    const isComplete = topics.every((topic) => counts.has(topic))
    if (!this.isIn) return counts
    this.ledTopics.start(isComplete, async () => {
      await this.cluster.refresh(topics)
      if (!this.membership.isLeader) return null
      const now = partitionCounts(this.cluster, topics)
      if (topics.some((topic) => now.get(topic) !== counts.get(topic))) this.submit({ kind: 'partitionsChanged' })
      return { isComplete }
    })
    return counts
  }

  private watchOwners(): void {
    if (!this.membership.isLeader) {
      this.owners.cancel()
      return
    }
    const look = async () => {
      const { state, members } = await this.requests.describe({ timeoutMs: this.cluster.timeoutMs })
      const counts = partitionCounts(this.cluster, subscribedTopics(readMembers(members)))
      return state === 'Stable' ? unownedPartitions(members, counts) : new Set<string>()
    }
    this.owners.start(this.options.sessionTimeoutMs, look, () => this.submit({ kind: 'partitionsChanged' }))
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
    this.ownership.take(added)
    this.failures = 0
    this.hasJoinedOnce = true
    this.assigned?.resolve()
    this.assigned = null
    this.report('joined')
    this.watchOwners()
    this.hooks.onChange()
    if (this.subscription.topics.join() !== this.joinedTopics.join()) this.rejoin(OTHER_TOPICS)
  }

  /** The partitions are ours no more: in order, and then it is awaited that they are given up, or lost. */
  private release({
    partitions,
    reason,
    mustConfirm,
    requestId,
  }: Extract<MembershipEffect, { kind: 'release' }>): void {
    const error = this.releaseError(reason)
    if (!mustConfirm) {
      this.ownership.lose(partitions, error)
      this.report('lost', { error })
      return
    }
    const budgetMs = this.departure === null ? this.options.rebalanceTimeoutMs : this.departureMs * GIVING_UP
    const givenUp = this.ownership.giveUp(partitions, error, budgetMs)
    if (givenUp === null) this.submit({ kind: 'released', requestId })
    else this.revoking = givenUp.then(() => this.submit({ kind: 'released', requestId }))
  }

  private get departureMs(): number {
    if (this.departure === null) return this.cluster.timeoutMs
    return Math.max(0, this.departure.deadlineMs - this.cluster.runtime.nowMs())
  }

  private leave(memberId: string): void {
    this.leaving = this.requests.leave(memberId, this.departure?.reason ?? '', { timeoutMs: this.departureMs })
    this.leaving.catch(() => {})
    this.report('left')
  }

  private releaseError(reason: ReleaseReason): GoQueueError {
    if (reason === 'CLOSED') return new ClosedError('the group consumer is closed')
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
    this.ledTopics.cancel()
    this.patternTopics.cancel()
    this.owners.cancel()
    this.report('failed', { error })
    const isTold = this.joinsWaiting > 0 && !this.membership.isFenced
    this.assigned?.reject(error)
    this.assigned = null
    this.hooks.onEnd(error, isTold)
  }

  /** Who commits. Between the answer to a join and the assignment the coordinator takes no commits: it is waited for. */
  private async identity(): Promise<MemberIdentity> {
    const { membership } = this
    this.lookAtClock()
    while (membership.isOwner && (membership.phase === 'assigning' || membership.phase === 'syncing')) {
      this.moved ??= new Deferred<void>()
      await this.moved.promise
    }
    const { memberId, generationId } = membership
    return { memberId, generationId }
  }

  private report(
    state: MembershipEvent['state'],
    details: { readonly message?: string; readonly error?: Error } = {},
  ): void {
    const { memberId, generationId } = this.membership
    const { groupId, consumerId = null } = this.options
    diagnostics.membership({ groupId, memberId, consumerId, state, generationId, ...details })
  }
}
