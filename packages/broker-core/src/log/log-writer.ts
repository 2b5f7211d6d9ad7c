// Writes one log's batches to its active segment, group by group, and makes them durable, one sync at a time.
import { nextOffset } from '@goqueue/protocol'
import type { RecordBatchHeader } from '@goqueue/protocol'
import { assert } from '../assert.ts'
import type { Runtime } from '../runtime.ts'
import type { FileHandle } from '../storage/file-system.ts'
import { parentOf } from '../storage/parent-of.ts'
import { BatchSum } from './batch-sum.ts'
import type { FlushCounts } from './flush-counts.ts'
import type { FlushScheduler } from './flush-scheduler.ts'
import { OffsetWaiters } from './offset-waiters.ts'
import { saveSnapshot } from './producer-snapshots.ts'
import { Segment } from './segment.ts'
import type { SegmentContext } from './segment.ts'

const LARGEST_GROUP_BYTES = 4 * 1024 * 1024
/** Indexes are saved at least so often: what is missing after a crash is made anew from the log. */
const UNSAVED_ENTRIES = 4096

interface BatchItem {
  kind: 'batch'
  bytes: Buffer
  header: RecordBatchHeader
  /** By the wall clock, which retention goes by, */
  appendMs: number
  /** and by the monotonic one. */
  sinceMs: number
}

type Item =
  | BatchItem
  /** The batches behind it go to a new segment that starts at this offset. */
  | { kind: 'roll'; baseOffset: number; done: () => void }
  /** Taken when the log's end was at this offset; saved when that is durable. */
  | { kind: 'snapshot'; offset: number; bytes: Buffer }

export interface LogWriterOptions {
  readonly context: SegmentContext
  readonly runtime: Runtime
  readonly flushes: FlushScheduler
  readonly flushCounts: FlushCounts
  /** True: records are visible once written. */
  readonly isVisibleWhenWritten: () => boolean
  /** The log's own list, oldest first; the last one is active. The writer adds to it. */
  readonly segments: Segment[]
  readonly endOffset: number
  /** After each change of `writtenOffset`, `durableOffset` or `highWatermark`, and after a failure. */
  readonly onProgress: () => void
}

export class LogWriter {
  /** In the file, though perhaps not on the disk. */
  writtenOffset: number
  /** On the disk. */
  durableOffset: number
  /** What may be shown to consumers. It never falls. */
  highWatermark: number
  /** The first error of a write or sync. From then on nothing is written: what the disk holds above is not known. */
  failure: unknown = null
  private readonly options: LogWriterOptions
  private readonly written = new OffsetWaiters()
  private readonly durable = new OffsetWaiters()
  private readonly visible = new OffsetWaiters()
  private pending: Item[] = []
  /** Taken from `pending`, and not in the file yet. */
  private beingWritten: readonly BatchItem[] = []
  private isWriting = false
  private writing: Promise<void> = Promise.resolve()
  private snapshots: Promise<void> = Promise.resolve()
  private flushing: 'idle' | 'queued' | 'running' = 'idle'
  private flushed: Promise<void> = Promise.resolve()
  private isFlushWanted = false
  /** Batches in the file since the last sync began; after a failure, all that will never be known to be durable. */
  private unsynced = new BatchSum()
  /** Those that the sync under way will make durable. */
  private beingSynced = new BatchSum()
  private handle: FileHandle | null = null

  constructor(options: LogWriterOptions) {
    this.options = options
    this.writtenOffset = this.durableOffset = this.highWatermark = options.endOffset
  }

  /** All batches that were appended and are not on the disk, so far as is known. */
  get notDurable(): BatchSum {
    const sum = new BatchSum()
    sum.addAll(this.beingSynced)
    sum.addAll(this.unsynced)
    for (const { bytes, sinceMs } of this.beingWritten) sum.add(bytes.length, sinceMs)
    for (const item of this.pending) if (item.kind === 'batch') sum.add(item.bytes.length, item.sinceMs)
    return sum
  }

  /** Of batches that were queued: what is in the file already is not among them, except for a write under way. */
  get unwrittenBytes(): number {
    let sum = 0
    for (const { bytes } of this.beingWritten) sum += bytes.length
    for (const item of this.pending) if (item.kind === 'batch') sum += item.bytes.length
    return sum
  }

