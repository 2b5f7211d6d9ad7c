// Waiting that can be called off: promises with a signal, pauses on the runtime's clock, and promises settled from outside.
import type { Runtime } from './runtime.ts'

/** What every call that waits takes. */
export interface CallOptions {
  /** Calls the wait off: the call rejects with the signal's reason. What was sent already may still be done. */
  readonly signal?: AbortSignal | undefined
}

/** A promise that is settled from outside. */
export class Deferred<T> {
  readonly promise: Promise<T>
  resolve!: (value: T | PromiseLike<T>) => void
  reject!: (reason: unknown) => void

  constructor() {
    this.promise = new Promise<T>((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
    })
  }

  /** Marks a rejection as seen, for a promise that perhaps nobody awaits. */
  quiet(): this {
    this.promise.catch(() => {})
    return this
  }
}

/** The promise's outcome, or a rejection with the signal's reason if that comes first. */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  return new Promise<T>((resolve, reject) => {
    const stop = () => {
      promise.catch(() => {})
      reject(signal.reason as Error)
    }
    if (signal.aborted) {
      stop()
      return
    }
    signal.addEventListener('abort', stop, { once: true })
    promise
      .finally(() => {
        signal.removeEventListener('abort', stop)
      })
      .then(resolve, reject)
  })
}

/** Resolves when the promise has settled, either way, or when `timeoutMs` are over. */
export async function settledWithin(runtime: Runtime, timeoutMs: number, promise: Promise<unknown>): Promise<void> {
  const timeUp = new Deferred<void>()
  const alarm = runtime.setAlarm(timeoutMs, () => timeUp.resolve())
  await Promise.race([
    promise.then(
      () => {},
      () => {},
    ),
    timeUp.promise,
  ])
  alarm.cancel()
}
