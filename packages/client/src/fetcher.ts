// Fetches the partitions of one consumer from their leaders, ahead of the application but within a budget of bytes.
import { DecodeError, ZERO_UUID, type ResponseOf } from '@goqueue/protocol'
import { backoffMs } from './backoff.ts'
import type { Cluster } from './cluster.ts'
import { isRetriable, GoQueueError, KafkaError } from './errors.ts'
import { lookUpOffsets } from './offset-lookup.ts'
import type { CheckedConsumerOptions } from './options.ts'
import { corrupt, PartitionLane, type StartOffset } from './partition-lane.ts'
import { groupByTopic, type ConsumerRecord } from './record.ts'
import type { RecordSource } from './record-iterator.ts'
import type { Alarm } from './runtime.ts'
import { Deferred } from './waiting.ts'

/**
 * Fetches held by one broker at a time, each on its own connection. With one, a partition that was emptied by a fast
 * application would wait until the fetch that is parked for its idle neighbours returns.
 */
const FETCHES_PER_BROKER = 3

export interface FetcherOptions extends Omit<CheckedConsumerOptions, 'topics'> {
  /** Tells this fetcher's connections from those of others. */
  readonly name: string
  /** What a lane that starts at 'default' goes by before the reset policy: null where nothing is committed. An error is never "nothing". */
  readonly committed: ((lanes: readonly PartitionLane[]) => Promise<Map<string, number | null>>) | null
  /** Whether a topic that is gone is waited for (a group's leader will notice) instead of being an error. */
  readonly isPatient: boolean
}

interface FetchSlot {
  readonly nodeId: number
  readonly index: number
}

/** The lanes of one consumer, and the requests that fill them. */
export class Fetcher implements RecordSource {
  private readonly cluster: Cluster
  private readonly options: FetcherOptions
  private readonly lanes = new Map<string, PartitionLane>()
  /** Lanes with something buffered, the next to deliver first. */
  private readonly filled: PartitionLane[] = []
  private readonly busySlots = new Map<string, FetchSlot>()
  private readonly usedSlots = new Set<string>()
  private reservedBytes = 0
  private bufferedBytes = 0
  private heldBytes = 0
  /** A fetch is put off until there is room for what it brings. */
  private lacksRoom = false
  private hasFailures = false
  private change: Deferred<void> | null = null
  private alarm: Alarm | null = null
  private alarmAtMs = Infinity
  private isPumpPlanned = false
  private isClosed = false

  constructor(cluster: Cluster, options: FetcherOptions) {
    this.cluster = cluster
    this.options = options
  }

  get isEnded(): boolean {
    return this.isClosed
  }

  /** Starts to read a partition. */
  add(topic: string, partition: number, start: StartOffset): PartitionLane {
    const lane = new PartitionLane(topic, partition, start, this.options.partitionMaxBytes)
    this.lanes.set(lane.key, lane)
    this.planPump()
    return lane
  }

  lane(key: string): PartitionLane | undefined {
    return this.lanes.get(key)
  }

  all(): Iterable<PartitionLane> {
    return this.lanes.values()
  }

  /** Stops to read a partition for good: nothing more of it is delivered or may be committed, and its signal fires. */
  remove(lane: PartitionLane, reason: Error): void {
    this.stop(lane)
    lane.disown(reason)
  }

  /** Stops to read a partition: nothing more of it is delivered (row I20). Its signal is the caller's to fire. */
  stop(lane: PartitionLane): void {
    if (this.lanes.get(lane.key) !== lane) return
    this.lanes.delete(lane.key)
    this.forget(lane)
    lane.stop()
    this.planPump()
  }

  /** Reads a partition from another place on. */
  jump(lane: PartitionLane, to: StartOffset): void {
    this.forget(lane)
    lane.jump(to)
    this.planPump()
  }

