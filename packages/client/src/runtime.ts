// The client's only clock, timers and randomness: everything else is given a Runtime.

/** A one-shot alarm that was set and may be called off. */
export interface Alarm {
  cancel(): void
}

/** What the client knows of time and chance. Tests give it a virtual one, for example the broker's own. */
export interface Runtime {
  /** Monotonic milliseconds: timeouts, heartbeats, sessions. */
  nowMs(): number
  /** Milliseconds since the epoch: the timestamp of a record that brings none. */
  wallClockMs(): number
  /** Calls back once, not before `delayMs` have passed; Infinity never rings. */
  setAlarm(delayMs: number, callback: () => void): Alarm
  /** A number in [0, 1). */
  random(): number
}

/** setTimeout counts in 32 bits: a longer delay would ring at once, so it is waited for in pieces. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1

function setAlarm(delayMs: number, callback: () => void): Alarm {
  const dueMs = performance.now() + delayMs
  let timer: NodeJS.Timeout | undefined
  const wait = (remainingMs: number) => {
    const pieceMs = Math.min(Math.max(0, Math.ceil(remainingMs)), LONGEST_TIMEOUT_MS)
    timer = setTimeout(() => {
      const leftMs = dueMs - performance.now()
      if (leftMs > 0) wait(leftMs)
      else callback()
    }, pieceMs)
  }
  if (delayMs !== Infinity) wait(delayMs)
  return { cancel: () => clearTimeout(timer) }
}

/** The real clock, timers and randomness of this process. */
export const nodeRuntime: Runtime = {
  nowMs: () => performance.now(),
  wallClockMs: () => Date.now(),
  setAlarm,
  random: () => Math.random(),
}
