// One partition's log: appends in order, shows what is durable, finds offsets by time, forgets what has expired.
import { assignOffsets, checkProduceBatches, compressionOf, nextOffset, readRecordBatchHeader } from '@goqueue/protocol'
import type { ErrorCode, RecordBatchHeader } from '@goqueue/protocol'
import { assert } from '../assert.ts'
import type { Runtime } from '../runtime.ts'
import { StorageError } from '../storage/storage-error.ts'
import type { FlushCounts } from './flush-counts.ts'
import type { FlushScheduler } from './flush-scheduler.ts'
import type { LogConfig } from './log-config.ts'
import type { DiskReserve } from './disk-reserve.ts'
import { LogWriter } from './log-writer.ts'
import { findRecord } from './open-batch.ts'
import type { TimestampedOffset } from './open-batch.ts'
import { saveSnapshot } from './producer-snapshots.ts'
import type { ProducerStates } from './producer-state.ts'
import type { RecoveredLog } from './recovery.ts'
import type { DurableRange } from './recovery-point.ts'
import { countDeletable, isActiveExpired } from './retention.ts'
import type { BatchPlace, Segment, SegmentContext } from './segment.ts'
import { LogTail } from './tail-cache.ts'
import type { TailCache } from './tail-cache.ts'
import { PARTITION_LEADER_EPOCH } from './walk-batches.ts'

/** Indexes hold relative offsets and positions in 32 bits. */
const LARGEST_RELATIVE_OFFSET = 2 ** 31 - 1
const LARGEST_SEGMENT_BYTES = 2 ** 31 - 1
/** So much log at most is read at start for the producers' states. */
const SNAPSHOT_INTERVAL_BYTES = 64 * 1024 * 1024
/** A new segment's files, its indexes and the snapshot that goes with it take less. */
const ROOM_FOR_SEGMENT_BYTES = 1024 * 1024
const EMPTY = Buffer.alloc(0)

/** What became of an append. `logAppendTimeMs` is -1: records keep the time that their producer gave. */
export type AppendOutcome =
  | { errorCode: 'NONE'; baseOffset: number; logAppendTimeMs: -1; logStartOffset: number }
  | { errorCode: Exclude<ErrorCode, 'NONE'>; message: string }

/** Record batches as they were appended. They are views of memory that never changes. */
export type ReadOutcome =
  | { errorCode: 'NONE'; records: Buffer }
  | { errorCode: 'OFFSET_OUT_OF_RANGE' | 'CORRUPT_MESSAGE' | 'KAFKA_STORAGE_ERROR' }

/** A record found by its timestamp; null where there is none. */
export type TimestampLookup = TimestampedOffset | null | 'KAFKA_STORAGE_ERROR'

export type DeleteRecordsOutcome =
  { errorCode: 'NONE'; logStartOffset: number } | { errorCode: 'OFFSET_OUT_OF_RANGE' | 'KAFKA_STORAGE_ERROR' }

export interface PartitionLogOptions {
  readonly context: SegmentContext
  readonly runtime: Runtime
  readonly flushes: FlushScheduler
  readonly flushCounts: FlushCounts
  readonly tailCache: TailCache
  /** Null where there is none: records may use the disk to its end. */
  readonly diskReserve: DiskReserve | null
  readonly config: () => LogConfig
  readonly recovered: RecoveredLog
  /** More became durable. */
  readonly onDurable: () => void
  /** Makes this log's `durableRange` durable. */
  readonly saveRecoveryPoint: () => Promise<void>
}

/**
 * 'sound': it takes appends. 'quarantined': durable records were found damaged at start; it serves what is good, until
 * somebody has looked at it. 'offline': the disk failed under it; it takes no appends until a restart has recovered it.
 */
export type LogCondition = 'sound' | 'quarantined' | 'offline'

/** Where the next append goes, decided before anything is written. */
interface PlannedSegment {
  baseOffset: number
  bytes: number
  firstAppendMs: number
}

export class PartitionLog {
  /** The first offset that can be read. */
  logStartOffset: number
  /** The offset that the next record will get. */
  logEndOffset: number
  private state: 'open' | 'closing' | 'closed' = 'open'
  private readonly options: PartitionLogOptions
  private readonly segments: Segment[]
  private readonly writer: LogWriter
  private readonly tail: LogTail
  private readonly producers: ProducerStates
  private readonly listeners = new Set<() => void>()
  private planned: PlannedSegment
  private bytesSinceSnapshot = 0
  private hasAppended = false
  private reportedDurable: number
  private reportedHighWatermark: number
  private isFailureReported = false

