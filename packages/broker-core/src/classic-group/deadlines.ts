// When something in a group is due next.
import type { Group, Member } from './group.ts'

/** When a member's silence ends its membership; Infinity while its JoinGroup or SyncGroup is held (row I10). */
export function expiryMs(member: Member): number {
  // One that was never answered cannot be told from one that has gone away: it expires even while it waits (row I9).
  if (member.isNew) return member.sessionDeadlineMs
  return member.heldJoin !== null || member.heldSync !== null ? Infinity : member.sessionDeadlineMs
}

/** When the group must get its next tick; Infinity when nothing is due. */
export function nextDeadlineMs(group: Group): number {
  let least = group.rebalanceDeadlineMs
  for (const deadlineMs of group.pendingMembers.values()) least = Math.min(least, deadlineMs)
  for (const member of group.members.values()) least = Math.min(least, expiryMs(member), member.syncDeadlineMs)
  return least
}