  /** Delivers nothing of a partition until it is resumed. What is buffered is dropped, and fetched again then. */
  pause(lane: PartitionLane): void {
    lane.isPaused = true
    this.jump(lane, lane.position ?? lane.start)
  }

  resume(lane: PartitionLane): void {
    lane.isPaused = false
    this.planPump()
  }

  /** The application knows that these partitions are its own: their records may come. */
  announced(lanes: readonly PartitionLane[]): void {
    for (const lane of lanes) lane.isAnnounced = true
    this.planPump()
  }

  /** Ends every lane, every request and every iterator. */
  close(reason: Error): void {
    this.isClosed = true
    for (const lane of [...this.lanes.values()]) this.remove(lane, reason)
    this.alarm?.cancel()
    for (const slot of this.usedSlots) this.cluster.drop(`fetch:${slot}`)
    this.notify()
  }

  take(): ConsumerRecord | null {
    this.throwFailure()
    for (let lane = this.filled[0]; lane !== undefined; lane = this.filled[0]) {
      const record = this.takeBuffered(lane)
      if (record !== null) return record
    }
    return null
  }

  /** The next record of one partition if one is at hand. Throws when its bytes are damaged. */
  takeFrom(lane: PartitionLane): ConsumerRecord | null {
    while (lane.hasRecords) {
      const record = this.takeBuffered(lane)
      if (record !== null) return record
    }
    return null
  }

  /** Partitions with something to deliver, those first that have waited longest. */
  filledLanes(): readonly PartitionLane[] {
    return [...this.filled]
  }

  /** Throws what the application must hear about before anything else. */
  throwFailure(): void {
    if (!this.hasFailures) return
    this.hasFailures = false
    for (const lane of this.lanes.values()) {
      const { failure } = lane
      if (failure === null) continue
      lane.failure = null
      this.hasFailures = true
      this.planPump()
      throw failure
    }
  }

  /** Records that were taken and are not done count in the budget until they are let go. */
  hold(bytes: number): void {
    this.heldBytes += bytes
  }

  letGo(bytes: number): void {
    this.heldBytes -= bytes
    // Only then: with thousands of partitions to look at it is not for every record.
    if (this.lacksRoom) this.planPump()
  }

  /** Whether somebody waits for a record now. */
  get isAwaited(): boolean {
    return this.change !== null
  }

  /** Starts over with everything that fetches: connections, what is known of leaders, and requests under way. */
  rebuild(): void {
    for (const slot of this.usedSlots) this.cluster.drop(`fetch:${slot}`)
    for (const lane of this.lanes.values()) {
      this.cluster.distrust(lane.topic)
      this.jump(lane, lane.position ?? lane.start)
    }
  }

  changed(): Promise<void> {
    this.change ??= new Deferred<void>()
    return this.change.promise
  }

  /** Wakes whoever waits in `changed`. */
  notify(): void {
    this.change?.resolve()
    this.change = null
  }

  private forget(lane: PartitionLane): void {
    this.bufferedBytes -= lane.bufferedBytes
    this.unlist(lane)
  }

  private takeBuffered(lane: PartitionLane): ConsumerRecord | null {
    const before = lane.bufferedBytes
    try {
      return lane.take()
    } finally {
      // The batch is used up, or damaged: it is another partition's turn, and there is room to fetch.
      if (lane.bufferedBytes !== before || !lane.hasRecords) {
        this.bufferedBytes -= before - lane.bufferedBytes
        this.unlist(lane)
        if (lane.hasRecords) this.filled.push(lane)
        this.planPump()
      }
    }
  }

  private unlist(lane: PartitionLane): void {
    const index = this.filled.indexOf(lane)
    if (index !== -1) this.filled.splice(index, 1)
  }

  private failLane(lane: PartitionLane, error: Error): void {
    lane.failure = error
    this.hasFailures = true
    this.notify()
  }

  private putOff(lane: PartitionLane): void {
    const { runtime } = this.cluster
    lane.failures += 1
    lane.retryAtMs = runtime.nowMs() + backoffMs(lane.failures, runtime.random())
  }

