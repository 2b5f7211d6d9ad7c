// LeaveGroup: members go by their own will, or an administrator removes them (v3+, KIP-345).
import type { ErrorCode } from '@goqueue/protocol'
import { reply } from './effect.ts'
import type { Effect } from './effect.ts'
import { staticMemberId } from './group.ts'
import type { Group } from './group.ts'
import { identify } from './identity.ts'
import type { LeaveGroupInput, LeavingMember } from './input.ts'
import { afterRemoval, completeJoinIfAllJoined, removeMember } from './rebalance.ts'
import { noteCause } from './rebalance-cause.ts'

/** Each leaves or gets an error of its own; one rebalance follows for all of them. */
export function leaveGroup(group: Group, input: LeaveGroupInput, nowMs: number, effects: Effect[]): void {
  if (group.state === 'Dead') {
    reply(effects, input.requestId, { kind: 'leaveGroup', errorCode: 'COORDINATOR_NOT_AVAILABLE', members: [] })
    return
  }
  const sizeBefore = group.members.size
  const members = input.members.map((leaving) => ({
    memberId: leaving.memberId,
    groupInstanceId: leaving.groupInstanceId,
    errorCode: removeLeaving(group, leaving, nowMs, effects),
  }))
  if (group.members.size < sizeBefore) afterRemoval(group, nowMs, effects)
  else completeJoinIfAllJoined(group, nowMs, effects)
  reply(effects, input.requestId, { kind: 'leaveGroup', errorCode: 'NONE', members })
}

function removeLeaving(group: Group, leaving: LeavingMember, nowMs: number, effects: Effect[]): ErrorCode {
  // A pending member frees its place at once, so that it holds up nobody's rebalance (row I7).
  if (group.pendingMembers.delete(leaving.memberId)) return 'NONE'
  const removedByInstance =
    leaving.memberId === '' && leaving.groupInstanceId !== null ? staticMemberId(group, leaving.groupInstanceId) : null
  const member = identify(group, removedByInstance === null ? leaving : { ...leaving, memberId: removedByInstance })
  if (typeof member === 'string') {
    return leaving.memberId === '' ? 'UNKNOWN_MEMBER_ID' : member
  }
  noteCause(group, 'leave', member, leaving.reason, nowMs)
  removeMember(group, member, effects)
  return 'NONE'
}
