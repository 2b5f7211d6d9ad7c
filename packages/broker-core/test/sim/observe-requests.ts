// Each request is answered exactly once or is still held, and not for longer than a rebalance may take.
import { nextDeadlineMs } from '../../src/classic-group/deadlines.ts'
import type { Group } from '../../src/classic-group/group.ts'
import { isReply, isRequest } from './observation.ts'
import type { Bounds, Observer, StepSeen } from './observation.ts'
import { must } from './violation.ts'

export class RequestObserver implements Observer {
  private readonly bounds: Bounds
  private readonly open = new Map<number, { readonly kind: string; readonly sinceMs: number }>()

  constructor(bounds: Bounds) {
    this.bounds = bounds
  }

  after({ group, input, effects, livelyMs }: StepSeen): void {
    if (isRequest(input)) this.open.set(input.requestId, { kind: input.kind, sinceMs: livelyMs })
    for (const effect of effects) {
      if (!isReply(effect)) continue
      const request = this.open.get(effect.requestId)
      must(request !== undefined, 'a reply answers a request that waits for one', () => `request ${effect.requestId}`)
      must(request?.kind === effect.reply.kind, 'a reply is of the kind of its request')
      this.open.delete(effect.requestId)
    }
    let held = 0
    for (const { heldJoin, heldSync } of group.members.values()) {
      if (heldJoin !== null) held += this.mustBeOpen(heldJoin, 'joinGroup')
      if (heldSync !== null) held += this.mustBeOpen(heldSync, 'syncGroup')
    }
    must(held === this.open.size, 'each request is answered exactly once or still held', () =>
      JSON.stringify([...this.open]),
    )
    if (held > 0) must(nextDeadlineMs(group) < Infinity, 'something held has a finite deadline')
    if (input.kind !== 'tick') return
    for (const [requestId, { sinceMs }] of this.open) {
      must(
        livelyMs - sinceMs <= this.bounds.rebalanceTimeoutMs,
        'no request is held longer than the rebalance timeout',
        () => `request ${requestId} for ${livelyMs - sinceMs} ms`,
      )
    }
  }

  private mustBeOpen(requestId: number, kind: string): number {
    must(
      this.open.get(requestId)?.kind === kind,
      'what is held is an open request of its kind',
      () => `request ${requestId}`,
    )
    return 1
  }

  reloaded(_group: Group): void {
    this.open.clear()
  }
}
