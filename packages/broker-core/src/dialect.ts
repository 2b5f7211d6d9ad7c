// What a connection needs to know of the protocol spoken on it.
import type { DecodeError } from '@goqueue/protocol'
import type { RequestContext } from './request-context.ts'

/** The part of a request's context that is its connection's. */
export type ConnectionContext = Pick<RequestContext, 'clientHost' | 'advertised' | 'closed'>

/** One connection's dialect: cuts its requests from the stream and answers them. */
export interface Dialect {
  /** Bytes of a request that has not arrived whole. */
  readonly pendingBytes: number
  /** Whether the connection ends with the first answer. */
  readonly isOneRequestOnly: boolean
  push(chunk: Buffer): void
  /** The next whole request, or null. Throws DecodeError for one that cannot be cut. */
  next(): Buffer | null
  /** Whether `next` may be started while `before`, the last of those under way, is not answered yet. */
  mayRunBeside(before: Buffer, next: Buffer): boolean
  /** The answer, null where the client wants none. Rejects with DecodeError for a request that cannot be read. */
  answer(frame: Buffer, context: ConnectionContext): Promise<Buffer | null>
  /** What is said before the connection closes over a malformed request or, with null, one that the peer left unfinished. */
  lastWord(error: DecodeError | null): Buffer | null
}