  /** Queues a batch; it is written in this order, with others in one write if one is under way. */
  append(bytes: Buffer, header: RecordBatchHeader, appendMs: number): void {
    this.enqueue({ kind: 'batch', bytes, header, appendMs, sinceMs: this.options.runtime.nowMs() })
  }

  /** Begins a new segment behind all that is queued. Resolves when that is done, or never will be. */
  roll(baseOffset: number): Promise<void> {
    return new Promise((done) => this.enqueue({ kind: 'roll', baseOffset, done }))
  }

  /** Saves a snapshot of the producers as they are at this offset, once that is durable. */
  snapshot(offset: number, bytes: Buffer): void {
    this.enqueue({ kind: 'snapshot', offset, bytes })
  }

  /** Resolves with true when everything below the offset is written, with false when the log fails first. */
  waitWritten(offset: number): Promise<boolean> {
    return this.waitFor(this.written, offset, this.writtenOffset)
  }

  /** As `waitWritten`, for the high watermark. */
  waitVisible(offset: number): Promise<boolean> {
    return this.waitFor(this.visible, offset, this.highWatermark)
  }

  /** Syncs what is written and resolves as `waitWritten` does when everything below the offset is durable. */
  flushTo(offset: number): Promise<boolean> {
    const reached = this.waitFor(this.durable, offset, this.durableOffset)
    if (this.durableOffset < offset && this.failure === null) this.requestFlush()
    return reached
  }

  /** Finishes what is queued, syncs it, and closes the file. Nothing may be queued any more. */
  async close(): Promise<void> {
    await this.writing
    await this.flushTo(this.writtenOffset)
    await this.snapshots
    await this.closeFile()
  }

  /** Stops at once: what is queued is dropped, those who wait get false. */
  async abandon(reason: unknown): Promise<void> {
    this.fail(reason)
    await this.writing
    await this.snapshots
    await this.closeFile()
  }

  private waitFor(waiters: OffsetWaiters, offset: number, reached: number): Promise<boolean> {
    if (offset <= reached) return Promise.resolve(true)
    return this.failure === null ? waiters.wait(offset) : Promise.resolve(false)
  }

  private enqueue(item: Item): void {
    assert(this.failure === null, 'nothing is queued on a failed log')
    this.pending.push(item)
    if (!this.isWriting) this.writing = this.writePending()
  }

  private async writePending(): Promise<void> {
    this.isWriting = true
    try {
      while (this.pending.length > 0 && this.failure === null) await this.performNext()
    } catch (error) {
      this.fail(error)
    }
    this.isWriting = false
  }

  private performNext(): Promise<void> {
    const item = this.pending[0]!
    if (item.kind === 'batch') return this.writeGroup(this.takeGroup())
    this.pending.shift()
    if (item.kind === 'roll') return this.rollTo(item.baseOffset).finally(item.done)
    this.snapshots = this.snapshots.then(() => this.saveSnapshot(item.offset, item.bytes))
    return Promise.resolve()
  }

  /** The batches up to the next roll or snapshot, as many as one write should hold. */
  private takeGroup(): BatchItem[] {
    const group: BatchItem[] = []
    let bytes = 0
    for (const item of this.pending) {
      if (item.kind !== 'batch' || bytes >= LARGEST_GROUP_BYTES) break
      group.push(item)
      bytes += item.bytes.length
    }
    this.pending.splice(0, group.length)
    return group
  }

  private async writeGroup(group: readonly BatchItem[]): Promise<void> {
    this.beingWritten = group
    const handle = this.handle ?? (await this.openActive())
    const segment = this.options.segments.at(-1)!
    try {
      await handle.write(joinNeighbours(group.map((item) => item.bytes)), segment.sizeBytes)
    } catch (error) {
      // Half a group must not stand in the file; if that fails too, recovery will cut it off.
      await handle.truncate(segment.sizeBytes).catch(() => {})
      throw error
    }
    if (this.failure !== null) return
    for (const { header, bytes, appendMs, sinceMs } of group) {
      segment.noteBatch(header)
      segment.lastAppendMs = appendMs
      this.unsynced.add(bytes.length, sinceMs)
    }
    this.beingWritten = []
    this.writtenOffset = nextOffset(group.at(-1)!.header)
    this.written.release(this.writtenOffset)
    if (this.options.isVisibleWhenWritten()) this.show(this.writtenOffset)
    else this.requestFlush()
    this.options.onProgress()
    if (segment.unsavedEntries > UNSAVED_ENTRIES) await segment.saveIndexes(false)
  }

