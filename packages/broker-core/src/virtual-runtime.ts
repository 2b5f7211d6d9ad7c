// A clock that moves only when told to, with seeded randomness: what tests and the simulator run a broker on.
import type { Alarm, Runtime } from './runtime.ts'

interface SetAlarm {
  readonly dueMs: number
  readonly order: number
  readonly callback: () => void
}

/** 2026-01-01T00:00:00Z: far enough from 0 that a mixed-up clock shows. */
const DEFAULT_WALL_CLOCK_MS = 1_767_225_600_000

/** Deterministic time and chance. Both clocks stand still until `advance`. */
export class VirtualRuntime implements Runtime {
  private elapsedMs = 0
  private readonly startMs: number
  private state: number
  private order = 0
  private readonly alarms = new Set<SetAlarm>()

  constructor(options: { readonly seed?: number; readonly wallClockMs?: number } = {}) {
    this.state = (options.seed ?? 1) >>> 0
    this.startMs = options.wallClockMs ?? DEFAULT_WALL_CLOCK_MS
  }

  nowMs(): number {
    return this.elapsedMs
  }

  /** Whole milliseconds, as a real one gives them: an alarm may be set for a part of one. */
  wallClockMs(): number {
    return Math.floor(this.startMs + this.elapsedMs)
  }

  setAlarm(delayMs: number, callback: () => void): Alarm {
    const alarm = { dueMs: this.elapsedMs + Math.max(0, delayMs), order: this.order++, callback }
    if (alarm.dueMs !== Infinity) this.alarms.add(alarm)
    return { cancel: () => this.alarms.delete(alarm) }
  }

  /** mulberry32: small, fast, and the same on every machine. */
  random(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0
    let mixed = this.state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }

  randomUuid(): string {
    const digits = Array.from({ length: 32 }, () => Math.floor(this.random() * 16).toString(16)).join('')
    const parts = [digits.slice(0, 8), digits.slice(8, 12), `4${digits.slice(13, 16)}`, `8${digits.slice(17, 20)}`]
    return [...parts, digits.slice(20)].join('-')
  }

  /** How many alarms are set. */
  get alarmCount(): number {
    return this.alarms.size
  }

  /** When the next alarm rings, in `nowMs` terms; Infinity when none is set. */
  get nextAlarmMs(): number {
    return this.next()?.dueMs ?? Infinity
  }

  /** Moves time on by `delayMs`, ringing every alarm that falls due on the way, in order of time, then of setting. */
  advance(delayMs: number): void {
    const endMs = this.elapsedMs + delayMs
    for (let alarm = this.next(); alarm !== undefined && alarm.dueMs <= endMs; alarm = this.next()) {
      this.elapsedMs = Math.max(this.elapsedMs, alarm.dueMs)
      this.alarms.delete(alarm)
      alarm.callback()
    }
    this.elapsedMs = endMs
  }

  private next(): SetAlarm | undefined {
    let first: SetAlarm | undefined
    for (const alarm of this.alarms) {
      const isEarlier =
        first === undefined || alarm.dueMs < first.dueMs || (alarm.dueMs === first.dueMs && alarm.order < first.order)
      if (isEarlier) first = alarm
    }
    return first
  }
}
