// Watches a schedule and says which promise was broken first: rows I1, I3, I4 and I17 to I20, and what they stand on.
import type { Group, GroupEffect, GroupInput, VirtualRuntime } from '@goqueue/broker-core/testing'
import type { Member, Ownership } from './member.ts'
import { TraceHash } from './trace-hash.ts'

/** A request that is not held and whose way is undisturbed is answered in this time. */
export const ANSWER_MS = 60
/** Row I18. */
const MOST_JOINS = 3

export class Observer {
  readonly trace = new TraceHash()
  /** The first promise that was broken. */
  violation: string | null = null
  steps = 0
  /** Commits that succeeded while the JoinGroup of another member was held. */
  commitsBesideHeldJoins = 0
  /** By partition: records delivered and commits acknowledged since `watchProgress`. */
  readonly delivered = new Map<number, number>()
  readonly acknowledged = new Map<number, number>()
  generations = 0
  members: readonly Member[] = []
  private readonly runtime: VirtualRuntime
  private readonly ownerships: Ownership[] = []
  private readonly owners = new Map<number, Set<Ownership>>()
  private readonly committedOffsets = new Map<number, number>()
  /** By partition: every record below this offset has been finished by somebody. */
  private readonly finishedBelow = new Map<number, number>()
  private readonly joins = new Map<Member, number>()
  /** When the coordinator put a member out for coming too late to a rebalance that it knew of. */
  private readonly putOutMs = new Map<Member, number>()
  /** When it was removed in the name of its instance id. */
  private readonly removedMs = new Map<Member, number>()
  private beforeTick: {
    readonly memberId: string
    readonly clientId: string
    readonly isSilent: boolean
    readonly hasJoined: boolean
  }[] = []
  private generationBefore = 0
  private mustTakeCommit = false

  constructor(runtime: VirtualRuntime) {
    this.runtime = runtime
  }

  /** Records a broken promise unless `condition` holds. */
  must(condition: boolean, promise: string, seen?: () => string): void {
    if (condition || this.violation !== null) return
    this.violation = `${promise}${seen === undefined ? '' : `: ${seen()}`} (at ${this.runtime.nowMs()} ms)`
  }

  note(what: string, number = 0): void {
    this.steps += 1
    this.trace.number(this.runtime.nowMs())
    this.trace.text(what)
    this.trace.number(number)
  }

  /** A partition is a member's now; it may not be another's who is awake. */
  own(member: Member, partition: number): Ownership {
    const ownership: Ownership = {
      id: this.ownerships.length,
      member,
      partition,
      nextOffset: null,
      hasSoughtBack: false,
      isReleased: false,
      isDisowned: false,
    }
    this.note('own', partition)
    this.ownerships.push(ownership)
    const owners = this.owners.get(partition) ?? new Set()
    owners.add(ownership)
    this.owners.set(partition, owners)
    this.mustBeAlone(ownership, 'is assigned')
    return ownership
  }

  ownership(id: number): Ownership {
    return this.ownerships[id]!
  }

  release(ownership: Ownership): void {
    this.putOutMs.delete(ownership.member)
    this.removedMs.delete(ownership.member)
    this.note('release', ownership.partition)
    ownership.isReleased = true
    this.owners.get(ownership.partition)?.delete(ownership)
  }

  /** After each event of a member that is awake. */
  afterEvent(member: Member): void {
    for (const ownership of member.ownerships()) this.mustBeAlone(ownership, 'is kept')
  }

  /** Rows I1 and I20. */
  deliver(ownership: Ownership, offset: number): void {
    const { partition, nextOffset } = ownership
    this.note('deliver', partition)
    this.trace.number(offset)
    this.must(
      !ownership.isReleased,
      'I20: nothing buffered is delivered after the revoke',
      () => `partition ${partition}`,
    )
    this.must(
      offset === nextOffset,
      'records are delivered in order, from the committed offset',
      () => `partition ${partition}: ${offset}, not ${nextOffset}`,
    )
    this.mustBeAlone(ownership, 'is delivered')
    ownership.nextOffset = offset + 1
    this.delivered.set(partition, (this.delivered.get(partition) ?? 0) + 1)
  }

