// The producer: accepts records, sends them in batches to the leaders of their partitions, and tells where each was written.
import { buildRecordBatch, type RecordToBuild, type ResponseOf } from '@goqueue/protocol'
import { backoffMs } from './backoff.ts'
import {
  BatchAccumulator,
  type PartitionQueue,
  type ProducerBatch,
  type ProducerIdentity,
} from './batch-accumulator.ts'
import type { Cluster } from './cluster.ts'
import {
  ClosedError,
  codeOf,
  ConnectionError,
  GoQueueError,
  isRetriable,
  KafkaError,
  RequestTimeoutError,
  throwOnError,
} from './errors.ts'
import type { CheckedProducerOptions } from './options.ts'
import { defaultPartitioner, type Partitioner } from './partitioner.ts'
import type { Bytes, ConsumerRecord, ProducerRecord, RecordPlace } from './record.ts'
import type { Alarm } from './runtime.ts'
import { isTopic, type Topic, type TypedRecord } from './topic.ts'
import { encodeRecords } from './typed-record.ts'
import { Deferred, orAborted, settledWithin, type CallOptions } from './waiting.ts'

/** Batches of one request: well below what brokers accept (socket.request.max.bytes, 100 MiB). */
const MAX_REQUEST_BYTES = 8 * 1024 * 1024
/** Refusals by which the broker surely wrote nothing; after any other retriable answer the batch may have been written. */
const SURELY_NOT_WRITTEN = new Set<unknown>([
  'NOT_LEADER_OR_FOLLOWER',
  'LEADER_NOT_AVAILABLE',
  'UNKNOWN_TOPIC_OR_PARTITION',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
  'NOT_ENOUGH_REPLICAS',
  'CORRUPT_MESSAGE',
  'THROTTLING_QUOTA_EXCEEDED',
])
const SEQUENCE_REFUSALS = new Set<unknown>([
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'UNKNOWN_PRODUCER_ID',
  'INVALID_PRODUCER_EPOCH',
])
/** Kafka's limit. */
const LONGEST_TOPIC = 249
const NO_HEADERS: RecordToBuild['headers'] = []

/** The records of one `send` call, and the promise of their places. */
class PendingSend {
  /** A promise where schemas of typed topics take their time. */
  readonly records: readonly ProducerRecord[] | Promise<readonly ProducerRecord[]>
  readonly isMany: boolean
  readonly places: RecordPlace[] = []
  readonly outcome = new Deferred<RecordPlace | RecordPlace[]>()
  remaining: number
  error: Error | null = null

  constructor(records: PendingSend['records'], count: number, isMany: boolean) {
    this.records = records
    this.isMany = isMany
    this.remaining = count
    // What a schema refuses is heard of when the send's turn comes.
    if (records instanceof Promise) records.catch(() => {})
  }

  settle(): void {
    if (this.error !== null) this.outcome.reject(this.error)
    else this.outcome.resolve(this.isMany ? this.places : this.places[0]!)
  }
}

type Queue = PartitionQueue<PendingSend>
type Batch = ProducerBatch<PendingSend>
interface Shipment {
  readonly queue: Queue
  readonly batch: Batch
}

/** Makes one: a door for the client alone, since the constructor is nobody else's business. */
export let newProducer: (cluster: Cluster, options: CheckedProducerOptions, onClosed: () => void) => Producer

/** Made by `client.producer()`. All methods may be called at any time, from anywhere; sends keep their order per partition. */
export class Producer {
  private readonly cluster: Cluster
  private readonly options: CheckedProducerOptions
  private readonly onClosed: () => void
  private readonly partitioner: Partitioner
  private readonly accumulator: BatchAccumulator<PendingSend>
  private readonly unsettled = new Set<PendingSend>()
  /** Sends that wait for room, a schema or a topic's metadata; those behind them wait too, which keeps the order. */
  private line: PendingSend[] = []
  private roomMade: Deferred<void> | null = null
  private isAdmitting = false
  private isDrainPlanned = false
  private flushes = 0
  private identity: ProducerIdentity | null = null
  private isFetchingIdentity = false
  private readonly locating = new Set<string>()
  private readonly requestsUnderWay = new Map<number, number>()
  private alarm: Alarm | null = null
  private alarmAtMs = Infinity
  private isClosing = false
  private closed: Promise<void> | null = null

  static {
    newProducer = (cluster, options, onClosed) => new Producer(cluster, options, onClosed)
  }

