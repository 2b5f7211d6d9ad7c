// SyncGroup: the leader brings the assignment, everyone takes its own part away.
import { reply, syncGroupError } from './effect.ts'
import type { Effect } from './effect.ts'
import type { Group, Member } from './group.ts'
import { identifyInGeneration, renewSession } from './identity.ts'
import type { SyncGroupInput } from './input.ts'
import { persist, settle } from './rebalance.ts'
import { transitionTo } from './state.ts'

/** Held until the leader's assignment is here; in Stable the member's own assignment at once. */
export function syncGroup(group: Group, input: SyncGroupInput, nowMs: number, effects: Effect[]): void {
  const member = identifyInGeneration(group, input)
  if (typeof member === 'string') {
    reply(effects, input.requestId, syncGroupError(member))
  } else if (disagrees(input.protocolType, group.protocolType) || disagrees(input.protocolName, group.protocolName)) {
    reply(effects, input.requestId, syncGroupError('INCONSISTENT_GROUP_PROTOCOL'))
  } else if (group.state === 'PreparingRebalance') {
    renewSession(member, nowMs)
    reply(effects, input.requestId, syncGroupError('REBALANCE_IN_PROGRESS'))
  } else if (group.state === 'Stable') {
    renewSession(member, nowMs)
    member.syncDeadlineMs = Infinity
    replyWithAssignment(group, member, input.requestId, effects)
  } else if (member.memberId === group.leaderId && assignmentBytes(input) > group.options.groupMetadataMaxBytes) {
    reply(effects, input.requestId, syncGroupError('INVALID_REQUEST'))
  } else {
    // A second SyncGroup takes the place of the one that waits: its sender has given that one up.
    if (member.heldSync !== null) reply(effects, member.heldSync, syncGroupError('REBALANCE_IN_PROGRESS'))
    member.heldSync = input.requestId
    member.syncDeadlineMs = Infinity
    if (member.memberId === group.leaderId) becomeStable(group, input, nowMs, effects)
  }
}

function becomeStable(group: Group, input: SyncGroupInput, nowMs: number, effects: Effect[]): void {
  const before = group.saved
  for (const { memberId, assignment } of input.assignments) {
    const member = group.members.get(memberId)
    if (member !== undefined) member.assignment = assignment
  }
  transitionTo(group, 'Stable')
  persist(group, effects)
  for (const member of group.members.values()) {
    if (member.heldSync === null) continue
    replyWithAssignment(group, member, member.heldSync, effects)
    member.heldSync = null
    member.sessionDeadlineMs = nowMs + member.sessionTimeoutMs
  }
  settle(group, before, nowMs, effects)
}

function replyWithAssignment(group: Group, member: Member, requestId: number, effects: Effect[]): void {
  const { protocolType, protocolName } = group
  reply(effects, requestId, {
    kind: 'syncGroup',
    errorCode: 'NONE',
    protocolType,
    protocolName,
    assignment: member.assignment,
  })
}

/** What a client does not say cannot disagree (below v5). */
function disagrees(claimed: string | null, actual: string | null): boolean {
  return claimed !== null && actual !== null && claimed !== actual
}

function assignmentBytes(input: SyncGroupInput): number {
  return input.assignments.reduce((total, { assignment }) => total + assignment.length, 0)
}