  private async openActive(): Promise<FileHandle> {
    const { context, segments } = this.options
    const active = segments.at(-1)
    if (active !== undefined) return (this.handle = await context.fileSystem.open(active.path, 'write'))
    await context.fileSystem.makeDirectory(context.directory)
    await context.fileSystem.syncDirectory(parentOf(context.directory))
    return this.beginSegment(this.writtenOffset)
  }

  /** The new file's name is durable before anything in it can be acknowledged. */
  private async beginSegment(baseOffset: number): Promise<FileHandle> {
    const { context, segments, runtime } = this.options
    assert(baseOffset === this.writtenOffset, 'a segment starts where the one before it ends')
    const segment = Segment.empty(context, baseOffset, runtime.wallClockMs())
    segment.isActive = true
    const handle = await context.fileSystem.open(segment.path, 'write')
    await context.fileSystem.syncDirectory(context.directory)
    segments.push(segment)
    return (this.handle = handle)
  }

  /** A segment is begun only when the one before it is durable: so recovery need look at the last one only. */
  private async rollTo(baseOffset: number): Promise<void> {
    const active = this.options.segments.at(-1)
    if (active === undefined || active.sizeBytes === 0) return
    if (!(await this.flushTo(this.writtenOffset))) return
    await active.finish()
    await this.closeFile()
    await this.beginSegment(baseOffset)
  }

  private async saveSnapshot(offset: number, bytes: Buffer): Promise<void> {
    if (await this.flushTo(offset)) await saveSnapshot(this.options.context, offset, bytes)
  }

  private requestFlush(): void {
    if (this.flushing === 'idle') {
      this.flushing = 'queued'
      this.flushed = new Promise((resolve) => {
        this.options.flushes.schedule(() => this.flush().finally(resolve))
      })
    } else if (this.flushing === 'running') {
      this.isFlushWanted = true
    }
  }

  private async flush(): Promise<void> {
    this.flushing = 'running'
    const target = this.writtenOffset
    try {
      if (target > this.durableOffset && this.failure === null) await this.sync(this.handle!)
    } catch (error) {
      this.options.flushCounts.failures += 1
      this.fail(error)
    }
    this.flushing = 'idle'
    if (this.failure !== null) return
    this.durableOffset = target
    this.durable.release(target)
    this.show(target)
    this.options.onProgress()
    if (this.isFlushWanted) {
      this.isFlushWanted = false
      this.requestFlush()
    }
  }

  private async sync(handle: FileHandle): Promise<void> {
    const { runtime, flushCounts } = this.options
    const { batches } = (this.beingSynced = this.unsynced)
    this.unsynced = new BatchSum()
    const startMs = runtime.nowMs()
    await handle.datasync()
    flushCounts.durationMs.observe(runtime.nowMs() - startMs)
    flushCounts.batches.observe(batches)
    this.beingSynced = new BatchSum()
  }

  private show(offset: number): void {
    if (offset <= this.highWatermark) return
    this.highWatermark = offset
    this.visible.release(offset)
  }

  private fail(error: unknown): void {
    if (this.failure !== null) return
    this.failure = error
    this.unsynced = this.notDurable
    this.beingSynced = new BatchSum()
    this.beingWritten = []
    for (const item of this.pending.splice(0)) if (item.kind === 'roll') item.done()
    this.written.failAll()
    this.durable.failAll()
    this.visible.failAll()
    this.options.onProgress()
  }

  private async closeFile(): Promise<void> {
    while (this.flushing !== 'idle') await this.flushed
    const { handle } = this
    this.handle = null
    // Whatever had to be durable was synced before; a file that cannot be closed loses nothing.
    await handle?.close().catch(() => {})
  }
}

/** Batches that lie next to one another in memory are written as one buffer. */
function joinNeighbours(buffers: readonly Buffer[]): Buffer[] {
  const joined: Buffer[] = []
  for (const buffer of buffers) {
    const last = joined.at(-1)
    if (last !== undefined && last.buffer === buffer.buffer && last.byteOffset + last.length === buffer.byteOffset) {
      joined[joined.length - 1] = Buffer.from(last.buffer, last.byteOffset, last.length + buffer.length)
    } else {
      joined.push(buffer)
    }
  }
  return joined
}
