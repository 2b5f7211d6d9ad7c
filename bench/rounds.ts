// Measures GoQueue and the bare machine in turns, so that both meet the same weather, and takes the median of the rounds.
import type { MeasuredProcess } from './child-process.ts'
import { median } from './statistics.ts'

const ROUNDS = 3
/** The share of the time that goes to the bare machine. */
const BARE_SHARE = 0.25
/** The share that goes, uncounted, to compilers and caches: commits cost twice as much in the first second. */
const WARM_UP_SHARE = 0.3

/** Does work for about `ms` milliseconds and says how many units it did. */
export type Work = (ms: number) => Promise<number>

export interface RoundsOutcome {
  /** Units per second, the median of the rounds. */
  readonly perSecond: number
  readonly barePerSecond: number
  /** CPU time per unit, in microseconds: it hardly depends on what else the machine does. */
  readonly notes: {
    readonly loadCpuMicroseconds: number
    readonly brokerCpuMicroseconds: number
    readonly slowestRound: number
    readonly fastestRound: number
  }
}

async function ratePerSecond(work: Work, ms: number): Promise<{ rate: number; units: number }> {
  const started = performance.now()
  const units = await work(ms)
  return { rate: (units * 1_000) / (performance.now() - started), units }
}

/** `broker` is the process whose CPU time counts beside our own. */
export async function inRounds(parts: {
  readonly seconds: number
  readonly broker: MeasuredProcess
  readonly work: Work
  readonly bareWork: Work
}): Promise<RoundsOutcome> {
  const { broker, work, bareWork } = parts
  const ms = parts.seconds * 1_000
  await work(ms * WARM_UP_SHARE)
  await bareWork(ms * WARM_UP_SHARE * BARE_SHARE)
  const rates: number[] = []
  const bareRates: number[] = []
  let units = 0
  let loadCpuMs = 0
  let brokerCpuMs = 0
  for (let round = 0; round < ROUNDS; round++) {
    bareRates.push((await ratePerSecond(bareWork, (ms * BARE_SHARE) / ROUNDS)).rate)
    const loadBefore = process.cpuUsage()
    const brokerBefore = broker.cpuMs()
    const measured = await ratePerSecond(work, (ms * (1 - BARE_SHARE - WARM_UP_SHARE)) / ROUNDS)
    const { user, system } = process.cpuUsage(loadBefore)
    loadCpuMs += (user + system) / 1_000
    brokerCpuMs += broker.cpuMs() - brokerBefore
    rates.push(measured.rate)
    units += measured.units
  }
  return {
    perSecond: median(rates),
    barePerSecond: median(bareRates),
    notes: {
      loadCpuMicroseconds: (loadCpuMs * 1_000) / units,
      brokerCpuMicroseconds: (brokerCpuMs * 1_000) / units,
      slowestRound: Math.min(...rates),
      fastestRound: Math.max(...rates),
    },
  }
}
