// A static member comes back under a new member id (KIP-345): the newcomer takes over, the older one is fenced.
import { assert } from '../assert.ts'
import { joinGroupError, reply, syncGroupError } from './effect.ts'
import type { Effect } from './effect.ts'
import { imageWithReplacedMember } from './group-image.ts'
import { rebalanceTimeoutMs } from './group.ts'
import type { Group, Member } from './group.ts'
import { holdJoin } from './hold-join.ts'
import type { JoinGroupInput } from './input.ts'
import { selectProtocol } from './protocols.ts'
import { completeJoinIfAllJoined, describeMembers, joinGroupReply, persist, prepareRebalance } from './rebalance.ts'
import { noteCause } from './rebalance-cause.ts'

/** In Stable, with the same protocol and the same topics, it gets its generation back and nobody else notices. */
export function rejoinStaticMember(
  group: Group,
  input: JoinGroupInput,
  ownerId: string,
  nowMs: number,
  effects: Effect[],
): void {
  const before = group.members.get(ownerId)
  assert(before !== undefined, 'the owner of an instance id is a member')
  const subscriptionBefore = subscriptionOf(before, group.protocolName)
  const member = replaceMember(group, before, input.freshMemberId, effects)
  holdJoin(group, member, input, nowMs, effects)
  const needsRebalance =
    group.state !== 'Stable' ||
    selectProtocol(group) !== group.protocolName ||
    subscriptionOf(member, group.protocolName) !== subscriptionBefore
  if (needsRebalance) {
    keepOwnerAfterReload(group, member, effects)
    noteCause(group, 'staticTakeover', member, input.reason, nowMs)
    if (group.state === 'PreparingRebalance') completeJoinIfAllJoined(group, nowMs, effects)
    else prepareRebalance(group, nowMs, effects)
    return
  }
  member.syncDeadlineMs = nowMs + rebalanceTimeoutMs(group)
  member.sessionDeadlineMs = nowMs + member.sessionTimeoutMs
  member.heldJoin = null
  persist(group, effects)
  reply(effects, input.requestId, {
    ...joinGroupReply(group, member),
    ...withoutAssigning(group, member, ownerId, input.supportsSkipAssignment),
  })
}

/** The generation has its assignment already: a returning leader must not make another one. */
function withoutAssigning(group: Group, member: Member, oldMemberId: string, supportsSkipAssignment: boolean) {
  if (member.memberId !== group.leaderId) return {}
  // From v9 on the client is told so (KIP-814); an older one is kept from it by the name of a leader that is not him.
  return supportsSkipAssignment
    ? { members: describeMembers(group), skipAssignment: true }
    : { members: [], leader: oldMemberId }
}

/** Gives the place in the join order to the new id and fences whoever still waits under the old one. */
function replaceMember(group: Group, before: Member, newMemberId: string, effects: Effect[]): Member {
  if (before.heldJoin !== null) {
    reply(effects, before.heldJoin, joinGroupError('FENCED_INSTANCE_ID', before.memberId))
  }
  if (before.heldSync !== null) reply(effects, before.heldSync, syncGroupError('FENCED_INSTANCE_ID'))
  const member: Member = { ...before, memberId: newMemberId, isNew: false, heldJoin: null, heldSync: null }
  group.members = new Map(
    Array.from(group.members.values(), (other) => (other === before ? [newMemberId, member] : [other.memberId, other])),
  )
  if (group.leaderId === before.memberId) group.leaderId = newMemberId
  return member
}

/**
 * What is saved may still name an older owner of the instance id: without this a restart in the middle of a rebalance
 * would bring that one back and fence the newcomer (row I12).
 */
export function keepOwnerAfterReload(group: Group, member: Member, effects: Effect[]): void {
  if (group.saved === null || member.groupInstanceId === null) return
  const older = group.saved.members.find((saved) => saved.groupInstanceId === member.groupInstanceId)
  if (older === undefined || older.memberId === member.memberId) return
  group.saved = imageWithReplacedMember(group.saved, older.memberId, member.memberId)
  effects.push({ kind: 'persistGroup', image: group.saved })
}

function subscriptionOf(member: Member, protocolName: string | null): string | undefined {
  return member.protocols.find((protocol) => protocol.name === protocolName)?.subscriptionKey
}
