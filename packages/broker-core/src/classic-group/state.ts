// The one table of legal transitions between the five states of a classic group.
import { assert } from '../assert.ts'
import type { Group, GroupState } from './group.ts'

/** Where a group may go from each state. */
export const legalTransitions: Readonly<Record<GroupState, readonly GroupState[]>> = {
  Empty: ['PreparingRebalance', 'Dead'],
  PreparingRebalance: ['CompletingRebalance', 'Empty', 'Dead'],
  CompletingRebalance: ['Stable', 'PreparingRebalance', 'Dead'],
  Stable: ['PreparingRebalance', 'Dead'],
  Dead: ['Dead'],
}

/** Moves the group to `next`; an illegal move is a bug. */
export function transitionTo(group: Group, next: GroupState): void {
  assert(legalTransitions[group.state].includes(next), `a group may go from ${group.state} to ${next}`)
  group.state = next
}
