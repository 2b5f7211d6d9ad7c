// A group in its coordinator's hands: the machines' state, its committed offsets, and the order of its effects.
import type { Group, GroupState } from '../classic-group/group.ts'
import { nextDeadlineMs as nextClassicDeadlineMs } from '../classic-group/deadlines.ts'
import { nextDeadlineMs as nextWireV1DeadlineMs, type WireV1Group } from '../wire-v1-group/group.ts'
import { CommittedOffsets } from './committed-offsets.ts'
import { DurableOrder } from './durable-order.ts'
import { GroupActivity } from './group-activity.ts'

export interface HostedGroup {
  readonly group: Group
  /** Its state in the original dialect while it has members of that one; `group` is Empty then. */
  wireV1: WireV1Group | null
  readonly offsets: CommittedOffsets
  /** When its last member left, by the wall clock; null while it has members, and where nobody ever was one. */
  emptySinceMs: number | null
  readonly order: DurableOrder
  readonly activity: GroupActivity
  /** Whether the store holds anything of it, or will when a write that is under way is durable. */
  isStored: boolean
}

export function hostGroup(group: Group): HostedGroup {
  return {
    group,
    wireV1: null,
    offsets: new CommittedOffsets(),
    emptySinceMs: null,
    order: new DurableOrder(),
    activity: new GroupActivity(),
    isStored: false,
  }
}

/** Nobody would notice if it were gone: no members, nobody on the way in, no offsets, nothing being written. */
export function isForgettable(hosted: HostedGroup): boolean {
  return !hasMembers(hosted) && hosted.offsets.isEmpty && hosted.order.isIdle
}

/** Whether members of the Kafka dialect are in it, or on the way in. */
export function belongsToKafka({ group }: HostedGroup): boolean {
  return group.state !== 'Empty' || group.pendingMembers.size > 0
}

/** Whether members of either dialect are in it, or on the way in. */
export function hasMembers(hosted: HostedGroup): boolean {
  return belongsToKafka(hosted) || hosted.wireV1 !== null
}

/** The state of a group of either dialect: in the original one a group with members is always settled. */
export function stateOf({ group, wireV1 }: HostedGroup): GroupState {
  return wireV1 === null ? group.state : 'Stable'
}

/** Generations begin in both dialects, and go on from one to the other. */
export function generationOf({ group, wireV1 }: HostedGroup): number {
  return wireV1?.generation ?? group.generationId
}

/** When something of it is due next; Infinity where nothing is. */
export function nextDeadlineMs({ group, wireV1 }: HostedGroup): number {
  return Math.min(nextClassicDeadlineMs(group), wireV1 === null ? Infinity : nextWireV1DeadlineMs(wireV1))
}
