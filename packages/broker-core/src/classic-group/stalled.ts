// A stall of the process: time in which no client could be heard.
import type { Group } from './group.ts'

/** Moves every deadline by the stall: for the group that time did not pass (row I23). */
export function stalled(group: Group, byMs: number): void {
  group.rebalanceDeadlineMs += byMs
  if (group.initialDelay !== null) {
    group.initialDelay = { ...group.initialDelay, untilMs: group.initialDelay.untilMs + byMs }
  }
  for (const [memberId, deadlineMs] of group.pendingMembers) group.pendingMembers.set(memberId, deadlineMs + byMs)
  for (const member of group.members.values()) {
    member.sessionDeadlineMs += byMs
    member.syncDeadlineMs += byMs
  }
}
