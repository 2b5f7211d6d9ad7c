// When the disk is looked at: one look at a time, each so long after the one before it as is good for what goes on.
import type { Alarm, Runtime } from '../runtime.ts'

export interface DiskLooksOptions {
  /** Looks; what it gives is for whoever asked. It never rejects. */
  readonly look: () => Promise<number | null>
  /** How long after the last look the next one follows by itself: asked when a look is over. */
  readonly intervalMs: () => number
  readonly runtime: Runtime
}

/** After the first look there is always one under way, or one alarm for the next; until it is closed. */
export class DiskLooks {
  private readonly options: DiskLooksOptions
  private lookedAtMs = -Infinity
  private looking: Promise<number | null> | null = null
  private alarm: Alarm | null = null
  private dueMs = Infinity
  private isClosed = false

  constructor(options: DiskLooksOptions) {
    this.options = options
  }

  /** Looks at once. Whoever asks while a look is under way shares it. */
  now(): Promise<number | null> {
    this.looking ??= this.begin().finally(() => {
      this.looking = null
      this.within(this.options.intervalMs())
    })
    return this.looking
  }

  /** The next look comes no later than so long after the last one. One that is under way asks for itself when it is over. */
  within(intervalMs: number): void {
    const dueMs = this.lookedAtMs + intervalMs
    if (this.isClosed || this.looking !== null || dueMs >= this.dueMs) return
    this.alarm?.cancel()
    this.dueMs = dueMs
    const { runtime } = this.options
    this.alarm = runtime.setAlarm(Math.max(0, dueMs - runtime.nowMs()), () => void this.now())
  }

  /** Looks no more by itself. Resolves when no look is under way. */
  async close(): Promise<void> {
    this.isClosed = true
    this.alarm?.cancel()
    await this.looking
  }

  private begin(): Promise<number | null> {
    this.alarm?.cancel()
    this.dueMs = Infinity
    this.lookedAtMs = this.options.runtime.nowMs()
    return this.options.look()
  }
}
