// What can go wrong, as one sentence each, with the exit code that a script can go by.

export const SUCCEEDED = 0
/** It was understood, and could not be done. */
export const FAILED = 1
/** It was not understood. */
export const MISUSED = 2

/** The command line is wrong; the message is one sentence that says what is allowed. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** The command could not be done; the message is one sentence that says what to do. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
}

/** The code of an error of the client (Kafka's name, or the client's own), else undefined. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

/** The connection that failed, where that is the whole reason: also when it was tried until the time was over. */
export function connectionFailure(error: unknown): Error | null {
  if (!(error instanceof Error)) return null
  const cause = codeOf(error) === 'REQUEST_TIMEOUT' ? error.cause : error
  return codeOf(cause) === 'CONNECTION_FAILED' ? (cause as Error) : null
}

/** The sentence for an error of any kind, on one line and without a stack. */
export function sentenceOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  const line = message.replace(/\s*\n\s*/g, ' ').trim()
  return /[.!?]$/.test(line) ? line : `${line}.`
}
