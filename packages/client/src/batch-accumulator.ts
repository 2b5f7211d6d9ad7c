// PURE. Collects records into batches for each partition and keeps them, in order and with their sequence numbers, until their outcome is known.
import type { RecordToBuild } from '@goqueue/protocol'

/** Who produces, as the broker knows it (KIP-98). Each partition counts its sequence numbers by itself. */
export interface ProducerIdentity {
  readonly producerId: number
  readonly producerEpoch: number
}

/** Records that travel together. `owners[i]` and `positions[i]` say whose record `records[i]` is, and which of theirs. */
export interface ProducerBatch<Owner> {
  readonly topic: string
  readonly partition: number
  /** Batches of a partition are resolved and re-sent in this order; a batch's parts lie within [order, order + span). */
  readonly order: number
  readonly span: number
  readonly createdMs: number
  readonly records: RecordToBuild[]
  readonly owners: Owner[]
  readonly positions: number[]
  bytes: number
  isClosed: boolean
  /** Given when the batch is first sent, and kept through every retry: that is what makes a retry harmless. */
  identity: ProducerIdentity | null
  baseSequence: number
  encoded: Buffer | null
  attempts: number
  /** An attempt ended without an answer: the broker may or may not have the batch. */
  isUncertain: boolean
}

/** One partition's batches: first those to be sent again, then those that wait; the last may still be open. */
export interface PartitionQueue<Owner> {
  readonly topic: string
  readonly partition: number
  readonly inFlight: ProducerBatch<Owner>[]
  readonly retries: ProducerBatch<Owner>[]
  readonly waiting: ProducerBatch<Owner>[]
  identity: ProducerIdentity | null
  /** The identity whose sequence broke: never used here again. */
  abandoned: ProducerIdentity | null
  nextSequence: number
  failures: number
  /** What the last attempt met, for records that run out of time; null after one that succeeded. */
  lastError: Error | null
  retryAtMs: number
}

export interface AccumulatorLimits {
  readonly batchBytes: number
  readonly lingerMs: number
  readonly deliveryTimeoutMs: number
  readonly isIdempotent: boolean
}

/** Sequence numbers are int32 and start over at 0 (Kafka's DefaultRecordBatch.incrementSequence). */
export function sequenceAfter(sequence: number, count: number): number {
  return (sequence + count) % 2 ** 31
}

/** What an error of a batch's attempt leads to. */
export type AttemptOutcome = 'retry' | 'fail'

/** The state of a producer's unsent and unanswered records. Time and chance are arguments; sending is the caller's. */
export class BatchAccumulator<Owner> {
  /** Bytes of every record whose outcome is open. */
  bufferedBytes = 0
  private limits: AccumulatorLimits
  private readonly queues = new Map<string, PartitionQueue<Owner>>()
  /** The partition that a topic's records without key go to until its batch is closed (KIP-480). */
  private readonly sticky = new Map<string, number>()
  private nextOrder = 0

  constructor(limits: AccumulatorLimits) {
    this.limits = limits
  }

  /** Brokers without InitProducerId: no sequences, and one batch of a partition at a time keeps the order. */
  giveUpIdempotence(): void {
    this.limits = { ...this.limits, isIdempotent: false }
  }

  /** Queues that hold batches. */
  active(): Iterable<PartitionQueue<Owner>> {
    return this.queues.values()
  }

  /** The partition for a record that may go anywhere: the one being filled, or a new one chosen with `random` in [0, 1). */
  anyPartition(topic: string, partitionCount: number, random: number): number {
    const current = this.sticky.get(topic)
    if (current !== undefined && current < partitionCount) return current
    const chosen = Math.floor(random * partitionCount)
    this.sticky.set(topic, chosen)
    return chosen
  }

  /** Adds a record of `bytes` (an upper bound) to the partition's open batch, or to a new one. */
  append(
    topic: string,
    partition: number,
    record: RecordToBuild,
    bytes: number,
    owner: Owner,
    position: number,
    nowMs: number,
  ): void {
    const queue = this.queueOf(topic, partition)
    let batch = queue.waiting.at(-1)
    if (batch !== undefined && !batch.isClosed && batch.bytes + bytes > this.limits.batchBytes) this.close(batch)
    if (batch === undefined || batch.isClosed) {
      batch = this.newBatch(topic, partition, nowMs)
      queue.waiting.push(batch)
    }
    batch.records.push(record)
    batch.owners.push(owner)
    batch.positions.push(position)
    batch.bytes += bytes
    this.bufferedBytes += bytes
    if (batch.bytes >= this.limits.batchBytes) this.close(batch)
  }

