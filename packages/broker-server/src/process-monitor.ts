// Watches the process that the broker runs in: its memory, its processor time, and how late its event loop is.
import { monitorEventLoopDelay, type IntervalHistogram } from 'node:perf_hooks'

export interface ProcessSample {
  readonly residentBytes: number
  readonly heapUsedBytes: number
  readonly heapTotalBytes: number
  readonly externalBytes: number
  readonly userSeconds: number
  readonly systemSeconds: number
  /** How much later than due timers rang since the last sample. */
  readonly eventLoopDelay: { readonly p50Ms: number; readonly p99Ms: number; readonly maxMs: number }
  readonly startedAtSeconds: number
}

/** How often the event loop is looked at. The histogram counts this time as well, so it is taken off again. */
const RESOLUTION_MS = 20
const NS_PER_MS = 1e6
const MICROSECONDS_PER_SECOND = 1e6

/** Measures from its making until `stop`. */
export class ProcessMonitor {
  readonly #delay: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  readonly #startedAtSeconds = performance.timeOrigin / 1000

  constructor() {
    this.#delay.enable()
  }

  /** How things are now; the event loop's delay begins anew with each sample. */
  sample(): ProcessSample {
    const { rss, heapUsed, heapTotal, external } = process.memoryUsage()
    const { user, system } = process.cpuUsage()
    const eventLoopDelay = {
      p50Ms: lateness(this.#delay.percentile(50)),
      p99Ms: lateness(this.#delay.percentile(99)),
      maxMs: lateness(this.#delay.max),
    }
    this.#delay.reset()
    return {
      residentBytes: rss,
      heapUsedBytes: heapUsed,
      heapTotalBytes: heapTotal,
      externalBytes: external,
      userSeconds: user / MICROSECONDS_PER_SECOND,
      systemSeconds: system / MICROSECONDS_PER_SECOND,
      eventLoopDelay,
      startedAtSeconds: this.#startedAtSeconds,
    }
  }

  stop(): void {
    this.#delay.disable()
  }
}

/** Timers never ring early, but a histogram without values says 0. */
function lateness(nanoseconds: number): number {
  return Math.max(0, nanoseconds / NS_PER_MS - RESOLUTION_MS)
}
