// Heartbeat: keeps a member alive and tells it when it must rejoin.
import { identifyInGeneration, renewSession } from './identity.ts'
import { reply } from './effect.ts'
import type { Effect } from './effect.ts'
import type { Group } from './group.ts'
import type { HeartbeatInput } from './input.ts'

/** NONE in CompletingRebalance too: members may heartbeat as soon as they have joined (the sync deadline still runs). */
export function heartbeat(group: Group, input: HeartbeatInput, nowMs: number, effects: Effect[]): void {
  const member = identifyInGeneration(group, input)
  if (typeof member === 'string') {
    reply(effects, input.requestId, { kind: 'heartbeat', errorCode: member })
    return
  }
  renewSession(member, nowMs)
  const errorCode = group.state === 'PreparingRebalance' ? 'REBALANCE_IN_PROGRESS' : 'NONE'
  reply(effects, input.requestId, { kind: 'heartbeat', errorCode })
}
