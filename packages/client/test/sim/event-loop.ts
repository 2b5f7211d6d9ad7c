// The event loop of a simulated process: it may stand still, catch up with what came meanwhile, or end.
import type { VirtualRuntime } from '@goqueue/broker-core/testing'

export class EventLoop {
  isDead = false
  /** When it last stood still, or will go on again. */
  stoodStillUntilMs = -Infinity
  private readonly runtime: VirtualRuntime
  private readonly afterEvent: () => void
  private isBlocked = false
  private isCatchingUp = false
  private readonly deferred: (() => void)[] = []

  constructor(runtime: VirtualRuntime, afterEvent: () => void) {
    this.runtime = runtime
    this.afterEvent = afterEvent
  }

  /** Neither dead, nor standing still, nor behind. */
  get isAwake(): boolean {
    return !this.isDead && !this.isBlocked && !this.isCatchingUp
  }

  get isBlocking(): boolean {
    return this.isBlocked
  }

  /** Everything that reaches this process comes in here. */
  enter(event: () => void): void {
    if (this.isDead) return
    if (!this.isAwake) {
      this.deferred.push(event)
      return
    }
    event()
    this.afterEvent()
  }

  after(delayMs: number, event: () => void): { cancel(): void } {
    return this.runtime.setAlarm(delayMs, () => this.enter(event))
  }

  /** Nothing happens for a while; what should have happened comes one by one afterwards, in whatever order it came. */
  block(durationMs: number): void {
    if (this.isBlocked || this.isDead) return
    this.isBlocked = true
    this.stoodStillUntilMs = this.runtime.nowMs() + durationMs
    this.runtime.setAlarm(durationMs, () => {
      this.isBlocked = false
      if (this.isCatchingUp) return
      this.isCatchingUp = true
      this.catchUp()
    })
  }

  private catchUp(): void {
    const event = this.isBlocked ? undefined : this.deferred.shift()
    if (event === undefined) {
      this.isCatchingUp = false
      return
    }
    if (!this.isDead) event()
    this.runtime.setAlarm(1, () => this.catchUp())
  }
}

/** A function that does something the first time it is called. */
export function once(call: () => void): () => void {
  let isDone = false
  return () => {
    if (isDone) return
    isDone = true
    call()
  }
}