  constructor(options: PartitionLogOptions) {
    const { context, recovered, tailCache } = options
    this.options = options
    this.segments = recovered.segments
    this.logStartOffset = recovered.logStartOffset
    this.logEndOffset = this.reportedDurable = this.reportedHighWatermark = recovered.nextOffset
    this.producers = recovered.producerStates
    this.tail = new LogTail(tailCache, recovered.nextOffset)
    const active = this.segments.at(-1)
    const baseOffset = active?.baseOffset ?? recovered.nextOffset
    this.planned = { baseOffset, bytes: active?.sizeBytes ?? 0, firstAppendMs: active?.firstAppendMs ?? 0 }
    this.writer = new LogWriter({
      context,
      runtime: options.runtime,
      flushes: options.flushes,
      flushCounts: options.flushCounts,
      isVisibleWhenWritten: () => options.config().flush === 'os',
      segments: this.segments,
      endOffset: recovered.nextOffset,
      onProgress: () => this.onProgress(),
    })
    if (recovered.quarantine !== null) {
      context.report({ kind: 'log-quarantined', log: context.logName, reason: recovered.quarantine })
    }
  }

  /** Everything below it may be read, and (unless `flush` is 'os') survives a power cut. */
  get highWatermark(): number {
    return this.writer.highWatermark
  }

  /** Once something was appended it has some, whatever was deleted since. */
  get hasFiles(): boolean {
    return this.segments.length > 0
  }

  /** Bytes of all segments, deleted records in the first one included. */
  get sizeBytes(): number {
    return this.segments.reduce((sum, segment) => sum + segment.sizeBytes, 0)
  }

  /** Why the log takes no appends; null when it does. */
  get readOnlyReason(): string | null {
    if (this.state !== 'open') return 'the log is closed'
    if (this.options.recovered.quarantine !== null) return this.options.recovered.quarantine
    return this.writer.failure === null ? null : `the disk failed: ${String(this.writer.failure)}`
  }

  /** Whether it takes appends and, if not, whether a restart can mend that. */
  get condition(): LogCondition {
    if (this.options.recovered.quarantine !== null) return 'quarantined'
    return this.writer.failure === null ? 'sound' : 'offline'
  }

  /**
   * What a power cut would take: with the default `flush`, nobody was told of it yet. `ageMs` is the time since the
   * oldest of it was appended, 0 where there is nothing.
   */
  get notDurable(): { readonly records: number; readonly bytes: number; readonly ageMs: number } {
    const { bytes, sinceMs } = this.writer.notDurable
    const ageMs = sinceMs === null ? 0 : this.options.runtime.nowMs() - sinceMs
    return { records: this.logEndOffset - this.writer.durableOffset, bytes, ageMs }
  }

  /** `retention.ms` as it is at the moment; -1: for ever. */
  get retentionMs(): number {
    return this.options.config().retentionMs
  }

  /** Bytes that were appended and are in no file yet. */
  get unwrittenBytes(): number {
    return this.writer.unwrittenBytes
  }

  /** What the recovery-point file says of this log. */
  get durableRange(): DurableRange {
    return { durableOffset: this.writer.durableOffset, logStartOffset: this.logStartOffset }
  }

