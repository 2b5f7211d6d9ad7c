// What a group has been through since it was made or loaded: its last change of state, and its rebalances.
import type { GroupState } from '../classic-group/group.ts'

export class GroupActivity {
  /** When it came into the state that it is in, on the monotonic clock. */
  stateSinceMs = 0
  /** Generations that began: each ends a rebalance, or is the one without members. */
  rebalances = 0
  private state: GroupState | null = null
  private generation = 0

  /** Notes how the group is now; how many generations have begun since the last time. */
  observe(state: GroupState, generation: number, nowMs: number): number {
    const begun = this.state === null ? 0 : generation - this.generation
    if (state !== this.state) this.stateSinceMs = nowMs
    this.state = state
    this.generation = generation
    this.rebalances += begun
    return begun
  }
}
