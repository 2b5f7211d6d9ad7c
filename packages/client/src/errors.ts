// The errors that the client throws: one class to catch, and subclasses only where the caller acts differently.
import type { DecodeError } from '@goqueue/protocol'
import { errorEntry, type ErrorCode } from '@goqueue/protocol'

/** Names of what can go wrong before, after or beside the broker's own answer. */
export type ClientErrorCode =
  | 'INVALID_OPTIONS'
  | 'INVALID_ARGUMENT'
  | 'INVALID_RECORD'
  | 'CLOSED'
  | 'CONNECTION_FAILED'
  | 'REQUEST_TIMEOUT'
  | 'DELIVERY_TIMEOUT'
  | 'DECODE_ERROR'
  | 'NOT_ASSIGNED'
  | 'PARTITION_REVOKED'
  | 'SESSION_EXPIRED'
  | 'HANDLER_TIMEOUT'
  | 'HANDLER_FAILED'
  | 'NO_OFFSET'
  | 'CONSUMER_ID_IN_USE'

/** What else an error knows; by default: the seed's number 2, not retriable, no Kafka number. */
export interface GoQueueErrorDetails {
  readonly errorCode?: 1 | 2 | 3
  readonly kafkaCode?: number | null
  readonly retriable?: boolean
  readonly cause?: unknown
}

/** Every error that the client makes. Decide by `code`, never by the message. */
export class GoQueueError extends Error {
  override readonly name: string = 'GoQueueError'
  /** What happened: Kafka's name of the error, or one of the client's own. */
  readonly code: ErrorCode | ClientErrorCode
  /** Go Queue's number: 1 the bytes or the request could not be understood, 3 the thing named does not exist, 2 anything else. */
  readonly errorCode: 1 | 2 | 3
  /** Kafka's number on the wire, or null where no broker said it. */
  readonly kafkaCode: number | null
  /** Whether the same call may succeed later without a change. */
  readonly retriable: boolean

  constructor(code: ErrorCode | ClientErrorCode, message: string, details: GoQueueErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.errorCode = details.errorCode ?? 2
    this.kafkaCode = details.kafkaCode ?? null
    this.retriable = details.retriable ?? false
  }
}

/** A broker answered an error code. */
export class KafkaError extends GoQueueError {
  override readonly name = 'KafkaError'
  declare readonly code: ErrorCode
  declare readonly kafkaCode: number
  /** The API that was called, e.g. 'OffsetCommit'. */
  readonly api: string
  /** What the answer was about, e.g. `group 'billing'` or `orders[3]`; empty where it was about the whole request. */
  readonly path: string

  constructor(code: ErrorCode, api: string, path = '', explanation?: string | null, retriable?: boolean) {
    const entry = errorEntry(code)
    const place = path === '' ? api : `${api} of ${path}`
    super(code, `${place}: ${entry.name}, ${explanation || entry.description}`, {
      errorCode: entry.errorCode,
      kafkaCode: entry.code,
      retriable: retriable ?? entry.retriable,
    })
    this.api = api
    this.path = path
  }
}

/** A connection could not be made, or broke before the answer came: whether the request was done is not known. */
export class ConnectionError extends GoQueueError {
  override readonly name = 'ConnectionError'
  declare readonly code: 'CONNECTION_FAILED'

  constructor(message: string, cause?: unknown) {
    super('CONNECTION_FAILED', message, { retriable: true, cause })
  }
}

/** No answer came in time; the connection was closed, and whether the request was done is not known. */
export class RequestTimeoutError extends GoQueueError {
  override readonly name = 'RequestTimeoutError'
  declare readonly code: 'REQUEST_TIMEOUT'

  constructor(message: string, cause?: unknown) {
    super('REQUEST_TIMEOUT', message, { retriable: true, cause })
  }
}

/** The object was closed by this program. */
export class ClosedError extends GoQueueError {
  override readonly name = 'ClosedError'
  declare readonly code: 'CLOSED'

  constructor(message: string) {
    super('CLOSED', message)
  }
}

/** What a broker sent cannot be what it claims to be; `cause` says where. */
export function malformedAnswer(what: string, cause: DecodeError): GoQueueError {
  return new GoQueueError('DECODE_ERROR', `${what}: ${cause.message}`, { errorCode: 1, cause })
}

/** Throws a KafkaError unless `code` is NONE. */
export function throwOnError(code: ErrorCode, api: string, path = '', explanation?: string | null): void {
  if (code !== 'NONE') throw new KafkaError(code, api, path, explanation)
}

/** Whether the same call may succeed when it is tried again. */
export function isRetriable(error: unknown): boolean {
  return error instanceof GoQueueError && error.retriable
}

/** The code of a GoQueueError, or null for anything else. */
export function codeOf(error: unknown): GoQueueError['code'] | null {
  return error instanceof GoQueueError ? error.code : null
}
