// One partition of a consumer: where it reads, what is buffered, and the signal that fires when it is taken away.
import { setMaxListeners } from 'node:events'
import {
  DecodeError,
  isControl,
  nextOffset,
  readRecords,
  splitBatches,
  type BatchRecord,
  type PlacedBatch,
} from '@goqueue/protocol'
import type { GoQueueError } from './errors.ts'
import { KafkaError } from './errors.ts'
import { partitionKey, type ConsumerRecord } from './record.ts'

/** A place to start that is known, or is to be found out. */
export type StartOffset = number | 'earliest' | 'latest' | 'default'

/** Most bytes that a single batch may make us ask for: a broker's request limit. */
const LARGEST_FETCH_BYTES = 100 * 1024 * 1024

/** The signal of one record in hand. */
export interface DerivedSignal {
  readonly signal: AbortSignal
  abort(reason: Error): void
  /** Follows the partition's signal no more. */
  release(): void
}

/** Owned by one fetcher. */
export class PartitionLane {
  readonly topic: string
  readonly partition: number
  readonly key: string
  readonly signal: AbortSignal
  /** Fires when nothing of the partition may be committed any more: with `signal`, or when the revoke callback is done. */
  readonly commitSignal: AbortSignal
  /** The application has asked for nothing until it resumes. */
  isPaused = false
  /** The application is still being told that the partition is its own: nothing is delivered before that is done. */
  isAnnounced = true
  /** Where to start once `position` is null. */
  start: StartOffset
  /** The offset to deliver next, or null until it is known. */
  position: number | null = null
  /** The offset to fetch next. */
  fetchOffset = -1
  /** Counts the jumps of the position: an answer to a fetch made before the last jump is not for us. */
  epoch = 0
  isResolving = false
  /** A fetch that was made since the last jump is under way. */
  isFetching = false
  /** Nothing is asked for before this time. */
  retryAtMs = 0
  failures = 0
  /** What the application must hear about before anything else from this partition. */
  failure: Error | null = null
  bufferedBytes = 0
  fetchBytes: number
  /** What was committed last in this ownership, or -1: what is committed by itself never goes behind it (row I4). */
  lastCommit = -1
  private readonly controller = new AbortController()
  private readonly commitController = new AbortController()
  private readonly derived = new WeakSet<AbortSignal>()
  private readonly batches: PlacedBatch[] = []
  private records: Iterator<BatchRecord> | null = null

  constructor(topic: string, partition: number, start: StartOffset, fetchBytes: number) {
    this.topic = topic
    this.partition = partition
    this.key = partitionKey(topic, partition)
    this.start = start
    this.fetchBytes = fetchBytes
    this.signal = this.controller.signal
    this.commitSignal = this.commitController.signal
    // Every record in work may listen: that is what the signal is for, and no leak.
    setMaxListeners(0, this.signal)
    if (typeof start === 'number') this.jump(start)
  }

  get place(): string {
    return `${this.topic}[${this.partition}]`
  }

  get hasRecords(): boolean {
    return this.batches.length > 0
  }

  /** Goes on from another offset, or from one that is to be found out; what is buffered is forgotten. */
  jump(to: StartOffset): void {
    this.forgetBuffered()
    this.epoch += 1
    this.isFetching = false
    this.isResolving = false
    this.failure = null
    this.retryAtMs = 0
    this.start = to
    this.position = typeof to === 'number' ? to : null
    this.fetchOffset = this.position ?? -1
  }

  /** The partition is no longer ours to read; what is in hand goes on until `revoke`. */
  stop(): void {
    this.forgetBuffered()
    this.epoch += 1
    this.position = null
  }

  /** Work on the partition's records is to end; what was done may be committed until `disown`. */
  revoke(reason: Error): void {
    this.controller.abort(reason)
  }

  /** The partition is no longer ours to commit. */
  disown(reason: Error): void {
    this.controller.abort(reason)
    this.commitController.abort(reason)
  }

  /** A signal for one of the partition's records that fires with the partition's, or when it is told to. */
  deriveSignal(): DerivedSignal {
    const controller = new AbortController()
    const follow = () => controller.abort(this.signal.reason)
    if (this.signal.aborted) follow()
    else this.signal.addEventListener('abort', follow, { once: true })
    this.derived.add(controller.signal)
    return {
      signal: controller.signal,
      abort: (reason) => controller.abort(reason),
      release: () => this.signal.removeEventListener('abort', follow),
    }
  }

  /** Whether a record with this signal was delivered in this ownership of the partition. */
  issued(signal: AbortSignal): boolean {
    return signal === this.signal || this.derived.has(signal)
  }

  /**
   * Buffers the batches of a Fetch answer; the last may be cut off. Throws DecodeError where bytes are no batch; those
   * before it are buffered.
   */
  buffer(fetched: Buffer): void {
    const before = this.bufferedBytes
    for (const placed of splitBatches(fetched)) {
      // Brokers answer whole batches: the first may begin before the offset asked for, or lie wholly before it.
      if (nextOffset(placed.header) <= this.fetchOffset) continue
      this.batches.push(placed)
      this.bufferedBytes += placed.batch.length
      this.fetchOffset = nextOffset(placed.header)
    }
    // Not even one whole batch: a broker older than KIP-74 must be asked for more.
    if (this.bufferedBytes === before) this.fetchBytes = Math.min(this.fetchBytes * 2, LARGEST_FETCH_BYTES)
  }

  /**
   * The next record, or null when the batch at the front is used up or nothing is buffered. A batch that is damaged is
   * thrown as CORRUPT_MESSAGE; the position stays, and the batch is fetched again if the application goes on.
   */
  take(): ConsumerRecord | null {
    const placed = this.batches[0]
    if (placed === undefined || this.position === null) return null
    try {
      this.records ??= isControl(placed.header) ? [].values() : readRecords(placed.batch)
      for (;;) {
        const { done, value } = this.records.next()
        if (done === true) break
        if (value.offset < this.position) continue
        this.position = value.offset + 1
        // With its last record, not when more is asked for: a record may be long in hand, and is counted for itself.
        if (this.position >= nextOffset(placed.header)) this.dropBatch()
        return this.delivered(value)
      }
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.jump(this.position)
      throw corrupt(this.place, this.position ?? 0, error)
    }
    this.position = Math.max(this.position, nextOffset(placed.header))
    this.dropBatch()
    return null
  }

  private delivered({ offset, timestampMs, key, value, headers }: BatchRecord): ConsumerRecord {
    return {
      topic: this.topic,
      partition: this.partition,
      offset,
      timestampMs,
      key,
      value,
      headers,
      signal: this.signal,
    }
  }

  private dropBatch(): void {
    this.records = null
    this.bufferedBytes -= this.batches.shift()?.batch.length ?? 0
  }

  private forgetBuffered(): void {
    this.records = null
    this.batches.length = 0
    this.bufferedBytes = 0
  }
}

/** The records at an offset cannot be what was written there. */
export function corrupt(place: string, offset: number, cause: DecodeError): GoQueueError {
  const error = new KafkaError('CORRUPT_MESSAGE', 'Fetch', `${place} at offset ${offset}`, cause.message, false)
  error.cause = cause
  return error
}
