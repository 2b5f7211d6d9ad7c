// JoinGroup: a client enters the group, or an existing member answers the call to rejoin.
import { joinGroupError, reply } from './effect.ts'
import type { Effect } from './effect.ts'
import { staticMemberId } from './group.ts'
import type { Group, Member } from './group.ts'
import { holdJoin } from './hold-join.ts'
import { identify, renewSession } from './identity.ts'
import type { JoinGroupInput } from './input.ts'
import { sameProtocols, sameSubscriptions, supportsProtocols } from './protocols.ts'
import { afterRemoval, completeJoinIfAllJoined, joinGroupReply, prepareRebalance, removeMember } from './rebalance.ts'
import { noteCause } from './rebalance-cause.ts'
import { keepOwnerAfterReload, rejoinStaticMember } from './static-member.ts'

/** Answered when the join phase ends; at once when refused, or when nothing changes for the member. */
export function joinGroup(group: Group, input: JoinGroupInput, nowMs: number, effects: Effect[]): void {
  const { groupMinSessionTimeoutMs, groupMaxSessionTimeoutMs } = group.options
  if (group.state === 'Dead') {
    refuse(effects, input, 'COORDINATOR_NOT_AVAILABLE')
  } else if (input.sessionTimeoutMs < groupMinSessionTimeoutMs || input.sessionTimeoutMs > groupMaxSessionTimeoutMs) {
    refuse(effects, input, 'INVALID_SESSION_TIMEOUT')
  } else if (!hasRoom(group, input)) {
    refuseForSize(group, input, nowMs, effects)
  } else if (!supportsProtocols(group, input.protocolType, input.protocols)) {
    refuse(effects, input, 'INCONSISTENT_GROUP_PROTOCOL')
  } else if (input.memberId === '') {
    joinWithoutMemberId(group, input, nowMs, effects)
  } else {
    joinWithMemberId(group, input, nowMs, effects)
  }
}

function refuse(effects: Effect[], input: JoinGroupInput, errorCode: Parameters<typeof joinGroupError>[0]): void {
  reply(effects, input.requestId, joinGroupError(errorCode, input.memberId))
}

/** Whether `group.max.size` and the byte limit leave room for this join (row I11: at every step, static twins too). */
function hasRoom(group: Group, input: JoinGroupInput): boolean {
  const { groupMaxSize, groupMetadataMaxBytes } = group.options
  const existingId = existingMemberId(group, input)
  const existing = existingId === null ? undefined : group.members.get(existingId)
  const bytes = metadataBytes(input)
  let otherBytes = 0
  let joined = 0
  for (const member of group.members.values()) {
    if (member.heldJoin !== null) joined += 1
    if (member !== existing) otherBytes += metadataBytes(member)
  }
  if (otherBytes + bytes > groupMetadataMaxBytes) return false
  if (existing === undefined) return group.members.size < groupMaxSize
  // A group loaded over a lowered limit keeps those who rejoin first.
  return group.state !== 'PreparingRebalance' || existing.heldJoin !== null || joined < groupMaxSize
}

function existingMemberId(group: Group, input: JoinGroupInput): string | null {
  if (input.memberId !== '') return input.memberId
  return input.groupInstanceId === null ? null : staticMemberId(group, input.groupInstanceId)
}

function metadataBytes(offer: { readonly protocols: Member['protocols'] }): number {
  return offer.protocols.reduce((total, protocol) => total + protocol.metadata.length, 0)
}

/** The place goes to others: an existing member that comes too late loses it, and a pending id is freed. */
function refuseForSize(group: Group, input: JoinGroupInput, nowMs: number, effects: Effect[]): void {
  reply(effects, input.requestId, joinGroupError('GROUP_MAX_SIZE_REACHED', ''))
  group.pendingMembers.delete(input.memberId)
  const member = identify(group, input)
  if (typeof member !== 'string' && group.state === 'PreparingRebalance') {
    noteCause(group, 'groupMaxSize', member, input.reason, nowMs)
    removeMember(group, member, effects)
    afterRemoval(group, nowMs, effects)
  } else {
    completeJoinIfAllJoined(group, nowMs, effects)
  }
}

