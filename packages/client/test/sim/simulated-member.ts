// A simulated member: the real membership machine and assignors, in a shell that does what they ask.
import { decodeAssignment, encodeSubscription, type Assignor, type PreviousAssignment } from '@goqueue/protocol'
import { backoffMs } from '../../src/backoff.ts'
import { areCooperative, makeAssignments, readMembers, resolveAssignors } from '../../src/group-assignment.ts'
import {
  newMembership,
  nextDeadlineMs,
  step,
  type JoinedMember,
  type Membership,
  type MembershipEffect,
  type MembershipInput,
} from '../../src/membership.ts'
import { Application } from './application.ts'
import { EventLoop, once } from './event-loop.ts'
import { Line } from './network.ts'
import type { Member, MemberSettings, Ownership } from './member.ts'
import type { Answer, Request } from './request.ts'
import type { Surroundings } from './surroundings.ts'
import { partitionsOf, TOPIC } from './topic.ts'

const HELD_REQUEST_MARGIN_MS = 5_000
const LEAVE_PATIENCE_MS = 5_000
const WATCH_MS = 2_000

export class SimulatedMember implements Member {
  readonly number: number
  readonly name: string
  readonly instanceId: string | null
  readonly settings: MemberSettings
  /** It will not come back by itself: ended, closed or left. */
  isOver = false
  isReplaced = false
  /** It has been told to go, and has perhaps not come to it yet. */
  isGoing = false
  private readonly world: Surroundings
  private readonly assignors: ReadonlyMap<string, Assignor>
  readonly membership: Membership
  readonly application: Application
  readonly loop: EventLoop
  private readonly held: Line
  private readonly calls: Line
  private previous: PreviousAssignment = { partitions: new Map(), generationId: -1 }
  private tick: { cancel(): void } | null = null
  private failures = 0
  private isAfterLoss = false
  private isDeparting = false
  private isLeaving = false
  private afterLeave: (() => void)[] = []
  private moved: (() => void)[] = []
  private willBlock: { readonly kind: MembershipEffect['kind']; readonly durationMs: () => number } | null = null
  private knownPartitions = 0

  constructor(world: Surroundings, settings: MemberSettings) {
    const { sessionTimeoutMs, heartbeatIntervalMs, instanceId, number } = settings
    this.world = world
    this.settings = settings
    this.number = number
    this.name = `member ${number}`
    this.instanceId = instanceId
    this.assignors = resolveAssignors(settings.assignors)
    this.membership = newMembership({
      isStatic: instanceId !== null,
      isCooperative: areCooperative(this.assignors.values()),
      // A member that is silent in a rebalance is put out when that is over, which may be before its session is.
      sessionTimeoutMs: Math.min(sessionTimeoutMs, settings.rebalanceTimeoutMs),
      heartbeatIntervalMs,
    })
    this.loop = new EventLoop(world.runtime, () => world.observer.afterEvent(this))
    this.application = new Application(world, this.loop, this)
    const enter = (event: () => void) => this.loop.enter(event)
    this.calls = new Line(world.runtime, world.chance, world.broker, enter)
    this.held =
      world.fault.hasOneConnection === true ? this.calls : new Line(world.runtime, world.chance, world.broker, enter)
  }

  get phase(): Membership['phase'] {
    return this.membership.phase
  }

  get isDead(): boolean {
    return this.loop.isDead
  }

  get isAwake(): boolean {
    return this.loop.isAwake
  }

  /** It has left, or ended, and has told the application and the broker so. */
  get isGone(): boolean {
    const { phase } = this.membership
    return this.isDead || (this.isOver && !this.isLeaving && (phase === 'out' || phase === 'ended'))
  }

  get lines(): readonly Line[] {
    return [this.held, this.calls]
  }

  *ownerships(): Iterable<Ownership> {
    for (const { ownership } of this.application.lanes.values()) yield ownership
  }

  owned(): number[] {
    return [...this.application.lanes.keys()]
  }