  finish(partition: number, offset: number): void {
    const below = this.finishedBelow.get(partition) ?? 0
    if (offset <= below) this.finishedBelow.set(partition, Math.max(below, offset + 1))
  }

  /** Rows I3 and I18. */
  sendCommit(member: Member, ownerships: readonly Ownership[]): void {
    this.note('send commit', ownerships.length)
    const late = ownerships.find(({ isDisowned }) => isDisowned)
    this.must(late === undefined, 'I3: nothing is committed once the revoke callback has returned')
    const { phase } = member.membership
    this.must(
      phase !== 'assigning' && phase !== 'syncing',
      'I18: no commit is sent while a member is assigning or syncing',
    )
  }

  /** A commit is durable. Row I4. */
  committed(partition: number, offset: number, ownershipId: number): void {
    const ownership = this.ownerships[ownershipId]!
    const before = this.committedOffsets.get(partition) ?? 0
    const goesBack = offset < before
    this.must(
      !goesBack || ownership.hasSoughtBack,
      'I4: a committed offset does not go back',
      () => `partition ${partition} from ${before} to ${offset}`,
    )
    if (goesBack) ownership.hasSoughtBack = false
    this.must(
      offset <= (this.finishedBelow.get(partition) ?? 0),
      'only what is finished is committed',
      () => `partition ${partition}: ${offset}`,
    )
    this.committedOffsets.set(partition, offset)
  }

  /** A member has learned that its commit is durable. */
  acknowledge(partition: number): void {
    this.acknowledged.set(partition, (this.acknowledged.get(partition) ?? 0) + 1)
  }

  /** It comes, or comes back, by itself. */
  start(member: Member): void {
    this.joins.delete(member)
  }

  /** Row I18. A join that follows the loss of a connection does not count. */
  join(member: Member, isAfterLoss: boolean): void {
    this.note('join', member.number)
    if (isAfterLoss) return
    const joins = (this.joins.get(member) ?? 0) + 1
    this.joins.set(member, joins)
    this.must(joins <= MOST_JOINS, 'I18: a member joins at most three times for one rebalance', () => `${joins} times`)
  }

  generationBegan(): void {
    this.generations += 1
    this.joins.clear()
  }

  /** A member gives up its partitions because nobody answers its heartbeats. Row I19. */
  sessionExpired(member: Member): void {
    this.note('session expired', member.number)
    this.must(member.isExcused(), 'I19: a slow handler costs no session', () => `member ${member.number}`)
  }

  /** What was asked at `sentMs` has been answered, or was not because the time was up. */
  answered(member: Member, kind: string, sentMs: number, isLost: boolean): void {
    if (member.wasDisturbedSince(sentMs)) return
    const tookMs = this.runtime.nowMs() - sentMs
    this.must(
      !isLost && tookMs <= ANSWER_MS,
      'commits and heartbeats are answered at once, while a JoinGroup is held as well',
      () => `${kind} after ${tookMs} ms`,
    )
  }

  brokerSteps(group: Group, input: GroupInput, nowMs: number): void {
    this.note(input.kind, 'requestId' in input ? input.requestId : 0)
    if (input.kind === 'tick') {
      this.generationBefore = group.generationId
      this.beforeTick = Array.from(group.members.values(), ({ memberId, clientId, sessionDeadlineMs, heldJoin }) => {
        return { memberId, clientId, isSilent: sessionDeadlineMs <= nowMs, hasJoined: heldJoin !== null }
      })
    }
    this.mustTakeCommit = false
    if (input.kind === 'leaveGroup') this.noteRemoved(group, input)
    if (input.kind !== 'offsetCommit') return
    const member = group.members.get(input.memberId)
    const isCurrent = member?.groupInstanceId === input.groupInstanceId && input.generationId === group.generationId
    this.mustTakeCommit = isCurrent && group.state !== 'CompletingRebalance'
  }