  /**
   * Appends one record batch. Its place in the log is fixed when this is called, whatever is waited for: acks -1 waits
   * until it is visible, which is durable; 1 and 0 until it is written. `records` is patched with its offset and copied,
   * so the caller may reuse it at once. Refusals are error codes; it never throws for a client's or the disk's fault.
   * Only what the broker writes for itself may use the disk's reserve, and half of it at most.
   */
  async append(records: Buffer, options: { acks: -1 | 0 | 1; mayUseReserve?: boolean }): Promise<AppendOutcome> {
    const readOnlyReason = this.readOnlyReason
    if (readOnlyReason !== null) return { errorCode: 'KAFKA_STORAGE_ERROR', message: readOnlyReason }
    const check = checkProduceBatches(records, this.options.config())
    if (check.errorCode !== 'NONE') return check
    const { header } = check.batches[0]!
    const nowMs = this.options.runtime.wallClockMs()
    const untimely = this.timestampRefusal(header, nowMs)
    if (untimely !== null) return { errorCode: 'INVALID_TIMESTAMP', message: untimely }
    const producer = header.producerId >= 0 ? this.producers.check(header) : ({ kind: 'append' } as const)
    if (producer.kind === 'duplicate') {
      return this.answer(producer.baseOffset, producer.lastOffset + 1, options.acks)
    }
    const noRoom = this.takeRoom(records.length, producer.kind, options.mayUseReserve === true)
    if (noRoom !== null) {
      if (producer.kind === 'append') this.producers.postpone(header, nowMs)
      return { errorCode: 'KAFKA_STORAGE_ERROR', message: noRoom }
    }
    if (producer.kind === 'refused') return { errorCode: producer.errorCode, message: producer.message }
    const baseOffset = this.logEndOffset
    this.place(records, header, nowMs)
    return this.answer(baseOffset, this.logEndOffset, options.acks)
  }

  /** Whether the broker may append so many bytes for itself (`mayUseReserve`): the disk has room for them. */
  hasRoomFor(bytes: number): boolean {
    return this.options.diskReserve?.hasRoomForBroker(bytes) ?? true
  }

  /**
   * Whole batches from the one that holds `offset`, at most `maxBytes` but at least one if any is visible, never above
   * the high watermark. Empty at or above it. CORRUPT_MESSAGE: the batch at this offset is damaged on disk.
   */
  async read(offset: number, maxBytes: number): Promise<ReadOutcome> {
    if (offset < this.logStartOffset || offset > this.logEndOffset) return { errorCode: 'OFFSET_OUT_OF_RANGE' }
    if (this.state === 'closed') return { errorCode: 'KAFKA_STORAGE_ERROR' }
    const endOffset = this.highWatermark
    if (offset >= endOffset) return { errorCode: 'NONE', records: EMPTY }
    const recent = this.tail.read(offset, maxBytes, endOffset)
    if (recent !== null) return { errorCode: 'NONE', records: recent }
    const segment = this.segmentOf(offset)
    if (segment === undefined) return { errorCode: 'CORRUPT_MESSAGE' }
    try {
      const records = await segment.read(offset, maxBytes, endOffset)
      return records === 'corrupt' ? { errorCode: 'CORRUPT_MESSAGE' } : { errorCode: 'NONE', records }
    } catch (error) {
      if (!(error instanceof StorageError)) throw error
      // Deleted while it was being opened: as if the read had come a moment later.
      if (offset < this.logStartOffset) return { errorCode: 'OFFSET_OUT_OF_RANGE' }
      this.options.context.report({ kind: 'read-failed', log: this.options.context.logName, error })
      return { errorCode: 'KAFKA_STORAGE_ERROR' }
    }
  }

  /** How many bytes `read` could give now, up to `maxBytes`: exact for recent batches, about right for old ones. */
  readableBytes(offset: number, maxBytes: number): number {
    const endOffset = this.highWatermark
    if (offset < this.logStartOffset || offset >= endOffset) return 0
    const recent = this.tail.bytesBetween(offset, endOffset)
    if (recent !== null) return Math.min(maxBytes, recent)
    let bytes = 0
    for (let index = this.segments.length - 1; index >= 0 && bytes < maxBytes; index--) {
      const segment = this.segments[index]!
      if (segment.baseOffset > offset) bytes += segment.sizeBytes
      else return Math.min(maxBytes, Math.max(1, bytes + segment.bytesFrom(offset)))
    }
    return maxBytes
  }

  /**
   * The timestamp of the first visible record at or behind the offset; null when there is none, or it cannot be read. A
   * compressed batch is not unfolded for this: it answers for its first record.
   */
  async timestampAt(offset: number): Promise<number | null> {
    const fromOffset = Math.max(offset, this.logStartOffset)
    const outcome = await this.read(fromOffset, 1)
    if (outcome.errorCode !== 'NONE' || outcome.records.length === 0) return null
    const header = readRecordBatchHeader(outcome.records)
    if (compressionOf(header) !== 'none') return header.baseTimestampMs
    return findRecord(outcome.records, header, -Infinity, fromOffset)?.timestampMs ?? null
  }