  wasDisturbedSince(sinceMs: number): boolean {
    const untilMs = Math.max(
      this.loop.stoodStillUntilMs,
      this.held.disturbedUntilMs,
      this.calls.disturbedUntilMs,
      this.world.broker.disturbedUntilMs,
    )
    return !this.isAwake || untilMs >= sinceMs
  }

  isExcused(): boolean {
    const { sessionTimeoutMs, heartbeatIntervalMs } = this.settings
    const sinceMs = this.world.runtime.nowMs() - sessionTimeoutMs - heartbeatIntervalMs
    return this.isOver || this.isReplaced || this.wasDisturbedSince(sinceMs)
  }

  /** Joins; one that is about to leave does so first. */
  start(): void {
    this.loop.enter(() => {
      if (this.isDeparting || this.membership.phase === 'leaving') {
        this.loop.after(100, () => this.start())
        return
      }
      this.isOver = false
      this.isGoing = false
      this.world.observer.start(this)
      this.submit({ kind: 'start' })
    })
  }

  /** As `leaveGroup` or `close` do: commits first, then the membership. */
  depart(kind: 'leave' | 'stop'): void {
    this.isGoing = true
    this.loop.enter(() => {
      this.isDeparting = true
      const go = once(() => {
        this.isDeparting = false
        this.isOver = true
        this.submit({ kind })
      })
      void this.application.commits.idle().then(() => this.loop.enter(go))
      this.world.promised()
      this.loop.after(LEAVE_PATIENCE_MS, go)
    })
  }

  /** The process is killed: nothing of it is ever heard again but what is on its way. */
  kill(): void {
    this.loop.isDead = true
    for (const ownership of this.ownerships()) this.world.observer.release(ownership)
    for (const line of this.lines) line.break()
  }

  /** The event loop will stand still as soon as the membership has done this next. */
  blockAfter(kind: MembershipEffect['kind'], durationMs: () => number): void {
    this.willBlock = { kind, durationMs }
  }

  whenMoved(go: () => void): void {
    this.moved.push(go)
  }

  /** As the leader's watch on its topics does. */
  checkPartitions(): void {
    this.loop.enter(() => {
      if (!this.membership.isLeader || this.knownPartitions === this.world.partitionCount()) return
      this.submit({ kind: 'partitionsChanged' })
    })
  }

  submit(input: MembershipInput): void {
    const { runtime, fault, observer } = this.world
    const effects = (fault.step ?? step)(this.membership, input, runtime.nowMs())
    const { phase } = this.membership
    if (phase === 'joining' || phase === 'out' || phase === 'ended') this.application.disownAll()
    for (const effect of effects) {
      observer.note(effect.kind, this.number)
      this.perform(effect)
      if (this.willBlock?.kind !== effect.kind) continue
      this.loop.block(this.willBlock.durationMs())
      this.willBlock = null
    }
    const moved = this.moved
    this.moved = []
    for (const go of moved) go()
    this.tick?.cancel()
    const deadlineMs = nextDeadlineMs(this.membership)
    this.tick =
      deadlineMs === Infinity
        ? null
        : this.loop.after(Math.max(0, deadlineMs - runtime.nowMs()), () => this.submit({ kind: 'tick' }))
  }

  /** After the loop stood still, the time itself is looked at before anything is done in the name of the member. */
  fence(): void {
    const { isOwner, sessionDeadlineMs } = this.membership
    if (this.world.fault.looksAtNoClock === true) return
    if (isOwner && this.world.runtime.nowMs() >= sessionDeadlineMs) this.submit({ kind: 'tick' })
  }

  private perform(effect: MembershipEffect): void {
    switch (effect.kind) {
      case 'join':
        this.join(effect)
        return
      case 'assign':
        this.assign(effect.requestId, effect.protocolName, effect.members)
        return
      case 'sync':
        this.sync(effect)
        return
      case 'heartbeat':
        this.heartbeat(effect)
        return
      case 'own':
        this.own(effect)
        return
      case 'release':
        this.release(effect)
        return
      case 'dropHeld':
        this.held.break()
        return
      case 'leave':
        this.isLeaving = true
        this.leave(effect.memberId, this.world.runtime.nowMs() + LEAVE_PATIENCE_MS)
        return
      case 'end':
        this.isOver = true
        return
      default:
        effect satisfies never
    }
  }