  private planPump(): void {
    if (this.isPumpPlanned || this.isClosed) return
    this.isPumpPlanned = true
    queueMicrotask(() => {
      this.isPumpPlanned = false
      if (!this.isClosed) this.pump()
    })
  }

  /** Starts whatever can be started: finding offsets, and one fetch for each broker that has lanes to fill. */
  private pump(): void {
    const { runtime } = this.cluster
    const nowMs = runtime.nowMs()
    const unresolved: PartitionLane[] = []
    const byLeader = new Map<number, PartitionLane[]>()
    let wakeAtMs = Infinity
    for (const lane of this.lanes.values()) {
      if (lane.isPaused || !lane.isAnnounced) continue
      if (lane.failure !== null || lane.isResolving || lane.isFetching) continue
      if (lane.retryAtMs > nowMs) {
        wakeAtMs = Math.min(wakeAtMs, lane.retryAtMs)
        continue
      }
      if (lane.position === null) unresolved.push(lane)
      else if (lane.bufferedBytes < this.options.partitionMaxBytes) this.groupByLeader(lane, byLeader)
    }
    if (unresolved.length > 0) void this.resolve(unresolved)
    for (const [nodeId, lanes] of byLeader) {
      const slot = this.freeSlot(nodeId)
      if (slot !== null) void this.fetch(slot, lanes)
    }
    this.wakeAt(wakeAtMs)
  }

  private groupByLeader(lane: PartitionLane, byLeader: Map<number, PartitionLane[]>): void {
    const leader = this.cluster.freshTopic(lane.topic)?.partitions[lane.partition]
    if (leader === undefined || leader.leaderId < 0) {
      void this.locate(lane)
      return
    }
    const lanes = byLeader.get(leader.leaderId)
    if (lanes === undefined) byLeader.set(leader.leaderId, [lane])
    else lanes.push(lane)
  }

  private freeSlot(nodeId: number): FetchSlot | null {
    for (let index = 0; index < FETCHES_PER_BROKER; index++) {
      if (!this.busySlots.has(`${nodeId}/${index}`)) return { nodeId, index }
    }
    return null
  }

  /** Finds out where lanes start. Only the clean answer "nothing is committed" leads to the reset policy, never a failure. */
  private async resolve(lanes: readonly PartitionLane[]): Promise<void> {
    const epochs = new Map(lanes.map((lane) => [lane, lane.epoch]))
    const isCurrent = (lane: PartitionLane) => lane.epoch === epochs.get(lane) && this.lanes.get(lane.key) === lane
    for (const lane of lanes) lane.isResolving = true
    try {
      const asking = lanes.filter((lane) => lane.start === 'default')
      const committed =
        this.options.committed === null || asking.length === 0 ? null : await this.options.committed(asking)
      const resetting: PartitionLane[] = []
      for (const lane of lanes) {
        if (!isCurrent(lane)) continue
        const offset = lane.start === 'default' ? (committed?.get(lane.key) ?? null) : null
        if (offset !== null) lane.jump(offset)
        else if (lane.start === 'default' && this.options.autoOffsetReset === 'none')
          this.failLane(lane, noOffset(lane))
        else resetting.push(lane)
      }
      await this.resetLanes(resetting, isCurrent)
    } catch (error) {
      for (const lane of lanes) {
        if (!isCurrent(lane) || lane.position !== null) continue
        if (isRetriable(error) || (this.options.isPatient && isMissing(error))) this.putOff(lane)
        else this.failLane(lane, error as Error)
      }
    } finally {
      for (const lane of lanes) if (isCurrent(lane)) lane.isResolving = false
      this.planPump()
    }
  }