  brokerStepped(group: Group, input: GroupInput, effects: readonly GroupEffect[]): void {
    for (const effect of effects) {
      this.trace.text(effect.kind)
      if (effect.kind === 'reply') this.trace.text(effect.reply.errorCode)
    }
    if (input.kind === 'tick') this.checkPutOut(group)
    if (input.kind === 'offsetCommit') this.checkCommitAnswer(group, input.memberId, effects)
  }

  private noteRemoved(group: Group, { members }: Extract<GroupInput, { kind: 'leaveGroup' }>): void {
    for (const { memberId, groupInstanceId } of members) {
      if (memberId !== '') continue
      const removed = [...group.members.values()].find((member) => member.groupInstanceId === groupInstanceId)
      const member = this.members.find(({ name }) => name === removed?.clientId)
      if (member !== undefined) this.removedMs.set(member, this.runtime.nowMs())
    }
  }

  /** Row I19. */
  private checkPutOut(group: Group): void {
    const hasBegun = group.generationId > this.generationBefore
    for (const { memberId, clientId, isSilent, hasJoined } of this.beforeTick) {
      const member = this.members.find(({ name }) => name === clientId)
      const isOut = !group.members.has(memberId)
      if (member === undefined) continue
      if (isOut && isSilent) this.must(member.isExcused(), 'I19: a slow handler costs no membership', () => clientId)
      // A static member that comes too late stays, but the generation has begun without it.
      else if (isOut || (hasBegun && !hasJoined)) this.putOutMs.set(member, this.runtime.nowMs())
    }
  }

  private checkCommitAnswer(group: Group, memberId: string, effects: readonly GroupEffect[]): void {
    if (!this.mustTakeCommit) return
    const isTaken = effects.some((effect) => effect.kind === 'reply' && effect.reply.errorCode === 'NONE')
    this.must(isTaken, 'a commit of the current generation is taken while JoinGroups are held', () => group.state)
    const isBesideHeldJoin = [...group.members.values()].some(
      (other) => other.heldJoin !== null && other.memberId !== memberId,
    )
    if (isBesideHeldJoin) this.commitsBesideHeldJoins += 1
  }

  /** Row I1. */
  private mustBeAlone(ownership: Ownership, what: string): void {
    if (this.isYetToLearn(ownership.member)) return
    for (const { member } of this.owners.get(ownership.partition) ?? []) {
      if (member === ownership.member || !member.isAwake || this.isYetToLearn(member)) continue
      this.must(
        false,
        'I1: a partition has one owner',
        () => `${ownership.partition} ${what} by ${ownership.member.name} while ${member.name} owns it`,
      )
    }
  }

  /**
   * Three cases in which a member that is not of the current generation believes otherwise until its next heartbeat, since
   * Kafka's protocol tells it no earlier. Its instance id has been given to another process, which is a mistake of whoever did.
   * It was removed in the name of its instance id, as by the late LeaveGroup of the process before it. Or it kept its partitions
   * for a rebalance that was over before its JoinGroup or SyncGroup got through, though its heartbeats did.
   */
  private isYetToLearn(member: Member): boolean {
    if (member.isReplaced) return true
    const putOutMs = member.membership.phase === 'stable' ? undefined : this.putOutMs.get(member)
    const sinceMs = this.removedMs.get(member) ?? putOutMs
    if (sinceMs === undefined) return false
    const learnsByMs = sinceMs + member.settings.heartbeatIntervalMs + ANSWER_MS
    return this.runtime.nowMs() <= learnsByMs || member.wasDisturbedSince(sinceMs)
  }
}
