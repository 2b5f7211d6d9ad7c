// A group in its coordinator's hands: the machine's state, its committed offsets, and the order of its effects.
import type { Group } from '../classic-group/group.ts'
import { CommittedOffsets } from './committed-offsets.ts'
import { DurableOrder } from './durable-order.ts'

export interface HostedGroup {
  readonly group: Group
  readonly offsets: CommittedOffsets
  readonly order: DurableOrder
  /** Whether the store holds anything of it, or will when a write that is under way is durable. */
  isStored: boolean
}

export function hostGroup(group: Group): HostedGroup {
  return { group, offsets: new CommittedOffsets(), order: new DurableOrder(), isStored: false }
}

/** Nobody would notice if it were gone: no members, nobody on the way in, no offsets, nothing being written. */
export function isForgettable({ group, offsets, order }: HostedGroup): boolean {
  return group.state === 'Empty' && group.pendingMembers.size === 0 && offsets.isEmpty && order.isIdle
}
