// Numbers on the command line.
import { UsageError } from './failure.ts'

/** Makes the reader of a flag that takes one whole number. */
export function integer(flag: string, least: number): (given: unknown) => number | undefined {
  return (given) => {
    if (given === undefined) return undefined
    const value = typeof given === 'string' && /^-?\d+$/.test(given) ? Number(given) : NaN
    if (Number.isSafeInteger(value) && value >= least) return value
    throw new UsageError(`--${flag} takes one whole number from ${least}, not '${String(given)}'.`)
  }
}
