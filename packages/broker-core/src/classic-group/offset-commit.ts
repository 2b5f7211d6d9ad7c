// OffsetCommit: decides whether this client may commit for the group now. The offsets themselves pass through.
import type { ErrorCode } from '@goqueue/protocol'
import { reply } from './effect.ts'
import type { Effect } from './effect.ts'
import type { Group } from './group.ts'
import { identifyInGeneration, renewSession } from './identity.ts'
import type { OffsetCommitInput } from './input.ts'

/** Row I2: only the current (member id, generation) may commit, or anyone without a generation while the group is Empty. */
export function offsetCommit(group: Group, input: OffsetCommitInput, nowMs: number, effects: Effect[]): void {
  const errorCode = checkCommit(group, input, nowMs)
  if (errorCode === 'NONE' && input.offsets.length > 0) effects.push({ kind: 'persistOffsets', offsets: input.offsets })
  reply(effects, input.requestId, { kind: 'offsetCommit', errorCode })
}

function checkCommit(group: Group, input: OffsetCommitInput, nowMs: number): ErrorCode {
  if (group.state === 'Dead') return 'COORDINATOR_NOT_AVAILABLE'
  if (input.generationId < 0 && group.state === 'Empty') return 'NONE'
  const member = identifyInGeneration(group, input)
  if (typeof member === 'string') return member
  if (group.state === 'CompletingRebalance') return 'REBALANCE_IN_PROGRESS'
  // In PreparingRebalance the right generation may still commit: members do so while they revoke.
  renewSession(member, nowMs)
  return 'NONE'
}
