// The one alarm of all groups, which also notices when the process stood still.
import type { Alarm, Runtime } from '../runtime.ts'

/** The alarm rings at least this often while anything is due at all, so that a stall cannot hide between two deadlines. */
const WATCH_MS = 1000
/** An alarm that rings later than this was held up by more than a busy moment. */
const STALL_TOLERANCE_MS = 500

/** Calls `ring(nowMs, stalledMs)` when something is due; `ring` returns the next deadline of all. */
export class DeadlineAlarm {
  private readonly runtime: Runtime
  private readonly ring: (nowMs: number, stalledMs: number) => number
  private alarm: Alarm | null = null
  private dueMs = Infinity

  constructor(runtime: Runtime, ring: (nowMs: number, stalledMs: number) => number) {
    this.runtime = runtime
    this.ring = ring
  }

  /** Makes sure that the alarm rings by `deadlineMs`. One that rings too early finds nothing due and is set again. */
  ringBy(deadlineMs: number): void {
    if (deadlineMs >= this.dueMs) return
    this.cancel()
    const nowMs = this.runtime.nowMs()
    this.dueMs = Math.min(deadlineMs, nowMs + WATCH_MS)
    this.alarm = this.runtime.setAlarm(this.dueMs - nowMs, () => this.rang())
  }

  cancel(): void {
    this.alarm?.cancel()
    this.alarm = null
    this.dueMs = Infinity
  }

  private rang(): void {
    const nowMs = this.runtime.nowMs()
    const lateMs = nowMs - this.dueMs
    this.alarm = null
    this.dueMs = Infinity
    // Requests that came in meanwhile are not read yet: they get the tolerance on top, to be read before anyone expires.
    this.ringBy(this.ring(nowMs, lateMs > STALL_TOLERANCE_MS ? lateMs + STALL_TOLERANCE_MS : 0))
  }
}