  retryDelayMs(): number {
    this.failures += 1
    return Math.round(backoffMs(this.failures, this.world.runtime.random()))
  }

  private failed(requestId: number): void {
    this.isAfterLoss = true
    this.submit({ kind: 'attemptFailed', requestId, retryDelayMs: this.retryDelayMs() })
  }

  private join(effect: Extract<MembershipEffect, { kind: 'join' }>): void {
    if (this.isLeaving) {
      // One that leaves and comes back must be gone before it is there again.
      this.afterLeave.push(() => this.join(effect))
      return
    }
    const { settings, world, previous } = this
    const { requestId } = effect
    world.observer.join(this, this.isAfterLoss)
    this.isAfterLoss = false
    const claim: PreviousAssignment = world.fault.claim?.(this.owned(), previous) ?? {
      partitions: partitionsOf(this.owned()),
      generationId: previous.generationId,
    }
    const protocols = Array.from(this.assignors, ([name, assignor]) => ({
      name,
      metadata: encodeSubscription({
        topics: [TOPIC],
        userData: assignor.subscriptionUserData?.({ ...previous, generationId: claim.generationId }) ?? null,
        ownedPartitions: claim.partitions,
        generationId: claim.generationId,
      }),
      subscriptionKey: TOPIC,
    }))
    const request: Request = {
      kind: 'joinGroup',
      memberId: effect.memberId,
      freshMemberId: world.broker.freshMemberId(this.instanceId ?? this.name),
      groupInstanceId: this.instanceId,
      clientId: this.name,
      clientHost: '/127.0.0.1',
      sessionTimeoutMs: settings.sessionTimeoutMs,
      rebalanceTimeoutMs: settings.rebalanceTimeoutMs,
      protocolType: 'consumer',
      protocols,
      supportsMemberIdRequired: true,
      supportsSkipAssignment: true,
      reason: effect.reason,
    }
    this.held.send(request, settings.rebalanceTimeoutMs + HELD_REQUEST_MARGIN_MS, (answer) => {
      if (answer?.kind !== 'joinGroup') {
        this.failed(requestId)
        return
      }
      if (answer.errorCode === 'INCONSISTENT_GROUP_PROTOCOL') {
        this.submit({ kind: 'attemptImpossible', requestId, error: new Error(answer.errorCode) })
        return
      }
      // One that was put out for its silence begins anew.
      if (answer.errorCode === 'UNKNOWN_MEMBER_ID' && this.isExcused()) world.observer.start(this)
      if (answer.skipAssignment) this.knownPartitions = world.partitionCount()
      this.submit({
        kind: 'joinAnswered',
        requestId,
        errorCode: answer.errorCode,
        memberId: answer.memberId,
        generationId: answer.generationId,
        protocolName: answer.protocolName ?? '',
        leaderId: answer.leader,
        skipAssignment: answer.skipAssignment,
        members: answer.members,
        retryDelayMs: this.retryDelayMs(),
      })
    })
  }

  private assign(requestId: number, protocolName: string, joined: readonly JoinedMember[]): void {
    const { world } = this
    this.loop.after(world.durationMs(this.settings.habits.assignMs), () => {
      const count = world.partitionCount()
      const assignor = this.assignors.get(protocolName)!
      const assignments = makeAssignments(assignor, readMembers(joined), new Map([[TOPIC, count]]))
      this.knownPartitions = count
      this.submit({ kind: 'assignmentMade', requestId, assignments })
    })
  }

  private sync(effect: Extract<MembershipEffect, { kind: 'sync' }>): void {
    const { requestId, memberId, generationId } = effect
    const request: Request = {
      kind: 'syncGroup',
      generationId,
      memberId,
      groupInstanceId: this.instanceId,
      protocolType: 'consumer',
      protocolName: null,
      assignments: Array.from(effect.assignments, ([id, assignment]) => ({ memberId: id, assignment })),
    }
    this.held.send(request, this.settings.rebalanceTimeoutMs + HELD_REQUEST_MARGIN_MS, (answer) => {
      if (answer?.kind !== 'syncGroup') {
        this.failed(requestId)
        return
      }
      const { errorCode } = answer
      const assignment = errorCode === 'NONE' ? decodeAssignment(answer.assignment).partitions : new Map()
      this.submit({ kind: 'syncAnswered', requestId, errorCode, assignment, retryDelayMs: this.retryDelayMs() })
    })
  }

