// Parks Fetch requests until one of their logs moves on, their time is up, or nobody waits for them any more.
import type { Runtime } from '../runtime.ts'

/** What a waiting Fetch listens to. */
export interface Advancing {
  /** Calls back when the high watermark moved or the log failed; the result stops that. */
  onAdvance(listener: () => void): () => void
}

export class FetchWaiter {
  private readonly runtime: Runtime
  private readonly maxWaiting: number
  private readonly releases = new Set<() => void>()
  private isClosed = false

  constructor(runtime: Runtime, maxWaiting: number) {
    this.runtime = runtime
    this.maxWaiting = maxWaiting
  }

  /** How many requests wait at the moment. */
  get waiting(): number {
    return this.releases.size
  }

  /**
   * Resolves when one of `logs` has advanced ('advanced'), or with 'over' when `delayMs` have passed, `closed` fires, the
   * waiter closes, or too many wait already.
   */
  wait(logs: readonly Advancing[], delayMs: number, closed: AbortSignal): Promise<'advanced' | 'over'> {
    if (this.isClosed || delayMs <= 0 || closed.aborted || this.releases.size >= this.maxWaiting) {
      return Promise.resolve('over')
    }
    return new Promise((resolve) => {
      const end = (outcome: 'advanced' | 'over') => {
        for (const stop of stops) stop()
        alarm.cancel()
        closed.removeEventListener('abort', release)
        this.releases.delete(release)
        resolve(outcome)
      }
      const release = () => end('over')
      const stops = logs.map((log) => log.onAdvance(() => end('advanced')))
      const alarm = this.runtime.setAlarm(delayMs, release)
      closed.addEventListener('abort', release)
      this.releases.add(release)
    })
  }

  /** Releases everyone, and lets nobody wait again. */
  close(): void {
    this.isClosed = true
    for (const release of [...this.releases]) release()
  }
}
