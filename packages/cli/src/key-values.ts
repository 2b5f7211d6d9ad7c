// KEY=VALUE on the command line.
import { UsageError } from './failure.ts'

/** Makes the reader of a flag that takes KEY=VALUE and may be repeated. */
export function keyValues(flag: string): (given: string | readonly string[]) => Record<string, string> {
  return (given) => {
    const pairs = [given].flat().map((text) => {
      const [key, value] = text.split(/=(.*)/s)
      if (!key || value === undefined) throw new UsageError(`--${flag} takes KEY=VALUE, not '${text}'.`)
      return [key, value] as const
    })
    return Object.fromEntries(pairs)
  }
}