  /** The batch that may be sent now, if there is one; with `isFlushing` none lingers. */
  sendable(queue: PartitionQueue<Owner>, nowMs: number, isFlushing: boolean): ProducerBatch<Owner> | null {
    if (nowMs < queue.retryAtMs) return null
    // After a failure nothing overtakes: what is under way is awaited, then each batch goes again, in order.
    if (queue.retries.length > 0) return queue.inFlight.length === 0 ? queue.retries[0]! : null
    if (queue.inFlight.length > 0 && !this.limits.isIdempotent) return null
    const batch = queue.waiting[0]
    if (batch === undefined) return null
    const isReady = batch.isClosed || isFlushing || nowMs >= batch.createdMs + this.limits.lingerMs
    return isReady ? batch : null
  }

  /** Takes the sendable batch of a queue for an attempt; `identity` is used if the partition has none yet. */
  take(queue: PartitionQueue<Owner>, batch: ProducerBatch<Owner>, identity: ProducerIdentity | null): void {
    const source = queue.retries[0] === batch ? queue.retries : queue.waiting
    source.shift()
    this.close(batch)
    batch.attempts += 1
    queue.inFlight.push(batch)
    if (!this.limits.isIdempotent || batch.identity !== null || identity === null) return
    if (queue.identity === null) {
      queue.identity = identity
      queue.nextSequence = 0
    }
    batch.identity = queue.identity
    batch.baseSequence = queue.nextSequence
    queue.nextSequence = sequenceAfter(queue.nextSequence, batch.records.length)
  }

  /** Whether the batch must wait for an identity other than the one at hand. */
  needsIdentity(queue: PartitionQueue<Owner>, batch: ProducerBatch<Owner>, identity: ProducerIdentity | null): boolean {
    if (!this.limits.isIdempotent || batch.identity !== null || queue.identity !== null) return false
    return identity === null || identity === queue.abandoned
  }

  /** The batch is delivered. */
  succeed(queue: PartitionQueue<Owner>, batch: ProducerBatch<Owner>): void {
    this.resolve(queue, batch)
    queue.failures = 0
    queue.lastError = null
    queue.retryAtMs = 0
  }

  /**
   * The batch will not be sent again. If it used up sequence numbers, the broker would find a gap: the partition goes on
   * under a fresh identity.
   */
  fail(queue: PartitionQueue<Owner>, batch: ProducerBatch<Owner>): void {
    this.resolve(queue, batch)
    if (batch.identity !== null && batch.identity === queue.identity) this.abandonIdentity(queue)
  }

  /** The batch is sent again, not before `retryAtMs`, before whatever came after it. */
  retry(queue: PartitionQueue<Owner>, batch: ProducerBatch<Owner>, retryAtMs: number): void {
    remove(queue.inFlight, batch)
    if (batch.identity !== queue.identity && !batch.isUncertain) forgetIdentity(batch)
    const place = queue.retries.findIndex((other) => other.order > batch.order)
    queue.retries.splice(place === -1 ? queue.retries.length : place, 0, batch)
    queue.retryAtMs = Math.max(queue.retryAtMs, retryAtMs)
  }

  /**
   * The broker refused the batch's sequence. That is no loss while an earlier batch is open (it will go again before this
   * one), nor when this batch surely was not written: it gets a fresh identity (KIP-360). But a batch that may have been
   * written under its old sequence cannot be sent under a new one without the risk of a duplicate: it fails.
   */
  sequenceRefused(queue: PartitionQueue<Owner>, batch: ProducerBatch<Owner>): AttemptOutcome {
    const isEarlier = (other: ProducerBatch<Owner>) => other.order < batch.order
    if (queue.inFlight.some(isEarlier) || queue.retries.some(isEarlier)) {
      batch.isUncertain = false
      return 'retry'
    }
    const isAbandoned = batch.identity !== queue.identity
    if (batch.isUncertain && !isAbandoned) return 'fail'
    if (!isAbandoned) this.abandonIdentity(queue)
    batch.isUncertain = false
    forgetIdentity(batch)
    return 'retry'
  }

