// The rebalance: how it begins, when the join phase is over, and what each member is told then.
import { assert } from '../assert.ts'
import { joinGroupError, reply, syncGroupError } from './effect.ts'
import type { Effect, JoinGroupReply } from './effect.ts'
import { imageOf } from './group-image.ts'
import { rebalanceTimeoutMs } from './group.ts'
import type { Group, GroupImage, Member } from './group.ts'
import { metadataOf, selectProtocol } from './protocols.ts'
import { noteCause } from './rebalance-cause.ts'
import { transitionTo } from './state.ts'

const NO_ASSIGNMENT = Buffer.alloc(0)

/**
 * Asks everyone to join again; the cause has been noted. Held SyncGroups are answered REBALANCE_IN_PROGRESS: their
 * generation is over.
 */
export function prepareRebalance(group: Group, nowMs: number, effects: Effect[]): void {
  const wasEmpty = group.state === 'Empty'
  for (const member of group.members.values()) {
    member.syncDeadlineMs = Infinity
    if (group.state === 'CompletingRebalance') member.assignment = NO_ASSIGNMENT
    if (member.heldSync === null) continue
    reply(effects, member.heldSync, syncGroupError('REBALANCE_IN_PROGRESS'))
    member.heldSync = null
    member.sessionDeadlineMs = nowMs + member.sessionTimeoutMs
  }
  transitionTo(group, 'PreparingRebalance')
  if (wasEmpty) {
    const { groupInitialRebalanceDelayMs } = group.options
    const longestMs = Math.max(rebalanceTimeoutMs(group), groupInitialRebalanceDelayMs)
    group.initialDelay = { untilMs: nowMs + longestMs, memberAdded: false }
    group.rebalanceDeadlineMs = nowMs + groupInitialRebalanceDelayMs
  } else {
    group.rebalanceDeadlineMs = nowMs + rebalanceTimeoutMs(group)
    completeJoinIfAllJoined(group, nowMs, effects)
  }
}

/** What follows when members have gone: Empty, a rebalance of the others, or the end of a join phase that waited for them. */
export function afterRemoval(group: Group, nowMs: number, effects: Effect[]): void {
  if (group.members.size === 0) becomeEmpty(group, nowMs, effects)
  else if (group.state === 'PreparingRebalance') completeJoinIfAllJoined(group, nowMs, effects)
  else prepareRebalance(group, nowMs, effects)
}

/** Ends the join phase when nobody is missing. The initial delay is waited for in any case: it is for those not known yet. */
export function completeJoinIfAllJoined(group: Group, nowMs: number, effects: Effect[]): void {
  if (group.state !== 'PreparingRebalance' || group.initialDelay !== null) return
  if (group.pendingMembers.size > 0) return
  if (Array.from(group.members.values()).every((member) => member.heldJoin !== null))
    completeJoin(group, nowMs, effects)
}

/** Ends the join phase: who has not joined is out (a static member stays until its session ends), the rest get a generation. */
export function completeJoin(group: Group, nowMs: number, effects: Effect[]): void {
  for (const member of group.members.values()) {
    if (member.heldJoin !== null || member.groupInstanceId !== null) continue
    group.members.delete(member.memberId)
    noteCause(group, 'joinTimeout', member, null, nowMs)
  }
  if (group.members.size === 0) {
    becomeEmpty(group, nowMs, effects)
    return
  }
  const leader = electLeader(group)
  if (leader === null) {
    // Only static members are left, and none of them has come back yet: wait until they do or their sessions end.
    group.rebalanceDeadlineMs = nowMs + rebalanceTimeoutMs(group)
    return
  }
  group.leaderId = leader.memberId
  startGeneration(group, nowMs)
  for (const member of group.members.values()) {
    if (member.heldJoin === null) continue
    reply(effects, member.heldJoin, joinGroupReply(group, member))
    member.heldJoin = null
    member.isNew = false
    member.sessionDeadlineMs = nowMs + member.sessionTimeoutMs
  }
}