  /** The first visible record whose timestamp is at least this; null when there is none. */
  offsetForTimestamp(timestampMs: number): Promise<TimestampLookup> {
    return this.unlessUnreadable(() => this.findTimestamp(timestampMs))
  }

  /** The record with the greatest timestamp, the first if several have it (KIP-734); null for an empty log. */
  maxTimestamp(): Promise<TimestampLookup> {
    return this.unlessUnreadable(() => this.findMaxTimestamp())
  }

  private async findTimestamp(timestampMs: number): Promise<TimestampedOffset | null> {
    for (const segment of [...this.segments]) {
      let fromOffset = Math.max(this.logStartOffset, segment.baseOffset)
      while (fromOffset < segment.nextOffset) {
        const place = await this.unlessRemoved(segment, () => segment.findByTimestamp(timestampMs, fromOffset))
        if (place === null) break
        if (place.header.baseOffset >= this.highWatermark) return null
        const found = await this.recordIn(segment, place, timestampMs, fromOffset)
        if (found !== null) return found
        fromOffset = nextOffset(place.header)
      }
    }
    return null
  }

  private async findMaxTimestamp(): Promise<TimestampedOffset | null> {
    let best: { segment: Segment; place: BatchPlace; timestampMs: number } | null = null
    for (const segment of [...this.segments]) {
      if (segment.nextOffset <= this.logStartOffset) continue
      const place = await this.unlessRemoved(segment, () => segment.findMaxTimestamp(this.logStartOffset))
      if (place !== null && (best === null || place.header.maxTimestampMs > best.timestampMs)) {
        best = { segment, place, timestampMs: place.header.maxTimestampMs }
      }
    }
    if (best === null) return null
    const { segment, place, timestampMs } = best
    if (!(await this.writer.waitVisible(nextOffset(place.header)))) return null
    const found = await this.recordIn(segment, place, timestampMs, this.logStartOffset)
    return found ?? { offset: nextOffset(place.header) - 1, timestampMs }
  }

  /** Resolves with true when all that was appended before survives a power cut, with false when the log fails first. */
  async flush(): Promise<boolean> {
    const endOffset = this.logEndOffset
    return (await this.writer.waitWritten(endOffset)) && (await this.writer.flushTo(endOffset))
  }

  /** Deletes the records below the offset; -1 stands for the high watermark. Resolves when that survives a power cut. */
  async deleteRecordsBefore(offset: number): Promise<DeleteRecordsOutcome> {
    const newStart = offset === -1 ? this.highWatermark : offset
    if (newStart < 0 || newStart > this.highWatermark) return { errorCode: 'OFFSET_OUT_OF_RANGE' }
    if (this.state !== 'open' || this.options.recovered.quarantine !== null) return { errorCode: 'KAFKA_STORAGE_ERROR' }
    try {
      if (newStart === this.logEndOffset && this.isIdle) await this.leaveActive()
      await this.advanceLogStart(newStart)
      return { errorCode: 'NONE', logStartOffset: this.logStartOffset }
    } catch (error) {
      if (!(error instanceof StorageError)) throw error
      this.options.context.report({ kind: 'retention-failed', log: this.options.context.logName, error })
      return { errorCode: 'KAFKA_STORAGE_ERROR' }
    }
  }

  /** Deletes whole segments that are too old or too many, and forgets idle producers. Errors are reported. */
  async applyRetention(producerIdExpirationMs: number): Promise<void> {
    // Of a damaged log nothing is deleted: somebody has to look at it first.
    if (this.state !== 'open' || this.options.recovered.quarantine !== null) return
    const config = this.options.config()
    const nowMs = this.options.runtime.wallClockMs()
    this.producers.expire(nowMs - producerIdExpirationMs)
    try {
      if (this.isIdle && isActiveExpired(this.segments, config, nowMs)) await this.roll(nowMs)
      const count = countDeletable(this.segments, config, this.highWatermark, nowMs)
      if (count > 0) await this.advanceLogStart(this.segments[count]!.baseOffset)
    } catch (error) {
      if (!(error instanceof StorageError)) throw error
      this.options.context.report({ kind: 'retention-failed', log: this.options.context.logName, error })
    }
  }

