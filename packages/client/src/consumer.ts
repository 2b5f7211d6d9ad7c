// The consumer without a group: reads the partitions that the application names, from where it says.
import type { Cluster } from './cluster.ts'
import { ClosedError, GoQueueError } from './errors.ts'
import { Fetcher } from './fetcher.ts'
import type { CheckedConsumerOptions } from './options.ts'
import type { PartitionLane } from './partition-lane.ts'
import { partitionKey, type ConsumerRecord, type TopicPartition } from './record.ts'
import { RecordIterator, type RecordSource } from './record-iterator.ts'
import { Subscription } from './subscription.ts'
import { decodeRecord } from './typed-record.ts'
import type { CallOptions } from './waiting.ts'

/** A partition to read. Without `offset` the reset policy says where to start. */
export interface PartitionToRead extends TopicPartition {
  readonly offset?: number | 'earliest' | 'latest' | undefined
}

/** Makes one: a door for the client alone, since the constructor is nobody else's business. */
export let newConsumer: <R extends ConsumerRecord<unknown, unknown>>(
  cluster: Cluster,
  options: CheckedConsumerOptions,
  name: string,
  onClosed: () => void,
) => Consumer<R>

/** Made by `client.consumer()`. Iterate it for records; in each partition they come in order, and without gaps. */
export class Consumer<R extends ConsumerRecord<unknown, unknown> = ConsumerRecord> implements AsyncIterable<R> {
  private readonly fetcher: Fetcher
  /** What may be assigned, or null for any topic. */
  private readonly subscription: Subscription | null
  private readonly onClosed: () => void
  private isClosed = false

  static {
    newConsumer = (cluster, options, name, onClosed) => new Consumer(cluster, options, name, onClosed)
  }

  private constructor(cluster: Cluster, options: CheckedConsumerOptions, name: string, onClosed: () => void) {
    this.onClosed = onClosed
    this.subscription = options.topics === undefined ? null : new Subscription(options.topics)
    this.fetcher = new Fetcher(cluster, { ...options, name, committed: null, isPatient: false })
  }

  /** Reads these partitions and no others. One that is read already goes on where it is, unless an offset is given. */
  assign(partitions: readonly PartitionToRead[]): void {
    this.refuseIfClosed()
    for (const partition of partitions) this.checkPartition(partition)
    const wanted = new Map(partitions.map((item) => [partitionKey(item.topic, item.partition), item]))
    for (const lane of [...this.fetcher.all()]) {
      if (!wanted.has(lane.key)) this.fetcher.remove(lane, unassigned(lane))
    }
    for (const [key, { topic, partition, offset }] of wanted) {
      const lane = this.fetcher.lane(key)
      if (lane === undefined) this.fetcher.add(topic, partition, offset ?? 'default')
      else if (offset !== undefined) this.fetcher.jump(lane, offset)
    }
  }

  /** The partitions that are read. */
  assignment(): TopicPartition[] {
    return Array.from(this.fetcher.all(), ({ topic, partition }) => ({ topic, partition }))
  }

  /** Goes on from another offset of a partition that is read; what was fetched before is dropped. */
  seek(topic: string, partition: number, offset: number | 'earliest' | 'latest'): void {
    this.refuseIfClosed()
    this.checkPartition({ topic, partition, offset })
    this.fetcher.jump(this.laneOf(topic, partition), offset)
  }

  /**
   * Delivers nothing of a partition, or of all the partitions of a topic that are read, until `resume`. What was fetched
   * ahead is dropped and fetched again then: a paused partition takes no memory and no bandwidth.
   */
  pause(topic: string, partition?: number): void {
    this.refuseIfClosed()
    for (const lane of this.lanesOf(topic, partition)) this.fetcher.pause(lane)
  }

  /** Goes on where `pause` stopped, or where `seek` went meanwhile. */
  resume(topic: string, partition?: number): void {
    this.refuseIfClosed()
    for (const lane of this.lanesOf(topic, partition)) this.fetcher.resume(lane)
  }

  /** The offset of the record that comes next, or null while it is not known yet. */
  position(topic: string, partition: number): number | null {
    return this.laneOf(topic, partition).position
  }

  /**
   * The records, until the consumer is closed. `break` ends this loop only: the next one goes on behind it. Rejects with
   * INVALID_RECORD for one that does not fit its typed topic; a new loop goes on behind that too.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<R> {
    return this.records()
  }

  /** As iterating the consumer itself, with a signal that ends the wait by rejecting with its reason. */
  records(options: CallOptions = {}): AsyncIterableIterator<R> {
    this.refuseIfClosed()
    const { fetcher } = this
    const source: RecordSource<R> = {
      take: () => {
        const record = fetcher.take()
        return record === null ? null : this.typed(record)
      },
      changed: () => fetcher.changed(),
      get isEnded() {
        return fetcher.isEnded
      },
    }
    return new RecordIterator(source, options.signal)
  }

  /** Stops reading; iterations end. */
  close(): Promise<void> {
    if (!this.isClosed) {
      this.isClosed = true
      this.fetcher.close(new ClosedError('the consumer is closed'))
      this.onClosed()
    }
    return Promise.resolve()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  private lanesOf(topic: string, partition: number | undefined): PartitionLane[] {
    if (partition !== undefined) return [this.laneOf(topic, partition)]
    return Array.from(this.fetcher.all()).filter((lane) => lane.topic === topic)
  }

  private laneOf(topic: string, partition: number): PartitionLane {
    const lane = this.fetcher.lane(partitionKey(topic, partition))
    if (lane !== undefined) return lane
    throw new GoQueueError('NOT_ASSIGNED', `${topic}[${partition}] is not read by this consumer: assign it first`)
  }

  private typed(record: ConsumerRecord): R | Promise<R> {
    const topic = this.subscription?.typeOf(record.topic)
    return (topic === undefined ? record : decodeRecord(topic, record)) as R | Promise<R>
  }

  private checkPartition(partition: PartitionToRead): void {
    checkPartition(partition)
    const allowed = this.subscription?.topics
    if (allowed === undefined || allowed.includes(partition.topic)) return
    throw new GoQueueError(
      'INVALID_ARGUMENT',
      `${partition.topic}[${partition.partition}]: this consumer was made for ${allowed.map((name) => `'${name}'`).join(', ')}`,
    )
  }

  private refuseIfClosed(): void {
    if (this.isClosed) throw new ClosedError('the consumer is closed')
  }
}

function checkPartition({ topic, partition, offset }: PartitionToRead): void {
  const wrong = (what: string) =>
    new GoQueueError('INVALID_ARGUMENT', `${String(topic)}[${String(partition)}]: ${what}`)
  if (typeof topic !== 'string' || topic === '') throw wrong('topic must be the name of a topic')
  if (!Number.isInteger(partition) || partition < 0) throw wrong('partition must be a whole number from 0')
  if (offset === undefined || offset === 'earliest' || offset === 'latest') return
  if (!Number.isSafeInteger(offset) || offset < 0) throw wrong("offset must be a number from 0, 'earliest' or 'latest'")
}

function unassigned(lane: PartitionLane): GoQueueError {
  return new GoQueueError('PARTITION_REVOKED', `${lane.place} was taken out of the consumer's assignment`)
}