  private async resetLanes(
    lanes: readonly PartitionLane[],
    isCurrent: (lane: PartitionLane) => boolean,
  ): Promise<void> {
    if (lanes.length === 0) return
    const { autoOffsetReset } = this.options
    const policy = autoOffsetReset === 'none' ? 'latest' : autoOffsetReset
    const found = await lookUpOffsets(
      this.cluster,
      lanes.map(({ topic, partition, start }) => ({
        topic,
        partition,
        at: start === 'earliest' || start === 'latest' ? start : policy,
      })),
    )
    for (const lane of lanes) if (isCurrent(lane)) lane.jump(found.get(lane.key)!.offset)
  }

  private async locate(lane: PartitionLane): Promise<void> {
    const { epoch } = lane
    lane.isResolving = true
    let failure: unknown = null
    try {
      await this.cluster.leader(lane.topic, lane.partition)
    } catch (error) {
      failure = error
    }
    if (lane.epoch !== epoch) return
    lane.isResolving = false
    if (failure === null) lane.failures = 0
    else if (isRetriable(failure) || (this.options.isPatient && isMissing(failure))) this.putOff(lane)
    else this.failLane(lane, failure as Error)
    this.planPump()
  }

  private async fetch(slot: FetchSlot, candidates: readonly PartitionLane[]): Promise<void> {
    const room = this.options.maxBufferedBytes - this.bufferedBytes - this.heldBytes - this.reservedBytes
    const isIdle = this.bufferedBytes === 0 && this.heldBytes === 0 && this.reservedBytes === 0
    this.lacksRoom = room <= 0 && !isIdle
    if (this.lacksRoom) return
    const maxBytes = Math.max(1, Math.min(this.options.maxBytes, room))
    const reserved = Math.min(maxBytes, candidates.length * this.options.partitionMaxBytes)
    const slotKey = `${slot.nodeId}/${slot.index}`
    const epochs = new Map(candidates.map((lane) => [lane, lane.epoch]))
    for (const lane of candidates) lane.isFetching = true
    this.reservedBytes += reserved
    this.busySlots.set(slotKey, slot)
    try {
      const answer = await this.request(slot, candidates, maxBytes)
      for (const lane of candidates) {
        if (lane.epoch !== epochs.get(lane)) continue
        lane.isFetching = false
        this.takeAnswer(lane, answer)
      }
    } catch (error) {
      for (const lane of candidates) {
        if (lane.epoch !== epochs.get(lane)) continue
        lane.isFetching = false
        if (isRetriable(error)) this.putOff(lane)
        else this.failLane(lane, error as Error)
      }
    } finally {
      this.reservedBytes -= reserved
      this.busySlots.delete(slotKey)
      this.planPump()
    }
  }

  private async request(
    slot: FetchSlot,
    lanes: readonly PartitionLane[],
    maxBytes: number,
  ): Promise<Map<string, FetchedPartition>> {
    const name = `${this.options.name}/${slot.index}`
    this.usedSlots.add(name)
    const connection = await this.cluster.nodeConnection(slot.nodeId, `fetch:${name}`)
    const byTopic = groupByTopic(lanes)
    const topicIds = new Map(
      [...byTopic.keys()].map((topic) => [topic, this.cluster.knownTopic(topic)?.topicId ?? ZERO_UUID]),
    )
    const hasIds = ![...topicIds.values()].includes(ZERO_UUID)
    const { maxWaitMs, minBytes } = this.options
    const answer = await connection.request(
      'Fetch',
      {
        maxWaitMs,
        minBytes,
        maxBytes,
        topics: Array.from(byTopic, ([topic, ofTopic]) => ({
          topic,
          topicId: topicIds.get(topic)!,
          partitions: ofTopic.map((lane) => ({
            partition: lane.partition,
            currentLeaderEpoch: this.cluster.knownTopic(topic)?.partitions[lane.partition]?.leaderEpoch ?? -1,
            fetchOffset: lane.fetchOffset,
            partitionMaxBytes: lane.fetchBytes,
          })),
        })),
      },
      // From v13 topics go by id (KIP-516); a broker that gave none can be asked by name only.
      { timeoutMs: maxWaitMs + this.cluster.timeoutMs, maxVersion: hasIds ? Infinity : 12 },
    )
    return byPartition(answer, new Map([...topicIds].map(([topic, id]) => [id, topic])), lanes)
  }