function joinWithoutMemberId(group: Group, input: JoinGroupInput, nowMs: number, effects: Effect[]): void {
  if (input.groupInstanceId !== null) {
    const ownerId = staticMemberId(group, input.groupInstanceId)
    if (ownerId === null) addMember(group, input, input.freshMemberId, nowMs, effects)
    else rejoinStaticMember(group, input, ownerId, nowMs, effects)
  } else if (!input.supportsMemberIdRequired) {
    addMember(group, input, input.freshMemberId, nowMs, effects)
  } else if (group.pendingMembers.size >= group.options.groupMaxPendingMembers) {
    refuse(effects, input, 'GROUP_MAX_SIZE_REACHED')
  } else {
    // It must come back with this id, so a client that never reads its reply leaves no member behind (KIP-394).
    group.pendingMembers.set(input.freshMemberId, nowMs + input.sessionTimeoutMs)
    reply(effects, input.requestId, joinGroupError('MEMBER_ID_REQUIRED', input.freshMemberId))
  }
}

function joinWithMemberId(group: Group, input: JoinGroupInput, nowMs: number, effects: Effect[]): void {
  if (input.groupInstanceId === null && group.pendingMembers.delete(input.memberId)) {
    addMember(group, input, input.memberId, nowMs, effects)
    return
  }
  const member = identify(group, input)
  if (typeof member === 'string') {
    refuse(effects, input, member)
    return
  }
  const unchanged = sameProtocols(member.protocols, input.protocols)
  const subscribesAsBefore = sameSubscriptions(member.protocols, input.protocols)
  if (group.state === 'PreparingRebalance') {
    // Who only answers the call to join again has not caused it.
    if (!subscribesAsBefore) noteCause(group, 'subscriptionChange', member, input.reason, nowMs)
    holdJoin(group, member, input, nowMs, effects)
    completeJoinIfAllJoined(group, nowMs, effects)
  } else if (unchanged && (group.state === 'CompletingRebalance' || member.memberId !== group.leaderId)) {
    // It may have missed the reply to its join. In Stable only the leader may ask for a rebalance without a change of its own.
    renewSession(member, nowMs)
    reply(effects, input.requestId, joinGroupReply(group, member))
  } else {
    holdJoin(group, member, input, nowMs, effects)
    noteCause(group, subscribesAsBefore ? 'rejoin' : 'subscriptionChange', member, input.reason, nowMs)
    prepareRebalance(group, nowMs, effects)
  }
}

function addMember(group: Group, input: JoinGroupInput, memberId: string, nowMs: number, effects: Effect[]): void {
  const member: Member = {
    memberId,
    groupInstanceId: input.groupInstanceId,
    clientId: input.clientId,
    clientHost: input.clientHost,
    sessionTimeoutMs: input.sessionTimeoutMs,
    rebalanceTimeoutMs: input.sessionTimeoutMs,
    protocols: input.protocols,
    assignment: Buffer.alloc(0),
    reason: input.reason,
    isNew: true,
    heldJoin: null,
    heldSync: null,
    sessionDeadlineMs: nowMs + group.options.groupNewMemberJoinTimeoutMs,
    syncDeadlineMs: Infinity,
  }
  group.members.set(memberId, member)
  if (group.members.size === 1) group.protocolType = input.protocolType
  group.leaderId ??= memberId
  keepOwnerAfterReload(group, member, effects)
  holdJoin(group, member, input, nowMs, effects)
  if (group.initialDelay !== null) group.initialDelay.memberAdded = true
  noteCause(group, 'join', member, input.reason, nowMs)
  if (group.state === 'PreparingRebalance') completeJoinIfAllJoined(group, nowMs, effects)
  else prepareRebalance(group, nowMs, effects)
}
