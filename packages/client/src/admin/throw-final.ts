// "Does not exist" as an admin hears it.
import type { ErrorCode } from '@goqueue/protocol'
import { KafkaError, throwOnError } from '../errors.ts'

/** Throws unless `code` is NONE. That a topic does not exist is the answer, not a reason to ask again. */
export function throwFinal(code: ErrorCode, api: string, path: string, explanation?: string | null): void {
  if (code === 'UNKNOWN_TOPIC_OR_PARTITION') throw new KafkaError(code, api, path, explanation, false)
  throwOnError(code, api, path, explanation)
}
