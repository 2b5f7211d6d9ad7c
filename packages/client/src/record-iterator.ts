// The async iterator behind `for await (const record of consumer)`.
import type { ConsumerRecord } from './record.ts'
import { orAborted } from './waiting.ts'

/** Where an iterator gets its records. */
export interface RecordSource<R = ConsumerRecord> {
  /** The next record if one is at hand, or a promise of it. Throws what the application must hear about. */
  take(): R | Promise<R> | null
  /** Resolves when `take` is worth another try. */
  changed(): Promise<void>
  /** Nothing more is asked for, and what was given last is not finished. */
  stopped?(): void
  /** No record will come any more. */
  readonly isEnded: boolean
}

/**
 * A loop that finds record after record at hand would never let timers and sockets have a turn: heartbeats would stop
 * (row I19). So it yields after this many records.
 */
const RECORDS_PER_TURN = 256

/** Ends when the source ends; `break` ends this iterator alone, and the next one goes on behind the last record given. */
export class RecordIterator<R = ConsumerRecord> implements AsyncIterableIterator<R> {
  private readonly source: RecordSource<R>
  private readonly signal: AbortSignal | undefined
  private isDone = false
  private givenThisTurn = 0

  constructor(source: RecordSource<R>, signal?: AbortSignal) {
    this.source = source
    this.signal = signal
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<R>> {
    if (this.isDone) return Promise.resolve({ done: true, value: undefined })
    if (this.signal?.aborted === true || ++this.givenThisTurn > RECORDS_PER_TURN) return this.wait()
    try {
      const record = this.source.take()
      if (record instanceof Promise) return record.then((value) => ({ done: false, value }))
      if (record !== null) return Promise.resolve({ done: false, value: record })
    } catch (error) {
      return Promise.reject(error as Error)
    }
    return this.wait()
  }

  return(): Promise<IteratorResult<R>> {
    this.isDone = true
    this.source.stopped?.()
    return Promise.resolve({ done: true, value: undefined })
  }

  private async wait(): Promise<IteratorResult<R>> {
    if (this.givenThisTurn > RECORDS_PER_TURN) await new Promise((resume) => setImmediate(resume))
    this.givenThisTurn = 0
    for (;;) {
      this.signal?.throwIfAborted()
      const record = this.source.take()
      if (record !== null) return { done: false, value: await record }
      if (this.source.isEnded) this.isDone = true
      if (this.isDone) return { done: true, value: undefined }
      await orAborted(this.source.changed(), this.signal)
    }
  }
}