  private constructor(cluster: Cluster, options: CheckedProducerOptions, onClosed: () => void) {
    this.cluster = cluster
    this.onClosed = onClosed
    this.options = options
    this.partitioner = options.partitioner ?? defaultPartitioner
    this.accumulator = new BatchAccumulator({
      batchBytes: options.batchBytes,
      lingerMs: options.lingerMs,
      deliveryTimeoutMs: options.deliveryTimeoutMs,
      isIdempotent: options.idempotent,
    })
  }

  /**
   * Sends records and gives their places, in the same order, when all are acknowledged as `acks` says. If one fails the
   * call rejects with its error, after the outcome of all is known: others of the call may have been written.
   * A signal that fires ends the wait; records that were accepted are still sent.
   *
   * A record to a typed topic carries what the topic's schemas accept. It is written as given, not as the schemas'
   * output, so that a reader with the same schemas gets that output; and what is validated is what the reader will find:
   * for JSON the value as it comes back from JSON, where a Date is a string. What does not fit rejects the call with
   * INVALID_RECORD, and none of its records is sent. Sends behind one whose schema takes its time wait for it.
   */
  send(record: ProducerRecord, options?: CallOptions): Promise<RecordPlace>
  send<const Topics extends readonly (string | Topic)[]>(
    records: { readonly [Index in keyof Topics]: TypedRecord<Topics[Index]> },
    options?: CallOptions,
  ): Promise<RecordPlace[]>
  send<T extends Topic>(record: TypedRecord<T>, options?: CallOptions): Promise<RecordPlace>
  send(
    input: TypedRecord<string | Topic> | readonly TypedRecord<string | Topic>[],
    options: CallOptions = {},
  ): Promise<RecordPlace | RecordPlace[]> {
    const isMany = Array.isArray(input)
    const given = isMany ? (input as readonly TypedRecord<string | Topic>[]) : [input as TypedRecord<string | Topic>]
    if (this.isClosing) return Promise.reject(new ClosedError('the producer is closed'))
    if (options.signal?.aborted === true) return Promise.reject(options.signal.reason as Error)
    if (given.length === 0) return Promise.resolve([])
    let send: PendingSend
    try {
      checkTopics(given)
      send = new PendingSend(encodeRecords(given, isMany), given.length, isMany)
    } catch (error) {
      return Promise.reject(error as Error)
    }
    this.unsettled.add(send)
    const { records } = send
    const isReady = this.line.length === 0 && !(records instanceof Promise) && this.hasRoom()
    if (isReady && this.areTopicsKnown(records)) {
      this.accept(send, records)
    } else {
      this.line.push(send)
      void this.admit()
    }
    return orAborted(send.outcome.promise, options.signal)
  }

  /** Sends what lingers, and resolves when every send made before it has its outcome, good or bad. */
  async flush(options: CallOptions = {}): Promise<void> {
    this.flushes += 1
    try {
      this.planDrain()
      const outcomes = [...this.unsettled].map((send) => send.outcome.promise)
      await orAborted(Promise.allSettled(outcomes), options.signal)
    } finally {
      this.flushes -= 1
    }
  }