  private heartbeat(effect: Extract<MembershipEffect, { kind: 'heartbeat' }>): void {
    const { requestId, memberId, generationId } = effect
    const { fault } = this.world
    if (fault.heartbeatsBetweenRecords === true && this.application.handlers > 0) {
      this.loop.after(100, () => this.heartbeat(effect))
      return
    }
    const request: Request = { kind: 'heartbeat', memberId, generationId, groupInstanceId: this.instanceId }
    this.ask(request, this.settings.sessionTimeoutMs, (answer) => {
      if (answer?.kind === 'heartbeat') {
        this.submit({ kind: 'heartbeatAnswered', requestId, errorCode: answer.errorCode })
      } else {
        this.submit({ kind: 'heartbeatFailed', requestId })
      }
    })
  }

  private leave(memberId: string, untilMs: number): void {
    const members = [{ memberId, groupInstanceId: this.instanceId, reason: null }]
    this.ask({ kind: 'leaveGroup', members }, LEAVE_PATIENCE_MS, (answer) => {
      const delayMs = this.retryDelayMs()
      if (answer === null && this.world.runtime.nowMs() + delayMs < untilMs) {
        this.loop.after(delayMs, () => this.leave(memberId, untilMs))
        return
      }
      this.isLeaving = false
      const waiting = this.afterLeave
      this.afterLeave = []
      for (const go of waiting) go()
    })
  }

  ask(request: Request, timeoutMs: number, answered: (answer: Answer | null) => void): void {
    const sentMs = this.world.runtime.nowMs()
    this.calls.send(request, timeoutMs, (answer) => {
      this.world.observer.answered(this, request.kind, sentMs, answer === null)
      answered(answer)
    })
  }

  private own({ added, assignment, generationId }: Extract<MembershipEffect, { kind: 'own' }>): void {
    this.previous = { partitions: assignment, generationId }
    this.failures = 0
    this.application.own(added.get(TOPIC) ?? [])
    if (this.membership.isLeader && this.world.fault.watchesNoOwners !== true) this.watchOwners(generationId, 0)
  }

  /**
   * A static member may restart without a rebalance. If it was giving up a partition for another, it does not know any more that
   * it was to start one; if it leads, it does not know of how many partitions the assignment was made. So the leader looks for
   * partitions that have had no owner for a whole session.
   */
  private watchOwners(generationId: number, unownedMs: number): void {
    this.loop.after(WATCH_MS, () => {
      const { membership } = this
      if (membership.generationId !== generationId || membership.phase !== 'stable') return
      this.ask({ kind: 'describeGroup' }, this.settings.sessionTimeoutMs, (answer) => {
        let ownerless = 0
        if (answer?.kind === 'describeGroup' && answer.isStable) {
          const owned = answer.assignments.flatMap((assignment) =>
            assignment.length === 0 ? [] : (decodeAssignment(assignment).partitions.get(TOPIC) ?? []),
          )
          ownerless = this.world.partitionCount() - new Set(owned).size
        }
        const lastsMs = ownerless === 0 ? 0 : unownedMs + WATCH_MS
        if (lastsMs >= this.settings.sessionTimeoutMs) this.submit({ kind: 'partitionsChanged' })
        else this.watchOwners(generationId, lastsMs)
      })
    })
  }

  private release(effect: Extract<MembershipEffect, { kind: 'release' }>): void {
    const { requestId, reason, mustConfirm, partitions } = effect
    if (reason === 'SESSION_EXPIRED') this.world.observer.sessionExpired(this)
    const lanes = this.application.release(partitions.get(TOPIC) ?? [])
    if (mustConfirm) this.application.revoke(lanes, () => this.submit({ kind: 'released', requestId }))
    else this.application.disown(lanes)
  }
}