  /** Calls back when the high watermark moved, or the log failed or closed; the result stops that. */
  onAdvance(listener: () => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  /** Finishes and syncs what was appended, and saves what makes the next start quick. Appends are refused from now on. */
  async close(): Promise<void> {
    if (this.state !== 'open') return
    this.state = 'closing'
    await this.writer.close()
    if (this.hasAppended && this.writer.failure === null) {
      await saveSnapshot(this.options.context, this.logEndOffset, this.producers.snapshot())
      await this.segments.at(-1)?.saveIndexes(true)
    }
    this.end()
  }

  /** Stops at once, for a log that will be removed: those who wait are answered KAFKA_STORAGE_ERROR. */
  async abandon(): Promise<void> {
    this.state = 'closing'
    this.isFailureReported = true
    await this.writer.abandon(new Error('the topic was deleted'))
    this.end()
  }

  private end(): void {
    this.state = 'closed'
    this.tail.clear()
    for (const segment of this.segments) this.options.context.files.forget(segment.path)
    this.notify()
  }

  /** Why the disk has no room for the batch; null when it has, or the batch will not be appended anyway. */
  private takeRoom(bytes: number, kind: 'append' | 'refused', mayUseReserve: boolean): string | null {
    const { diskReserve } = this.options
    if (diskReserve === null) return null
    if (mayUseReserve) return diskReserve.takeForBroker(bytes)
    // While there is no room, what follows a batch that found none is out of sequence for that reason alone.
    return kind === 'append' || diskReserve.isReached ? diskReserve.take(bytes) : null
  }

  /** Gives the batch its offset and its segment, and queues it. */
  private place(records: Buffer, header: RecordBatchHeader, nowMs: number): void {
    const baseOffset = this.logEndOffset
    if (this.mustRoll(header, records.length, nowMs)) void this.roll(nowMs)
    assignOffsets(records, 0, baseOffset, PARTITION_LEADER_EPOCH)
    const placed = { ...header, baseOffset, partitionLeaderEpoch: PARTITION_LEADER_EPOCH }
    if (header.producerId >= 0) this.producers.record(placed, nowMs)
    const end = nextOffset(placed)
    assert(end > baseOffset, 'an append moves the end of the log')
    const bytes = this.tail.append(records, baseOffset, end)
    this.logEndOffset = end
    if (this.planned.bytes === 0) this.planned.firstAppendMs = nowMs
    this.planned.bytes += records.length
    this.bytesSinceSnapshot += records.length
    this.hasAppended = true
    this.writer.append(bytes, placed, nowMs)
    if (this.bytesSinceSnapshot >= SNAPSHOT_INTERVAL_BYTES) this.takeSnapshot()
  }

  private mustRoll(header: RecordBatchHeader, bytes: number, nowMs: number): boolean {
    const { segmentBytes, segmentMs, segmentIndexBytes, indexIntervalBytes } = this.options.config()
    const { planned } = this
    if (planned.bytes === 0) return false
    // An entry of the larger index takes 12 bytes, and there is at most one per interval.
    const indexBytes = 12 * (1 + Math.floor(planned.bytes / Math.max(1, indexIntervalBytes)))
    return (
      planned.bytes + bytes > Math.min(segmentBytes, LARGEST_SEGMENT_BYTES) ||
      nowMs - planned.firstAppendMs >= segmentMs ||
      this.logEndOffset + header.lastOffsetDelta - planned.baseOffset > LARGEST_RELATIVE_OFFSET ||
      indexBytes > segmentIndexBytes
    )
  }

  private roll(nowMs: number): Promise<void> {
    this.planned = { baseOffset: this.logEndOffset, bytes: 0, firstAppendMs: nowMs }
    const rolled = this.writer.roll(this.logEndOffset)
    this.takeSnapshot()
    return rolled
  }

  /** Nothing is on its way to the active segment. */
  private get isIdle(): boolean {
    return this.writer.failure === null && this.logEndOffset === this.highWatermark
  }

  /**
   * Files go as a whole: where nothing is to be left in the active one, a new one takes its place. On a disk without room for
   * one, that would take the log offline.
   */
  private async leaveActive(): Promise<void> {
    const isEmpty = (this.segments.at(-1)?.sizeBytes ?? 0) === 0
    const freeBytes = this.options.diskReserve?.freeBytes ?? Infinity
    if (!isEmpty && freeBytes >= ROOM_FOR_SEGMENT_BYTES) await this.roll(this.options.runtime.wallClockMs())
  }

  private takeSnapshot(): void {
    this.bytesSinceSnapshot = 0
    this.writer.snapshot(this.logEndOffset, this.producers.snapshot())
  }

  private async answer(baseOffset: number, endOffset: number, acks: -1 | 0 | 1): Promise<AppendOutcome> {
    const isDone = await (acks === -1 ? this.writer.waitVisible(endOffset) : this.writer.waitWritten(endOffset))
    if (!isDone) return { errorCode: 'KAFKA_STORAGE_ERROR', message: this.readOnlyReason ?? 'the log failed' }
    return { errorCode: 'NONE', baseOffset, logAppendTimeMs: -1, logStartOffset: this.logStartOffset }
  }

  private timestampRefusal(header: RecordBatchHeader, nowMs: number): string | null {
    const { messageTimestampBeforeMaxMs, messageTimestampAfterMaxMs } = this.options.config()
    const latest = nowMs + messageTimestampAfterMaxMs
    const earliest = nowMs - messageTimestampBeforeMaxMs
    for (const timestampMs of [header.baseTimestampMs, header.maxTimestampMs]) {
      if (timestampMs > latest) return `timestamp ${timestampMs} lies too far in the future`
      if (timestampMs < -1 || (timestampMs !== -1 && timestampMs < earliest)) {
        return `timestamp ${timestampMs} lies too far in the past`
      }
    }
    return null
  }

  /** Takes the start forward and removes the segments below it, in this order: a crash between leaves files, not gaps. */
  private async advanceLogStart(newStart: number): Promise<void> {
    if (newStart <= this.logStartOffset) return
    assert(newStart <= this.highWatermark, 'only visible records are deleted')
    if (!(await this.writer.flushTo(newStart)))
      throw new StorageError('flush', this.options.context.directory, this.writer.failure)
    if (newStart <= this.logStartOffset) return
    this.logStartOffset = newStart
    const kept = this.segments.findIndex((_, index) => (this.segments[index + 1]?.baseOffset ?? Infinity) > newStart)
    const removed = this.segments.splice(0, kept)
    await this.options.saveRecoveryPoint()
    for (const segment of removed) await segment.removeFiles()
  }

  private segmentOf(offset: number): Segment | undefined {
    let low = 0
    let high = this.segments.length - 1
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if (this.segments[middle]!.baseOffset <= offset) low = middle
      else high = middle - 1
    }
    const segment = this.segments[low]
    return segment !== undefined && segment.baseOffset <= offset ? segment : undefined
  }