  /**
   * Takes no more records, delivers what was accepted, and stops. What cannot be delivered within `timeoutMs`
   * (default: the client's) rejects with ClosedError.
   */
  close(options: { readonly timeoutMs?: number | undefined } = {}): Promise<void> {
    this.closed ??= this.finish(options.timeoutMs ?? this.cluster.timeoutMs)
    return this.closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  private async finish(timeoutMs: number): Promise<void> {
    this.isClosing = true
    await settledWithin(this.cluster.runtime, timeoutMs, this.flush())
    this.alarm?.cancel()
    const reason = new ClosedError('the producer was closed before the record was delivered')
    for (const send of this.unsettled) send.outcome.reject(reason)
    this.unsettled.clear()
    this.line = []
    this.roomMade?.resolve()
    this.onClosed()
  }

  private hasRoom(): boolean {
    return this.accumulator.bufferedBytes < this.options.maxBufferedBytes
  }

  /** Whether the partitions can be chosen at once. What is known may be old: `drain` asks anew before it sends. */
  private areTopicsKnown(records: readonly ProducerRecord[]): boolean {
    let last: string | null = null
    let partitionCount = 0
    for (const { topic, partition } of records) {
      if (topic !== last) {
        const known = this.cluster.knownTopic(topic)
        if (known === undefined) return false
        last = topic
        partitionCount = known.partitions.length
      }
      if (partition !== undefined && partition >= partitionCount) return false
    }
    return true
  }

  private async admit(): Promise<void> {
    if (this.isAdmitting) return
    this.isAdmitting = true
    for (let send = this.line[0]; send !== undefined; send = this.line[0]) {
      try {
        const records = send.records instanceof Promise ? await this.whenEncoded(send, send.records) : send.records
        while (!this.hasRoom() && !this.isOver()) {
          this.roomMade = new Deferred<void>()
          await this.roomMade.promise
        }
        await this.learnTopics(records)
        this.line.shift()
        if (!this.isOver()) this.accept(send, records)
      } catch (error) {
        this.line.shift()
        this.reject(send, error as Error)
      }
    }
    this.isAdmitting = false
  }

  /** Waits for schemas, but neither for ever (the line would stand still) nor beyond the producer's end. */
  private async whenEncoded<T>(send: PendingSend, records: Promise<T>): Promise<T> {
    const { deliveryTimeoutMs } = this.options
    const timeUp = new Deferred<never>()
    const alarm = this.cluster.runtime.setAlarm(deliveryTimeoutMs, () => {
      const what = `a record's schema gave no answer within ${deliveryTimeoutMs} ms; nothing was written`
      timeUp.reject(new GoQueueError('DELIVERY_TIMEOUT', what, { retriable: true }))
    })
    try {
      return await Promise.race([records, timeUp.promise, send.outcome.promise as Promise<never>])
    } finally {
      alarm.cancel()
    }
  }

  private isOver(): boolean {
    return this.isClosing && this.unsettled.size === 0
  }

  private async learnTopics(records: readonly ProducerRecord[]): Promise<void> {
    const options = { timeoutMs: this.options.deliveryTimeoutMs }
    for (const { topic, partition } of records) {
      const known = this.cluster.knownTopic(topic) ?? (await this.cluster.topic(topic, options))
      if (partition !== undefined && partition >= known.partitions.length) {
        await this.cluster.leader(topic, partition, options)
      }
    }
  }

  /** Puts every record of a send into its batch, or none when one of them is wrong. */
  private accept(send: PendingSend, records: readonly ProducerRecord[]): void {
    const { runtime } = this.cluster
    const toBuild: RecordToBuild[] = []
    let partitions: Int32Array
    try {
      const wallClockMs = runtime.wallClockMs()
      for (let index = 0; index < records.length; index++)
        toBuild.push(checkedRecord(records[index]!, index, wallClockMs))
      partitions = this.choosePartitions(records)
    } catch (error) {
      this.reject(send, error as Error)
      return
    }
    const nowMs = runtime.nowMs()
    for (let index = 0; index < records.length; index++) {
      const { topic } = records[index]!
      let partition = partitions[index]!
      if (partition === -1) {
        const count = this.cluster.knownTopic(topic)!.partitions.length
        partition = this.accumulator.anyPartition(topic, count, runtime.random())
      }
      const record = toBuild[index]!
      this.accumulator.append(topic, partition, record, sizeUpperBound(record), send, index, nowMs)
    }
    this.planDrain()
  }

  private choosePartitions(records: readonly ProducerRecord[]): Int32Array {
    const partitions = new Int32Array(records.length)
    let last: string | null = null
    let partitionCount = 0
    for (let index = 0; index < records.length; index++) {
      const record = records[index]!
      if (record.topic !== last) {
        last = record.topic
        partitionCount = this.cluster.knownTopic(last)?.partitions.length ?? 0
      }
      const chosen = record.partition ?? this.partitioner(record, partitionCount) ?? -1
      if (!Number.isInteger(chosen) || chosen < (record.partition === undefined ? -1 : 0) || chosen >= partitionCount) {
        const allowed = `allowed are 0 to ${partitionCount - 1}`
        throw new GoQueueError('INVALID_ARGUMENT', `send: partition ${chosen} of topic '${record.topic}': ${allowed}`)
      }
      partitions[index] = chosen
    }
    return partitions
  }

  /** Sends of one turn of the event loop go together. */
  private planDrain(): void {
    if (this.isDrainPlanned) return
    this.isDrainPlanned = true
    queueMicrotask(() => {
      this.isDrainPlanned = false
      this.drain()
    })
  }

  /** Sends whatever may be sent now, and sets the alarm for what may be sent later. */
  private drain(): void {
    const nowMs = this.cluster.runtime.nowMs()
    for (const queue of this.accumulator.active()) {
      for (const batch of this.accumulator.expired(queue, nowMs)) this.fail(queue, batch, this.expiry(queue, batch))
    }
    while (this.sendRound(nowMs)) {
      // Each round fills at most one request for each broker.
    }
    this.wakeAt(this.accumulator.nextDeadlineMs(nowMs))
  }

  private sendRound(nowMs: number): boolean {
    const requests = new Map<number, Shipment[]>()
    const sizes = new Map<number, number>()
    for (const queue of this.accumulator.active()) {
      const batch = this.accumulator.sendable(queue, nowMs, this.flushes > 0)
      if (batch === null) continue
      if (this.accumulator.needsIdentity(queue, batch, this.identity)) {
        void this.fetchIdentity()
        continue
      }
      const leader = this.cluster.freshTopic(queue.topic)?.partitions[queue.partition]
      if (leader === undefined || leader.leaderId < 0) {
        void this.locate(queue)
        continue
      }
      if ((this.requestsUnderWay.get(leader.leaderId) ?? 0) >= this.options.maxInFlight) continue
      const bytes = sizes.get(leader.leaderId) ?? 0
      if (bytes > 0 && bytes + batch.bytes > MAX_REQUEST_BYTES) continue
      sizes.set(leader.leaderId, bytes + batch.bytes)
      this.accumulator.take(queue, batch, this.identity)
      const shipments = requests.get(leader.leaderId)
      if (shipments === undefined) requests.set(leader.leaderId, [{ queue, batch }])
      else shipments.push({ queue, batch })
    }
    for (const [nodeId, shipments] of requests) void this.ship(nodeId, shipments)
    return requests.size > 0
  }

  private async ship(nodeId: number, shipments: readonly Shipment[]): Promise<void> {
    this.requestsUnderWay.set(nodeId, (this.requestsUnderWay.get(nodeId) ?? 0) + 1)
    let isSent = false
    try {
      const body = { acks: this.options.acks, timeoutMs: this.cluster.timeoutMs, topicData: this.topicData(shipments) }
      const connection = await this.cluster.nodeConnection(nodeId, 'produce')
      isSent = true
      if (this.options.acks === 0) {
        await connection.sendUnanswered('Produce', body)
        for (const { queue, batch } of shipments) this.succeed(queue, batch, -1)
      } else {
        this.takeAnswer(shipments, await connection.request('Produce', body))
      }
    } catch (error) {
      const isUncertain = isSent && (error instanceof ConnectionError || error instanceof RequestTimeoutError)
      for (const { queue, batch } of shipments) this.attemptFailed(queue, batch, error as Error, isUncertain)
    } finally {
      this.requestsUnderWay.set(nodeId, this.requestsUnderWay.get(nodeId)! - 1)
      this.drain()
    }
  }

  private topicData(shipments: readonly Shipment[]) {
    const topics = new Map<string, { index: number; records: Buffer }[]>()
    for (const { batch } of shipments) {
      batch.encoded ??= buildRecordBatch({
        records: batch.records,
        compression: this.options.compression,
        producerId: batch.identity?.producerId ?? -1,
        producerEpoch: batch.identity?.producerEpoch ?? -1,
        baseSequence: batch.baseSequence,
      })
      const partitionData = { index: batch.partition, records: batch.encoded }
      const known = topics.get(batch.topic)
      if (known === undefined) topics.set(batch.topic, [partitionData])
      else known.push(partitionData)
    }
    return [...topics].map(([name, partitionData]) => ({ name, partitionData }))
  }

  private takeAnswer(shipments: readonly Shipment[], answer: ResponseOf<'Produce'>): void {
    for (const { queue, batch } of shipments) {
      const found = answer.responses
        .find((topic) => topic.name === batch.topic)
        ?.partitionResponses.find((partition) => partition.index === batch.partition)
      if (found?.errorCode === 'NONE' || found?.errorCode === 'DUPLICATE_SEQUENCE_NUMBER') {
        this.succeed(queue, batch, found.baseOffset)
        continue
      }
      const code = found?.errorCode ?? 'UNKNOWN_SERVER_ERROR'
      const explanation = found === undefined ? 'the answer does not mention the partition' : found.errorMessage
      const error = new KafkaError(code, 'Produce', `${batch.topic}[${batch.partition}]`, explanation)
      this.attemptFailed(queue, batch, error, error.retriable && !SURELY_NOT_WRITTEN.has(code))
    }
  }

  private attemptFailed(queue: Queue, batch: Batch, error: Error, isUncertain: boolean): void {
    const { runtime } = this.cluster
    const nowMs = runtime.nowMs()
    const code = codeOf(error)
    if (isUncertain) batch.isUncertain = true
    queue.failures += 1
    queue.lastError = error
    const retryAtMs = nowMs + backoffMs(queue.failures, runtime.random())
    if (SEQUENCE_REFUSALS.has(code)) {
      if (this.accumulator.sequenceRefused(queue, batch) === 'fail') this.fail(queue, batch, error)
      else this.accumulator.retry(queue, batch, retryAtMs)
      return
    }
    if (code === 'MESSAGE_TOO_LARGE' && this.accumulator.split(queue, batch, nowMs)) return
    if (!isRetriable(error)) {
      this.fail(queue, batch, error)
      return
    }
    if (nowMs >= batch.createdMs + this.options.deliveryTimeoutMs) {
      this.fail(queue, batch, this.expiry(queue, batch))
      return
    }
    this.cluster.distrust(batch.topic)
    this.accumulator.retry(queue, batch, retryAtMs)
  }

  private succeed(queue: Queue, batch: Batch, baseOffset: number): void {
    this.accumulator.succeed(queue, batch)
    const { partition, owners, positions } = batch
    for (let index = 0; index < owners.length; index++) {
      const send = owners[index]!
      send.places[positions[index]!] = { partition, offset: baseOffset < 0 ? -1 : baseOffset + index }
      this.settled(send)
    }
    this.madeRoom()
  }

  private fail(queue: Queue, batch: Batch, error: Error): void {
    this.accumulator.fail(queue, batch)
    for (const send of batch.owners) {
      send.error ??= error
      this.settled(send)
    }
    this.madeRoom()
  }

  private settled(send: PendingSend): void {
    send.remaining -= 1
    if (send.remaining > 0) return
    this.unsettled.delete(send)
    send.settle()
  }

  private reject(send: PendingSend, error: Error): void {
    this.unsettled.delete(send)
    send.outcome.reject(error)
  }

  private madeRoom(): void {
    if (this.roomMade === null || !this.hasRoom()) return
    this.roomMade.resolve()
    this.roomMade = null
  }

  private expiry({ lastError }: Queue, batch: Batch): GoQueueError {
    const place = `${batch.topic}[${batch.partition}]`
    const doubt = batch.isUncertain ? 'it may have been written' : 'it was not written'
    const why = lastError === null ? '' : `; ${lastError.message}`
    return new GoQueueError(
      'DELIVERY_TIMEOUT',
      `a record for ${place} was not acknowledged within ${this.options.deliveryTimeoutMs} ms; ${doubt}${why}`,
      { cause: lastError ?? undefined, retriable: !batch.isUncertain },
    )
  }

  /** Finds the leader of a queue's partition; what makes that impossible for good fails the records that wait for it. */
  private async locate(queue: Queue): Promise<void> {
    const key = `${queue.topic}\0${queue.partition}`
    if (this.locating.has(key)) return
    this.locating.add(key)
    try {
      await this.cluster.leader(queue.topic, queue.partition)
      queue.failures = 0
    } catch (error) {
      if (isRetriable(error)) this.putOff(queue, error as Error)
      else for (const batch of [...queue.retries, ...queue.waiting]) this.fail(queue, batch, error as Error)
    } finally {
      this.locating.delete(key)
      this.planDrain()
    }
  }

  private putOff(queue: Queue, error: Error): void {
    const { runtime } = this.cluster
    queue.failures += 1
    queue.lastError = error
    queue.retryAtMs = runtime.nowMs() + backoffMs(queue.failures, runtime.random())
  }

  /** Gets a producer id (KIP-98). A broker that has none to give gets plain batches, one at a time for each partition. */
  private async fetchIdentity(): Promise<void> {
    if (this.isFetchingIdentity) return
    this.isFetchingIdentity = true
    try {
      this.identity = await this.cluster.callAny('producer id', {}, async (connection, leftMs) => {
        const request = { transactionalId: null, transactionTimeoutMs: 2 ** 31 - 1 }
        const answer = await connection.request('InitProducerId', request, { timeoutMs: leftMs })
        throwOnError(answer.errorCode, 'InitProducerId')
        return { producerId: answer.producerId, producerEpoch: answer.producerEpoch }
      })
    } catch (error) {
      this.identityFailed(error as Error)
    } finally {
      this.isFetchingIdentity = false
      this.planDrain()
    }
  }

  private identityFailed(error: Error): void {
    if (codeOf(error) === 'UNSUPPORTED_VERSION') {
      this.accumulator.giveUpIdempotence()
      return
    }
    for (const queue of this.accumulator.active()) {
      if (isRetriable(error)) this.putOff(queue, error)
      else for (const batch of [...queue.retries, ...queue.waiting]) this.fail(queue, batch, error)
    }
  }

  private wakeAt(deadlineMs: number): void {
    if (deadlineMs >= this.alarmAtMs || (this.isClosing && this.unsettled.size === 0)) return
    this.alarm?.cancel()
    this.alarmAtMs = deadlineMs
    this.alarm = this.cluster.runtime.setAlarm(deadlineMs - this.cluster.runtime.nowMs(), () => {
      this.alarm = null
      this.alarmAtMs = Infinity
      this.drain()
    })
  }
}

/** Throws INVALID_ARGUMENT for what is no record, or has no topic. */
function checkTopics(records: readonly TypedRecord<string | Topic>[]): void {
  let last: unknown = null
  for (let index = 0; index < records.length; index++) {
    const record = records[index] as TypedRecord<string | Topic> | null | undefined
    const topic = typeof record === 'object' ? record?.topic : undefined
    if (topic === last && topic !== undefined) continue
    if ((typeof topic !== 'string' || topic === '' || topic.length > LONGEST_TOPIC) && !isTopic(topic)) {
      const what = 'topic must be the name of a topic, or what topic() gives, as in { topic, value }'
      throw new GoQueueError('INVALID_ARGUMENT', `send: record ${index}: ${what}`)
    }
    last = topic
  }
}

const RECORD_FIELDS = ['topic', 'value', 'key', 'partition', 'timestampMs', 'headers'] as const
/** With those of a record that was read, so that one can be sent on: `{ ...record, topic: 'archive' }`. */
const knownFields: ReadonlySet<string> = new Set<keyof ProducerRecord | keyof ConsumerRecord>([
  ...RECORD_FIELDS,
  'offset',
  'signal',
])

/** The record as it goes into a batch. Throws INVALID_ARGUMENT for what cannot be sent. */
function checkedRecord(record: ProducerRecord, index: number, wallClockMs: number): RecordToBuild {
  const { key = null, value, timestampMs = wallClockMs } = record
  const wrong = (what: string) => new GoQueueError('INVALID_ARGUMENT', `send: record ${index}: ${what}`)
  // Names of another client's records (`timestamp`, `messages`) would be lost without a word.
  for (const field in record) {
    if (!knownFields.has(field) && Object.hasOwn(record, field)) {
      throw wrong(`there is no field '${field}'; a record has ${RECORD_FIELDS.join(', ')}`)
    }
  }
  if (value !== null && !isBytes(value)) throw wrong('value must be a string, a Uint8Array or null')
  if (key !== null && !isBytes(key)) throw wrong('key must be a string, a Uint8Array or null')
  if (!Number.isSafeInteger(timestampMs)) {
    throw wrong('timestampMs must be a whole number of milliseconds since the epoch')
  }
  if (record.headers === undefined) return { key, value, headers: NO_HEADERS, timestampMs }
  const { headers: given } = record
  if (typeof given !== 'object' || !(Symbol.iterator in given)) {
    throw wrong("headers must be pairs of a name and a value: [['trace', 'abc']]")
  }
  const headers = [...given]
  for (const pair of headers) {
    const [name, header] = Array.isArray(pair) ? pair : []
    if (typeof name !== 'string' || header === undefined) {
      throw wrong("headers must be pairs of a name and a value: [['trace', 'abc']]")
    }
    if (header !== null && !isBytes(header)) throw wrong(`header '${name}' must be a string, a Uint8Array or null`)
  }
  return { key, value, headers, timestampMs }
}

function isBytes(value: unknown): value is Bytes {
  return typeof value === 'string' || value instanceof Uint8Array
}

/** What the record adds to a batch, at most: exact lengths cost more than they are worth. */
function sizeUpperBound(record: RecordToBuild): number {
  let bytes = 36 + sizeOf(record.key) + sizeOf(record.value)
  for (const [name, value] of record.headers) bytes += 10 + sizeOf(name) + sizeOf(value)
  return bytes
}

function sizeOf(value: Bytes | null): number {
  if (value === null) return 0
  return typeof value === 'string' ? Buffer.byteLength(value) : value.length
}