  private takeAnswer(lane: PartitionLane, answer: Map<string, FetchedPartition>): void {
    const fetched = answer.get(lane.key)
    if (fetched === undefined) {
      this.putOff(lane)
      return
    }
    if (fetched.errorCode === 'NONE') {
      this.buffer(lane, fetched.records)
      return
    }
    if (fetched.errorCode === 'OFFSET_OUT_OF_RANGE') {
      this.outOfRange(lane)
      return
    }
    const error = new KafkaError(fetched.errorCode, 'Fetch', lane.place)
    if (error.retriable && error.code !== 'CORRUPT_MESSAGE') {
      this.cluster.distrust(lane.topic)
      this.putOff(lane)
    } else {
      this.failLane(lane, error)
    }
  }

  private buffer(lane: PartitionLane, records: Buffer | null): void {
    if (records === null || records.length === 0) {
      lane.failures = 0
      return
    }
    const before = lane.bufferedBytes
    try {
      lane.buffer(records)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.failLane(lane, corrupt(lane.place, lane.fetchOffset, error))
    }
    const bytes = lane.bufferedBytes - before
    if (bytes === 0) {
      // Nothing new, though something came: ask for more, but never in a tight loop.
      this.putOff(lane)
      return
    }
    lane.failures = 0
    this.bufferedBytes += bytes
    if (!this.filled.includes(lane)) this.filled.push(lane)
    this.notify()
  }

  private outOfRange(lane: PartitionLane): void {
    if (lane.hasRecords) {
      // What was read before comes first; then this is asked again.
      this.putOff(lane)
    } else if (this.options.autoOffsetReset === 'none') {
      this.failLane(lane, new KafkaError('OFFSET_OUT_OF_RANGE', 'Fetch', `${lane.place} at offset ${lane.fetchOffset}`))
    } else {
      this.jump(lane, this.options.autoOffsetReset)
    }
  }

  private wakeAt(deadlineMs: number): void {
    if (deadlineMs >= this.alarmAtMs) return
    this.alarm?.cancel()
    this.alarmAtMs = deadlineMs
    this.alarm = this.cluster.runtime.setAlarm(deadlineMs - this.cluster.runtime.nowMs(), () => {
      this.alarm = null
      this.alarmAtMs = Infinity
      this.planPump()
    })
  }
}

type FetchedPartition = ResponseOf<'Fetch'>['responses'][number]['partitions'][number]

/** The answer by `partitionKey`. An error of the whole request becomes each partition's. */
function byPartition(
  answer: ResponseOf<'Fetch'>,
  topicsById: ReadonlyMap<string, string>,
  lanes: readonly PartitionLane[],
): Map<string, FetchedPartition> {
  if (answer.errorCode !== 'NONE') throw new KafkaError(answer.errorCode, 'Fetch')
  const found = new Map<string, FetchedPartition>()
  const wanted = new Set(lanes.map((lane) => lane.key))
  for (const { topic, topicId, partitions } of answer.responses) {
    const name = topic !== '' ? topic : topicsById.get(topicId)
    for (const partition of partitions) {
      const key = `${name}\0${partition.partitionIndex}`
      if (wanted.has(key)) found.set(key, partition)
    }
  }
  return found
}

function isMissing(error: unknown): boolean {
  return error instanceof KafkaError && error.code === 'UNKNOWN_TOPIC_OR_PARTITION'
}

function noOffset(lane: PartitionLane): GoQueueError {
  return new GoQueueError(
    'NO_OFFSET',
    `${lane.place}: nothing is committed, and autoOffsetReset is 'none': commit an offset, seek, or set it to 'earliest' or 'latest'`,
  )
}