  private async recordIn(
    segment: Segment,
    place: BatchPlace,
    timestampMs: number,
    fromOffset: number,
  ): Promise<TimestampedOffset | null> {
    const batch = await this.unlessRemoved(segment, () => segment.readBatch(place))
    return batch === null ? null : findRecord(batch, place.header, timestampMs, fromOffset)
  }

  /** Null when the segment was deleted meanwhile. */
  private async unlessRemoved<T>(segment: Segment, work: () => Promise<T>): Promise<T | null> {
    try {
      return await work()
    } catch (error) {
      if (error instanceof StorageError && !this.segments.includes(segment)) return null
      throw error
    }
  }

  /** A log that cannot be read, or was deleted meanwhile, takes nobody's answer about other logs away. */
  private async unlessUnreadable<T>(search: () => Promise<T>): Promise<T | 'KAFKA_STORAGE_ERROR'> {
    try {
      return await search()
    } catch (error) {
      if (!(error instanceof StorageError)) throw error
      if (this.state === 'open') {
        this.options.context.report({ kind: 'read-failed', log: this.options.context.logName, error })
      }
      return 'KAFKA_STORAGE_ERROR'
    }
  }

  private onProgress(): void {
    const { writer } = this
    this.tail.writtenOffset = writer.writtenOffset
    if (writer.durableOffset !== this.reportedDurable) {
      this.reportedDurable = writer.durableOffset
      this.options.onDurable()
    }
    if (writer.failure !== null && !this.isFailureReported) {
      this.isFailureReported = true
      this.options.context.report({ kind: 'log-failed', log: this.options.context.logName, error: writer.failure })
      this.notify()
    } else if (writer.highWatermark !== this.reportedHighWatermark) {
      this.reportedHighWatermark = writer.highWatermark
      this.notify()
    }
  }

  private notify(): void {
    for (const listener of [...this.listeners]) listener()
  }
}