  /** The batch is too large for the broker: two halves, under the same sequence numbers, take its place. False for one record. */
  split(queue: PartitionQueue<Owner>, batch: ProducerBatch<Owner>, retryAtMs: number): boolean {
    const count = batch.records.length
    if (count < 2) return false
    remove(queue.inFlight, batch)
    const middle = Math.ceil(count / 2)
    const halves = [this.part(batch, 0, middle), this.part(batch, middle, count)]
    this.bufferedBytes += halves[0]!.bytes + halves[1]!.bytes - batch.bytes
    const place = queue.retries.findIndex((other) => other.order > batch.order)
    queue.retries.splice(place === -1 ? queue.retries.length : place, 0, ...halves)
    queue.retryAtMs = Math.max(queue.retryAtMs, retryAtMs)
    return true
  }

  /** Batches whose time is up and which are not under way. The caller fails them. */
  expired(queue: PartitionQueue<Owner>, nowMs: number): ProducerBatch<Owner>[] {
    const isExpired = (batch: ProducerBatch<Owner>) => nowMs >= batch.createdMs + this.limits.deliveryTimeoutMs
    return [...queue.retries.filter(isExpired), ...queue.waiting.filter(isExpired)]
  }

  /** When something next becomes sendable or expires by time alone; Infinity when nothing will. */
  nextDeadlineMs(nowMs: number): number {
    let deadlineMs = Infinity
    for (const queue of this.queues.values()) {
      const first = queue.retries[0] ?? queue.waiting[0]
      if (first === undefined) continue
      deadlineMs = Math.min(deadlineMs, first.createdMs + this.limits.deliveryTimeoutMs)
      if (queue.retryAtMs > nowMs) deadlineMs = Math.min(deadlineMs, queue.retryAtMs)
      const lingersUntilMs = first.createdMs + this.limits.lingerMs
      if (!first.isClosed && lingersUntilMs > nowMs) deadlineMs = Math.min(deadlineMs, lingersUntilMs)
    }
    return deadlineMs
  }

  private queueOf(topic: string, partition: number): PartitionQueue<Owner> {
    const key = `${topic}\0${partition}`
    let queue = this.queues.get(key)
    if (queue === undefined) {
      queue = {
        topic,
        partition,
        inFlight: [],
        retries: [],
        waiting: [],
        identity: null,
        abandoned: null,
        nextSequence: 0,
        failures: 0,
        lastError: null,
        retryAtMs: 0,
      }
      this.queues.set(key, queue)
    }
    return queue
  }

  private newBatch(topic: string, partition: number, nowMs: number): ProducerBatch<Owner> {
    return {
      topic,
      partition,
      order: this.nextOrder++,
      span: 1,
      createdMs: nowMs,
      records: [],
      owners: [],
      positions: [],
      bytes: 0,
      isClosed: false,
      identity: null,
      baseSequence: -1,
      encoded: null,
      attempts: 0,
      isUncertain: false,
    }
  }

  private part(batch: ProducerBatch<Owner>, start: number, end: number): ProducerBatch<Owner> {
    return {
      ...batch,
      order: start === 0 ? batch.order : batch.order + batch.span / 2,
      span: batch.span / 2,
      records: batch.records.slice(start, end),
      owners: batch.owners.slice(start, end),
      positions: batch.positions.slice(start, end),
      bytes: Math.ceil((batch.bytes * (end - start)) / batch.records.length),
      baseSequence: batch.identity === null ? -1 : sequenceAfter(batch.baseSequence, start),
      encoded: null,
    }
  }

  private close(batch: ProducerBatch<Owner>): void {
    batch.isClosed = true
    if (this.sticky.get(batch.topic) === batch.partition) this.sticky.delete(batch.topic)
  }

  private resolve(queue: PartitionQueue<Owner>, batch: ProducerBatch<Owner>): void {
    if (!remove(queue.inFlight, batch) && !remove(queue.retries, batch)) remove(queue.waiting, batch)
    this.bufferedBytes -= batch.bytes
  }

  private abandonIdentity(queue: PartitionQueue<Owner>): void {
    const abandoned = queue.identity
    queue.identity = null
    queue.abandoned = abandoned
    for (const batch of [...queue.retries, ...queue.waiting]) {
      if (batch.identity === abandoned && !batch.isUncertain) forgetIdentity(batch)
    }
  }
}

function forgetIdentity<Owner>(batch: ProducerBatch<Owner>): void {
  batch.identity = null
  batch.baseSequence = -1
  batch.encoded = null
}

function remove<T>(list: T[], item: T): boolean {
  const index = list.indexOf(item)
  if (index === -1) return false
  list.splice(index, 1)
  return true
}
