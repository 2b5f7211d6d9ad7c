// Keeping a JoinGroup until the join phase ends.
import { joinGroupError, reply } from './effect.ts'
import type { Effect } from './effect.ts'
import type { Group, Member } from './group.ts'
import { renewSession } from './identity.ts'
import type { JoinGroupInput } from './input.ts'

/** Takes over what the client says of itself now, and lets its request wait. */
export function holdJoin(group: Group, member: Member, input: JoinGroupInput, nowMs: number, effects: Effect[]): void {
  // A second JoinGroup takes the place of the one that waits: its sender has given that one up.
  if (member.heldJoin !== null) {
    reply(effects, member.heldJoin, joinGroupError('REBALANCE_IN_PROGRESS', member.memberId))
  }
  member.heldJoin = input.requestId
  member.clientId = input.clientId
  member.clientHost = input.clientHost
  member.protocols = input.protocols
  member.sessionTimeoutMs = input.sessionTimeoutMs
  member.rebalanceTimeoutMs =
    input.rebalanceTimeoutMs > 0
      ? Math.min(input.rebalanceTimeoutMs, group.options.groupMaxRebalanceTimeoutMs)
      : input.sessionTimeoutMs
  member.reason = input.reason
  renewSession(member, nowMs)
}
