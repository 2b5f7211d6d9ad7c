// Turns what stopped a start into one sentence for the person who started it, and into an exit code.
import { BrokerOptionsError, DataDirectoryLockedError } from '@goqueue/broker-core'
import { ListenError } from './listen-error.ts'
import { sentenceAbout, type Settings } from './settings.ts'
import { UsageError } from './usage-error.ts'

/** Something in the world is in the way: a taken port, a locked directory, a disk. */
export const FAILED = 1
/** The flags, the environment or the configuration file are wrong. */
export const MISUSED = 2

/** `settings` is undefined when it did not come that far. */
export function explainStartFailure(error: unknown, settings?: Settings): { sentence: string; exitCode: number } {
  if (error instanceof UsageError) return { sentence: error.message, exitCode: MISUSED }
  if (error instanceof BrokerOptionsError) {
    const allowed = error.message.slice(error.message.indexOf(': ') + 2)
    return { sentence: sentenceAbout(settings?.given.get(error.key), error.key, allowed), exitCode: MISUSED }
  }
  if (error instanceof ListenError && error.code === 'NOT_LOOPBACK')
    return { sentence: error.message, exitCode: MISUSED }
  if (error instanceof ListenError || error instanceof DataDirectoryLockedError) {
    return { sentence: error.message, exitCode: FAILED }
  }
  if (error instanceof Error)
    return { sentence: hasCause(error) ? error.message : (error.stack ?? error.message), exitCode: FAILED }
  return { sentence: String(error), exitCode: FAILED }
}

/** The disk's and the system's refusals speak for themselves; where only our own code can be wrong, the stack is needed. */
function hasCause(error: Error): boolean {
  return 'code' in error || error.cause !== undefined
}
