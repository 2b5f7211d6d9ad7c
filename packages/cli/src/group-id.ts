// Ids on the command line: any text but none, so that a variable that is not set is told before anybody is asked.
import { UsageError } from './failure.ts'

/** The argument of a command about one group. */
export const groupArgument = {
  type: 'string',
  describe: 'a group id',
  demandOption: true,
  coerce: (given: string) => notEmpty('A group id', given),
} as const

/** The same text; throws UsageError when it is empty. */
export function notEmpty(what: string, given: string): string {
  if (given === '') throw new UsageError(`${what} must not be empty.`)
  return given
}
