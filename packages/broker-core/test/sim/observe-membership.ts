// Members come and go as they should: limits, expiry, pending ids and static twins (rows I7, I9 to I12 and I23).
import type { Group } from '../../src/classic-group/group.ts'
import { isReply, isRequest } from './observation.ts'
import type { Bounds, Observer, StepSeen } from './observation.ts'
import { must } from './violation.ts'

export class MembershipObserver implements Observer {
  private readonly bounds: Bounds
  /** Members that have been told their id by a successful join. */
  private readonly answered = new Set<string>()
  private readonly joinedMs = new Map<string, number>()
  private readonly pendingMs = new Map<string, { readonly sinceMs: number; readonly sessionTimeoutMs: number }>()
  /** When each member last showed that it lives, or was last answered after it had waited. */
  private readonly heardMs = new Map<string, number>()
  private waitingBefore: string[] = []
  private idleBefore: { readonly memberId: string; readonly sessionTimeoutMs: number }[] = []
  private ownersBefore = new Map<string, string>()

  constructor(bounds: Bounds) {
    this.bounds = bounds
  }

  before(group: Group): void {
    this.waitingBefore.length = 0
    this.idleBefore.length = 0
    this.ownersBefore.clear()
    for (const member of group.members.values()) {
      const { memberId, groupInstanceId } = member
      const isWaiting = (member.heldJoin ?? member.heldSync) !== null
      if (isWaiting && this.answered.has(memberId)) this.waitingBefore.push(memberId)
      if (!isWaiting && group.state === 'Stable' && member.syncDeadlineMs === Infinity) this.idleBefore.push(member)
      if (groupInstanceId !== null) this.ownersBefore.set(groupInstanceId, memberId)
    }
  }

  after(seen: StepSeen): void {
    const { group, input, effects, livelyMs } = seen
    must(group.members.size <= this.bounds.groupMaxSize, 'I11: members <= group.max.size at every step')
    must(group.pendingMembers.size <= this.bounds.groupMaxPendingMembers, 'I9: pending members are bounded')
    for (const effect of effects) {
      if (!isReply(effect) || effect.reply.kind !== 'joinGroup') continue
      if (effect.reply.errorCode === 'NONE') this.answered.add(effect.reply.memberId)
      if (effect.reply.errorCode === 'MEMBER_ID_REQUIRED' && input.kind === 'joinGroup') {
        this.pendingMs.set(effect.reply.memberId, { sinceMs: livelyMs, sessionTimeoutMs: input.sessionTimeoutMs })
      }
    }
    for (const { memberId } of group.members.values()) {
      if (this.joinedMs.has(memberId)) continue
      this.joinedMs.set(memberId, livelyMs)
      this.heardMs.set(memberId, livelyMs)
    }
    this.noteSignsOfLife(seen)
    this.checkStaticMembers(seen)
    if (input.kind === 'tick') this.checkExpiry(group, livelyMs)
    if (input.kind === 'leaveGroup') {
      for (const { memberId } of input.members)
        must(!group.pendingMembers.has(memberId), 'I7: leaving frees a pending id')
    }
  }

  private noteSignsOfLife({ group, input, livelyMs }: StepSeen): void {
    for (const memberId of this.waitingBefore) {
      const member = group.members.get(memberId)
      if (member !== undefined && (member.heldJoin ?? member.heldSync) === null) this.heardMs.set(memberId, livelyMs)
    }
    if (!isRequest(input) || input.kind === 'leaveGroup') return
    // What is refused keeps nobody alive; to count it would only make this check ask for less.
    const { memberId } = input
    const isCurrent = input.kind === 'joinGroup' || input.generationId === group.generationId
    if (isCurrent && group.members.has(memberId)) this.heardMs.set(memberId, livelyMs)
  }

  private checkExpiry(group: Group, livelyMs: number): void {
    for (const memberId of this.waitingBefore) {
      must(group.members.has(memberId), 'I10: no session expires with a JoinGroup or SyncGroup in flight')
    }
    for (const { memberId, sessionTimeoutMs } of this.idleBefore) {
      const silentMs = livelyMs - (this.heardMs.get(memberId) ?? -Infinity)
      const isEarly = !group.members.has(memberId) && silentMs < sessionTimeoutMs
      must(!isEarly, 'I23: nobody expires before its own session timeout, and a stall is not silence')
    }
    for (const memberId of group.pendingMembers.keys()) {
      const pending = this.pendingMs.get(memberId)
      const isLate = pending !== undefined && livelyMs - pending.sinceMs >= pending.sessionTimeoutMs
      must(!isLate, 'I7: a pending id lasts one session timeout')
    }
    for (const { memberId, groupInstanceId } of group.members.values()) {
      if (groupInstanceId !== null || this.answered.has(memberId)) continue
      const ageMs = livelyMs - (this.joinedMs.get(memberId) ?? livelyMs)
      must(ageMs < this.bounds.newMemberJoinTimeoutMs, 'I9: a member never answered is not kept past the join timeout')
    }
  }

  /** Row I12. */
  private checkStaticMembers({ group, input, effects }: StepSeen): void {
    const owners = new Map<string, string>()
    for (const { memberId, groupInstanceId } of group.members.values()) {
      if (groupInstanceId === null) continue
      must(!owners.has(groupInstanceId), 'I12: one member id for each instance id', () => groupInstanceId)
      owners.set(groupInstanceId, memberId)
    }
    if (!isRequest(input) || input.kind === 'leaveGroup' || input.groupInstanceId === null) return
    const answer = effects.find((effect) => isReply(effect) && effect.requestId === input.requestId)
    const errorCode = answer !== undefined && isReply(answer) ? answer.reply.errorCode : 'NONE'
    const ownerBefore = this.ownersBefore.get(input.groupInstanceId)
    if (errorCode === 'FENCED_INSTANCE_ID') must(ownerBefore !== input.memberId, 'I12: a member never fences itself')
    if (input.kind === 'joinGroup') {
      const isTaken = input.memberId === '' && errorCode === 'NONE'
      if (isTaken)
        must(owners.get(input.groupInstanceId) === input.freshMemberId, 'I12: the newcomer owns the instance id')
    } else if (ownerBefore !== undefined && ownerBefore !== input.memberId && input.generationId >= 0) {
      must(errorCode === 'FENCED_INSTANCE_ID', 'I12: the older twin is fenced on its next call', () => errorCode)
    }
  }

  reloaded(group: Group, livelyMs: number): void {
    this.answered.clear()
    this.joinedMs.clear()
    this.pendingMs.clear()
    this.heardMs.clear()
    for (const { memberId } of group.members.values()) {
      this.heardMs.set(memberId, livelyMs)
      this.answered.add(memberId)
      this.joinedMs.set(memberId, livelyMs)
    }
  }
}
