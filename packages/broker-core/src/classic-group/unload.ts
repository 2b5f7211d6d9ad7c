// The coordinator lets a group go: it is closing, or could not write what the group told it.
import { joinGroupError, reply, syncGroupError } from './effect.ts'
import type { Effect } from './effect.ts'
import type { Group } from './group.ts'
import { transitionTo } from './state.ts'

/** Answers everyone who waits COORDINATOR_NOT_AVAILABLE, forgets the members and leaves the group Dead. */
export function unload(group: Group, effects: Effect[]): void {
  for (const member of group.members.values()) {
    if (member.heldJoin !== null) {
      reply(effects, member.heldJoin, joinGroupError('COORDINATOR_NOT_AVAILABLE', member.memberId))
    }
    if (member.heldSync !== null) reply(effects, member.heldSync, syncGroupError('COORDINATOR_NOT_AVAILABLE'))
  }
  group.members.clear()
  group.pendingMembers.clear()
  group.leaderId = null
  group.rebalanceDeadlineMs = Infinity
  group.initialDelay = null
  group.rebalance = null
  transitionTo(group, 'Dead')
}
