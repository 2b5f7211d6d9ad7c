// The group's only door: one input in, effects out. Nothing else changes a group.
import type { Effect } from './effect.ts'
import type { Group } from './group.ts'
import { heartbeat } from './heartbeat.ts'
import type { Input } from './input.ts'
import { joinGroup } from './join-group.ts'
import { leaveGroup } from './leave-group.ts'
import { offsetCommit } from './offset-commit.ts'
import { stalled } from './stalled.ts'
import { syncGroup } from './sync-group.ts'
import { tick } from './tick.ts'
import { unload } from './unload.ts'

/**
 * Mutates `group`, touches nothing else, and says what the world must do, in order.
 * Every request is answered by exactly one reply, now or in a later step. `nowMs` never runs backwards.
 */
export function step(group: Group, input: Input, nowMs: number): Effect[] {
  const effects: Effect[] = []
  switch (input.kind) {
    case 'joinGroup':
      joinGroup(group, input, nowMs, effects)
      break
    case 'syncGroup':
      syncGroup(group, input, nowMs, effects)
      break
    case 'heartbeat':
      heartbeat(group, input, nowMs, effects)
      break
    case 'leaveGroup':
      leaveGroup(group, input, nowMs, effects)
      break
    case 'offsetCommit':
      offsetCommit(group, input, nowMs, effects)
      break
    case 'tick':
      tick(group, nowMs, effects)
      break
    case 'stalled':
      stalled(group, input.byMs)
      break
    case 'unload':
      unload(group, effects)
      break
    default:
      input satisfies never
  }
  return effects
}
