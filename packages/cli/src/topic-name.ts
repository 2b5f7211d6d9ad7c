// The name of a topic on the command line: what Kafka allows, so that a typing error is told before anybody is asked.
import { UsageError } from './failure.ts'

const LONGEST_NAME = 249

/** The argument of a command about one topic. */
export const topicArgument = { type: 'string', describe: 'a topic', demandOption: true, coerce: topicName } as const

/** Reads the name of a topic. */
export function topicName(given: string): string {
  const isName = /^[a-zA-Z0-9._-]+$/.test(given) && given.length <= LONGEST_NAME && given !== '.' && given !== '..'
  if (isName) return given
  throw new UsageError(
    `A topic's name has 1 to ${LONGEST_NAME} letters, digits, ".", "_" and "-", and is not "." or "..": not '${given}'.`,
  )
}