function beginGeneration(group: Group): void {
  group.generationId += 1 + group.forgottenGenerations
  group.forgottenGenerations = 0
}

function startGeneration(group: Group, nowMs: number): void {
  beginGeneration(group)
  group.protocolName = selectProtocol(group)
  group.rebalanceDeadlineMs = Infinity
  group.initialDelay = null
  transitionTo(group, 'CompletingRebalance')
  // Heartbeats must not hide a SyncGroup that never comes (KAFKA-12890).
  const syncDeadlineMs = nowMs + rebalanceTimeoutMs(group)
  for (const member of group.members.values()) {
    member.assignment = NO_ASSIGNMENT
    member.syncDeadlineMs = syncDeadlineMs
  }
}

/** The old leader if it has joined again, else the first in join order who has. */
function electLeader(group: Group): Member | null {
  const current = group.leaderId === null ? undefined : group.members.get(group.leaderId)
  if (current !== undefined && current.heldJoin !== null) return current
  for (const member of group.members.values()) {
    if (member.heldJoin !== null) return member
  }
  return null
}

/** The last member has gone: a new generation without members, so that nothing from the old one is accepted. */
export function becomeEmpty(group: Group, nowMs: number, effects: Effect[]): void {
  assert(group.members.size === 0, 'a group that becomes Empty has no members')
  const before = group.saved
  if (group.state !== 'PreparingRebalance') transitionTo(group, 'PreparingRebalance')
  transitionTo(group, 'Empty')
  beginGeneration(group)
  group.protocolName = null
  group.leaderId = null
  group.rebalanceDeadlineMs = Infinity
  group.initialDelay = null
  persist(group, effects)
  settle(group, before, nowMs, effects)
}

/** Says what the rebalance that ends here was. `before` is what was saved when the group had last settled. */
export function settle(group: Group, before: GroupImage | null, nowMs: number, effects: Effect[]): void {
  const { rebalance, generationId, protocolType, protocolName, saved } = group
  assert(rebalance !== null && saved !== null, 'a group that settles had a cause to rebalance, and has been saved')
  group.rebalance = null
  effects.push({
    kind: 'rebalanced',
    rebalance: {
      generationId,
      protocolType,
      protocolName,
      before: before?.members ?? [],
      after: saved.members,
      tookMs: nowMs - rebalance.sinceMs,
      causes: rebalance.causes,
      causeCount: rebalance.causeCount,
    },
  })
}

/** Has the group's image saved; replies of this step that follow wait for it. */
export function persist(group: Group, effects: Effect[]): void {
  group.saved = imageOf(group)
  effects.push({ kind: 'persistGroup', image: group.saved })
}

/** What a member is told about the current generation. Only the leader learns who the others are. */
export function joinGroupReply(group: Group, member: Member): JoinGroupReply {
  return {
    ...joinGroupError('NONE', member.memberId),
    generationId: group.generationId,
    protocolType: group.protocolType,
    protocolName: group.protocolName,
    leader: group.leaderId ?? '',
    members: member.memberId === group.leaderId ? describeMembers(group) : [],
  }
}

/** All members with their metadata for the selected protocol, in join order. */
export function describeMembers(group: Group): JoinGroupReply['members'] {
  return Array.from(group.members.values(), (member) => ({
    memberId: member.memberId,
    groupInstanceId: member.groupInstanceId,
    metadata: metadataOf(member, group.protocolName),
  }))
}

/** Takes a member out and answers whatever it holds. Leadership passes in join order. */
export function removeMember(group: Group, member: Member, effects: Effect[]): void {
  if (member.heldJoin !== null) reply(effects, member.heldJoin, joinGroupError('UNKNOWN_MEMBER_ID', ''))
  if (member.heldSync !== null) reply(effects, member.heldSync, syncGroupError('UNKNOWN_MEMBER_ID'))
  group.members.delete(member.memberId)
  if (group.leaderId !== member.memberId) return
  const [next] = group.members.keys()
  group.leaderId = next ?? null
}
