// Tick: everything that is due happens, sessions before the phases of a rebalance.
import type { Effect } from './effect.ts'
import { expiryMs } from './deadlines.ts'
import type { Group } from './group.ts'
import { afterRemoval, completeJoin, completeJoinIfAllJoined, removeMember } from './rebalance.ts'
import { noteCause } from './rebalance-cause.ts'

/** After a tick no deadline of the group is at or before `nowMs`. */
export function tick(group: Group, nowMs: number, effects: Effect[]): void {
  expirePendingMembers(group, nowMs, effects)
  expireMembers(group, nowMs, effects)
  if (group.rebalanceDeadlineMs <= nowMs) endJoinPhase(group, nowMs, effects)
}

function expirePendingMembers(group: Group, nowMs: number, effects: Effect[]): void {
  let expired = false
  for (const [memberId, deadlineMs] of group.pendingMembers) {
    if (deadlineMs <= nowMs) expired = group.pendingMembers.delete(memberId)
  }
  if (expired) completeJoinIfAllJoined(group, nowMs, effects)
}

/** Both kinds of silence end a membership: no heartbeat, and no SyncGroup. */
function expireMembers(group: Group, nowMs: number, effects: Effect[]): void {
  const expired = Array.from(group.members.values()).filter(
    (member) => expiryMs(member) <= nowMs || member.syncDeadlineMs <= nowMs,
  )
  if (expired.length === 0) return
  for (const member of expired) {
    noteCause(group, expiryMs(member) <= nowMs ? 'sessionTimeout' : 'syncTimeout', member, null, nowMs)
    removeMember(group, member, effects)
  }
  afterRemoval(group, nowMs, effects)
}

function endJoinPhase(group: Group, nowMs: number, effects: Effect[]): void {
  const { initialDelay } = group
  const { groupInitialRebalanceDelayMs } = group.options
  if (initialDelay?.memberAdded === true && nowMs < initialDelay.untilMs && groupInitialRebalanceDelayMs > 0) {
    initialDelay.memberAdded = false
    group.rebalanceDeadlineMs = Math.min(nowMs + groupInitialRebalanceDelayMs, initialDelay.untilMs)
    return
  }
  group.initialDelay = null
  completeJoin(group, nowMs, effects)
}
