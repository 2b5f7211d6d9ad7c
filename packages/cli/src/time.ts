// Times on the command line: ISO 8601 dates and durations.
import { UsageError } from './failure.ts'

const DATE_TIME = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?$/

/** Milliseconds since the epoch. A time without a zone is UTC, as in Kafka's own tools. */
export function dateTime(flag: string): (given: unknown) => number | undefined {
  return (given) => {
    if (given === undefined) return undefined
    const match = typeof given === 'string' ? DATE_TIME.exec(given) : null
    const timeMs = match === null ? NaN : Date.parse(match[1] === undefined || match[4] ? match[0] : `${match[0]}Z`)
    if (!Number.isNaN(timeMs)) return timeMs
    throw new UsageError(`--${flag} takes a date and time such as 2026-03-01T12:00:00Z, not '${String(given)}'.`)
  }
}

const DURATION = /^P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/
const UNITS_MS = [604_800_000, 86_400_000, 3_600_000, 60_000, 1_000]

/** Milliseconds of a duration such as P1DT12H. Months and years, which differ in length, are none. */
export function duration(flag: string): (given: unknown) => number | undefined {
  return (given) => {
    if (given === undefined) return undefined
    const match = typeof given === 'string' ? DURATION.exec(given) : null
    const parts = match?.slice(1) ?? []
    if (parts.some((part) => part !== undefined) && !String(given).endsWith('T')) {
      return parts.reduce((sum, part, index) => sum + Number(part ?? 0) * UNITS_MS[index]!, 0)
    }
    throw new UsageError(`--${flag} takes a duration such as P1D, PT6H or P1DT30M, not '${String(given)}'.`)
  }
}
