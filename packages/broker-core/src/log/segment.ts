// One segment of a log: a file of record batches, the indexes that find one in it, and the places known to be damaged.
import { lastOffset, nextOffset, RECORD_BATCH_OVERHEAD, sizeOfBatch } from '@goqueue/protocol'
import type { RecordBatchHeader } from '@goqueue/protocol'
import { assert } from '../assert.ts'
import type { FileHandle, FileSystem } from '../storage/file-system.ts'
import { FileWindow } from './file-window.ts'
import { findNextBatch } from './find-next-batch.ts'
import type { GrowingEntries } from './growing-entries.ts'
import { logFileName } from './log-file-names.ts'
import type { LogFileSuffix } from './log-file-names.ts'
import type { ReportLogEvent } from './log-event.ts'
import { OffsetIndex } from './offset-index.ts'
import type { OffsetIndexEntry } from './offset-index.ts'
import type { OpenFiles } from './open-files.ts'
import { TimeIndex } from './time-index.ts'
import { headerAt, isIntact, walkBatches } from './walk-batches.ts'
import type { Walk, WalkOutcome } from './walk-batches.ts'

/** Reads at most this much beyond what was asked for, to find the batch that an index entry stands before. */
const INDEX_SLACK_BYTES = 16 * 1024
const LARGEST_READ_BYTES = 16 * 1024 * 1024
const LARGEST_USUAL_BATCH_BYTES = 1024 * 1024

/** What a segment needs from the log that it belongs to. */
export interface SegmentContext {
  readonly fileSystem: FileSystem
  readonly files: OpenFiles
  readonly directory: string
  /** `<topicId>-<partition>`, for reports. */
  readonly logName: string
  readonly indexIntervalBytes: () => number
  readonly report: ReportLogEvent
}

/** Offsets [fromOffset, toOffset) cannot be read; what follows starts at `nextPosition`. */
export interface Damage {
  fromOffset: number
  toOffset: number
  position: number
  nextPosition: number
}

/** A batch and where it starts in its segment. */
export interface BatchPlace {
  position: number
  header: RecordBatchHeader
}

export class Segment {
  readonly baseOffset: number
  /** Bytes of whole batches that were written. */
  sizeBytes = 0
  /** The offset after the last written batch. */
  nextOffset: number
  /** Epoch milliseconds of the broker's clock. */
  lastAppendMs: number
  /** When its first batch was appended, as far as that is known. */
  firstAppendMs: number
  /** False once it was rolled: nothing is appended any more. */
  isActive = false
  readonly damages: Damage[] = []
  private readonly context: SegmentContext
  private offsets: OffsetIndex | null = null
  /** Of the whole segment; null until it was read from its file. */
  private times: TimeIndex | null = null
  /** Of the batches from `recentFrom` on: those that this process noted. */
  private recentTimes: TimeIndex
  private recentFrom = 0
  private bytesSinceEntry = 0

  constructor(context: SegmentContext, baseOffset: number, lastAppendMs: number) {
    this.context = context
    this.baseOffset = baseOffset
    this.nextOffset = baseOffset
    this.lastAppendMs = this.firstAppendMs = lastAppendMs
    this.recentTimes = new TimeIndex(baseOffset)
  }

  /** A new segment without batches. */
  static empty(context: SegmentContext, baseOffset: number, nowMs: number): Segment {
    const segment = new Segment(context, baseOffset, nowMs)
    segment.offsets = new OffsetIndex(baseOffset)
    segment.times = segment.recentTimes
    return segment
  }

  /** An inactive segment of which only the file is known; its indexes are read when they are needed. */
  static fromFile(
    context: SegmentContext,
    file: Pick<Segment, 'baseOffset' | 'sizeBytes' | 'nextOffset' | 'lastAppendMs'>,
  ) {
    const segment = new Segment(context, file.baseOffset, file.lastAppendMs)
    segment.sizeBytes = file.sizeBytes
    segment.nextOffset = file.nextOffset
    segment.recentFrom = file.sizeBytes
    return segment
  }

  get path(): string {
    return this.pathOf('.log')
  }

  pathOf(suffix: LogFileSuffix): string {
    return `${this.context.directory}/${logFileName(this.baseOffset, suffix)}`
  }

  /** Takes notice of a batch that stands at the end of what was noted so far. */
  noteBatch(header: RecordBatchHeader): void {
    assert(header.baseOffset === this.nextOffset, 'a batch starts where the last one ended')
    this.recentTimes.note(header.maxTimestampMs, lastOffset(header))
    if (this.bytesSinceEntry > this.context.indexIntervalBytes() && this.offsets !== null) {
      this.offsets.add(lastOffset(header), this.sizeBytes)
      this.recentTimes.enterMax()
      this.bytesSinceEntry = 0
    }
    this.bytesSinceEntry += sizeOfBatch(header)
    this.sizeBytes += sizeOfBatch(header)
    this.nextOffset = nextOffset(header)
  }

  /** Rolled: the indexes are completed and saved, and leave memory until a reader needs them. */
  async finish(): Promise<void> {
    await this.saveIndexes(true)
    this.isActive = false
    this.forgetIndexes()
  }

  /** How many index entries stand in memory only. */
  get unsavedEntries(): number {
    return this.offsets === null ? 0 : this.offsets.entries.count - this.offsets.entries.savedCount
  }

  /**
   * Whole batches from the one that holds `offset`, below `endOffset`, with their checksums verified; at least one.
   * 'corrupt' when that batch is damaged; a later one that is ends the answer early.
   */
  read(offset: number, maxBytes: number, endOffset: number): Promise<Buffer | 'corrupt'> {
    const wanted = Math.min(Math.max(maxBytes, 0), LARGEST_READ_BYTES)
    return this.use(async (handle) => {
      const window = this.windowOn(handle, wanted + INDEX_SLACK_BYTES)
      const place = await this.locate(window, offset)
      if (place === 'damaged') return 'corrupt'
      const { position } = place
      if (!(await isIntact(window, position, place.header))) {
        await this.inspectDamage(window, { position, expectedOffset: place.header.baseOffset })
        return 'corrupt'
      }
      let end = position + sizeOfBatch(place.header)
      if (window.bytesFrom(position) < Math.min(wanted, window.endPosition - position)) {
        await window.load(position, wanted)
      }
      let next = nextOffset(place.header)
      while (next < endOffset && window.has(end, RECORD_BATCH_OVERHEAD)) {
        const header = await headerAt(window, end)
        if (header === null || header.baseOffset !== next) break
        const size = sizeOfBatch(header)
        if (end + size - position > wanted || !window.has(end, size) || !(await isIntact(window, end, header))) break
        end += size
        next = nextOffset(header)
      }
      return window.view(position, end - position)
    })
  }

  /** The first batch at or behind `fromOffset` that claims a timestamp of at least this; null when none does. */
  findByTimestamp(timestampMs: number, fromOffset: number): Promise<BatchPlace | null> {
    return this.use(async (handle) => {
      const times = await this.loadTimes(handle)
      if (times.max.timestampMs < timestampMs) return null
      const window = this.windowOn(handle)
      const below = times.lastBelow(timestampMs)
      const isTrusted = below !== null && (await this.fits(window, below.lastOffset, below.timestampMs))
      const start = Math.max(fromOffset, isTrusted ? below.lastOffset + 1 : this.baseOffset)
      return this.findFrom(window, start, (header) => header.maxTimestampMs >= timestampMs)
    })
  }

  /** The first batch that claims the greatest timestamp of all that end behind `fromOffset`; null when there is none. */
  findMaxTimestamp(fromOffset: number): Promise<BatchPlace | null> {
    return this.use(async (handle) => {
      const { max } = await this.loadTimes(handle)
      const window = this.windowOn(handle)
      if (max.lastOffset >= fromOffset && (await this.fits(window, max.lastOffset, max.timestampMs))) {
        const place = await this.locate(window, max.lastOffset)
        return place === 'damaged' ? null : place
      }
      // The batch that the index names was deleted or damaged: what is left must be looked through.
      let best: BatchPlace | null = null
      await this.findFrom(window, fromOffset, (header, position) => {
        if (best === null || header.maxTimestampMs > best.header.maxTimestampMs) best = { header, position }
        return false
      })
      return best
    })
  }

  /** Visits every batch that ends behind `fromOffset`; damaged ones are left out. */
  async forEachBatch(fromOffset: number, visit: (header: RecordBatchHeader) => void): Promise<void> {
    await this.use((handle) =>
      this.findFrom(this.windowOn(handle), fromOffset, (header) => {
        visit(header)
        return false
      }),
    )
  }

  /** The bytes of a batch that was found. */
  readBatch(place: BatchPlace): Promise<Buffer> {
    return this.use(async (handle) => {
      const bytes = Buffer.allocUnsafeSlow(sizeOfBatch(place.header))
      const filled = await handle.read(bytes, place.position)
      return bytes.subarray(0, filled)
    })
  }

  /** About how many bytes there are from this offset to the end: exact to an index entry where the index is in memory. */
  bytesFrom(offset: number): number {
    return this.sizeBytes - (this.offsets?.floor(offset)?.position ?? 0)
  }

  /**
   * Readies the indexes of the segment that recovery looks at: keeps the entries below `offset` and tells from where the
   * walk to the end of the file must start. Batches from there on are to be noted with `noteBatch`.
   */
  async startWalk(handle: FileHandle, offset: number, fileBytes: number): Promise<Walk> {
    const offsets = OffsetIndex.fromFile(this.baseOffset, await this.readIndexFile('.index'), fileBytes)
    offsets.cutFrom(offset)
    this.offsets = offsets
    const last = offsets.last()
    const confirmed = last === null ? null : await confirm(new FileWindow(handle, fileBytes, 4096), last)
    if (last !== null && confirmed === null) {
      this.context.report({ kind: 'index-rebuilt', log: this.context.logName, file: this.pathOf('.index') })
      offsets.entries.cutTo(0)
    }
    const start: Walk = confirmed ?? this.walkFromStart()
    this.sizeBytes = this.recentFrom = start.position
    this.nextOffset = start.expectedOffset!
    if (start.position === 0) this.times = this.recentTimes
    return start
  }

  /** Remembers damage, and reports what was not known. */
  addDamage(position: number, fromOffset: number, toOffset: number, nextPosition: number): void {
    if (this.damages.some((known) => known.position === position)) return
    this.damages.push({ position, fromOffset, toOffset, nextPosition })
    this.context.report({
      kind: 'rot-found',
      log: this.context.logName,
      file: this.path,
      position,
      fromOffset,
      toOffset,
    })
  }

  /** Jumps over damage that recovery found: the next batch to be noted starts behind it. */
  skipTo(position: number, offset: number): void {
    this.sizeBytes = position
    this.nextOffset = offset
  }

  /** Writes what the index files lack. They are caches: a failure is reported, not thrown. */
  async saveIndexes(isFinal: boolean): Promise<void> {
    try {
      if (this.offsets !== null) await this.saveEntries('.index', this.offsets.entries)
      if (isFinal && this.times === null) await this.use((handle) => this.loadTimes(handle))
      if (this.times === null) return
      if (isFinal) this.times.enterMax()
      await this.saveEntries('.timeindex', this.times.entries)
    } catch (error) {
      this.reportCacheFailure(error)
    }
  }

  /** Removes the files; reads that are under way finish. */
  async removeFiles(): Promise<void> {
    this.context.files.forget(this.path)
    // The log goes first: an index without a log is rubbish, a log without an index is not.
    for (const suffix of ['.log', '.index', '.timeindex'] as const) {
      await this.context.fileSystem.remove(this.pathOf(suffix))
    }
  }

  private use<T>(work: (handle: FileHandle) => Promise<T>): Promise<T> {
    return this.context.files.use(this.path, () => this.forgetIndexes(), work)
  }

  /** An inactive segment's indexes live as long as its open file. */
  private forgetIndexes(): void {
    if (this.isActive) return
    this.offsets = null
    this.times = null
    this.recentTimes = new TimeIndex(this.baseOffset)
    this.recentFrom = this.sizeBytes
  }

  private windowOn(handle: FileHandle, windowBytes?: number): FileWindow {
    return new FileWindow(handle, this.sizeBytes, windowBytes)
  }

  /** The batch that holds the offset. Whoever asks for more than its header verifies its checksum. */
  private async locate(window: FileWindow, offset: number): Promise<BatchPlace | 'damaged'> {
    return (await this.findFrom(window, offset, () => true, offset)) ?? 'damaged'
  }

  /**
   * The first batch that ends at or behind `offset` and pleases; damage on the way is stepped over, unless it holds
   * `mustHold`. Null when there is none.
   */
  private async findFrom(
    window: FileWindow,
    offset: number,
    pleases: (header: RecordBatchHeader, position: number) => boolean,
    mustHold?: number,
  ): Promise<BatchPlace | null> {
    let found: BatchPlace | null = null
    const visit = (header: RecordBatchHeader, position: number): boolean => {
      if (nextOffset(header) <= offset || !pleases(header, position)) return false
      found = { header, position }
      return true
    }
    let walk = await this.walkTowards(window, offset)
    for (;;) {
      const outcome: WalkOutcome = await walkBatches(window, walk, visit)
      if (outcome.kind === 'stopped') return found
      if (outcome.kind === 'end') {
        // The log says that this segment holds the offset, and the file ends before it.
        const { position, expectedOffset } = outcome
        if (mustHold !== undefined) this.addDamage(position, expectedOffset!, this.nextOffset, position)
        return null
      }
      const damage = await this.inspectDamage(window, outcome)
      if (mustHold !== undefined && mustHold < damage.toOffset) return null
      walk = { position: damage.nextPosition, expectedOffset: damage.toOffset, verifyAbove: Infinity }
      if (walk.position >= window.endPosition || walk.position <= outcome.position) return null
    }
  }

  /** Where to start in order to come to this offset: at a batch that the index knows and the log confirms. */
  private async walkTowards(window: FileWindow, offset: number): Promise<Walk> {
    const offsets = await this.loadOffsets(window)
    const walk = await walkFromEntry(window, offsets, offset)
    if (walk !== null) return walk
    this.offsets = await this.completeOffsets(window, new OffsetIndex(this.baseOffset))
    return (await walkFromEntry(window, this.offsets, offset)) ?? this.walkFromStart()
  }

  private walkFromStart(): Walk {
    return { position: 0, expectedOffset: this.baseOffset, verifyAbove: Infinity }
  }

  private async loadOffsets(window: FileWindow): Promise<OffsetIndex> {
    if (this.offsets !== null) return this.offsets
    const saved = OffsetIndex.fromFile(this.baseOffset, await this.readIndexFile('.index'), this.sizeBytes)
    const uncoveredBytes = this.sizeBytes - (saved.last()?.position ?? 0)
    // Missing or cut short: without this every read would walk from far away.
    const isShort = uncoveredBytes > this.context.indexIntervalBytes() + LARGEST_USUAL_BATCH_BYTES
    const offsets = isShort ? await this.completeOffsets(window, saved) : saved
    return (this.offsets ??= offsets)
  }

  /** Adds to an index what it lacks of the log, and saves it; an index that the log contradicts is made wholly anew. */
  private async completeOffsets(window: FileWindow, known: OffsetIndex): Promise<OffsetIndex> {
    const last = known.last()
    let walk: Walk | null = last === null ? null : await confirm(window, last)
    const offsets = walk === null ? new OffsetIndex(this.baseOffset) : known
    walk ??= this.walkFromStart()
    let bytesSinceEntry = 0
    const visit = (header: RecordBatchHeader, position: number): void => {
      if (bytesSinceEntry > this.context.indexIntervalBytes()) {
        offsets.add(lastOffset(header), position)
        bytesSinceEntry = 0
      }
      bytesSinceEntry += sizeOfBatch(header)
    }
    while (walk.position < window.endPosition) {
      const outcome: WalkOutcome = await walkBatches(window, walk, visit)
      if (outcome.kind !== 'broken') break
      const damage = await this.inspectDamage(window, outcome)
      if (damage.nextPosition <= outcome.position) break
      walk = { position: damage.nextPosition, expectedOffset: damage.toOffset, verifyAbove: Infinity }
    }
    // What was appended meanwhile is in the index that is still in use.
    for (let index = 0; this.offsets !== null && index < this.offsets.entries.count; index++) {
      const entry = this.offsets.at(index)!
      if (entry.position >= window.endPosition) offsets.add(entry.lastOffset, entry.position)
    }
    this.context.report({ kind: 'index-rebuilt', log: this.context.logName, file: this.pathOf('.index') })
    if (!this.isActive)
      await this.saveEntries('.index', offsets.entries).catch((error) => this.reportCacheFailure(error))
    return offsets
  }

  /** The whole segment's time index: from its file as far as the log confirms it, from the log for the rest. */
  private async loadTimes(handle: FileHandle): Promise<TimeIndex> {
    if (this.times !== null) return this.times
    const { recentFrom: toPosition, recentTimes } = this
    const window = this.windowOn(handle)
    let times = TimeIndex.fromFile(this.baseOffset, await this.readIndexFile('.timeindex'), this.nextOffset)
    const last = times.last()
    let from = this.baseOffset
    if (last !== null) {
      if (await this.fits(window, last.lastOffset, last.timestampMs)) from = last.lastOffset
      else {
        times = new TimeIndex(this.baseOffset)
        this.context.report({ kind: 'index-rebuilt', log: this.context.logName, file: this.pathOf('.timeindex') })
      }
    }
    let bytesSinceEntry = 0
    await this.findFrom(window, from, (header, position) => {
      if (position >= toPosition) return true
      times.note(header.maxTimestampMs, lastOffset(header))
      if (bytesSinceEntry > this.context.indexIntervalBytes()) {
        times.enterMax()
        bytesSinceEntry = 0
      }
      bytesSinceEntry += sizeOfBatch(header)
      return false
    })
    // Meanwhile another reader may have loaded them, or the segment was rolled and forgot what it had noted.
    if (this.times !== null || this.recentTimes !== recentTimes) return this.loadTimes(handle)
    times.extendWith(recentTimes)
    // An active segment goes on noting into the index that is now whole.
    this.times = this.recentTimes = times
    return times
  }

  /** Whether a batch ends at this offset and claims this timestamp. */
  private async fits(window: FileWindow, offset: number, timestampMs: number): Promise<boolean> {
    const place = await this.locate(window, offset)
    return place !== 'damaged' && lastOffset(place.header) === offset && place.header.maxTimestampMs === timestampMs
  }

  private async inspectDamage(window: FileWindow, outcome: Omit<WalkOutcome, 'kind'>): Promise<Damage> {
    const known = this.damages.find((damage) => damage.position === outcome.position)
    if (known !== undefined) return known
    const fromOffset = outcome.expectedOffset ?? this.baseOffset
    const next = await findNextBatch(window, outcome.position, fromOffset)
    const toOffset = next?.header.baseOffset ?? this.nextOffset
    const nextPosition = next?.position ?? window.endPosition
    this.addDamage(outcome.position, fromOffset, toOffset, nextPosition)
    return { position: outcome.position, fromOffset, toOffset, nextPosition }
  }

  private reportCacheFailure(error: unknown): void {
    this.context.report({ kind: 'cache-failed', log: this.context.logName, error })
  }

  private async readIndexFile(suffix: '.index' | '.timeindex'): Promise<Buffer> {
    const path = this.pathOf(suffix)
    const size = await this.context.fileSystem.sizeOf(path)
    if (size === null || size === 0) return Buffer.alloc(0)
    const handle = await this.context.fileSystem.open(path, 'read')
    try {
      const bytes = Buffer.alloc(size)
      return bytes.subarray(0, await handle.read(bytes, 0))
    } finally {
      await handle.close()
    }
  }

  private async saveEntries(suffix: '.index' | '.timeindex', entries: GrowingEntries): Promise<void> {
    const { count } = entries
    const handle = await this.context.fileSystem.open(this.pathOf(suffix), 'write')
    try {
      const savedBytes = entries.savedCount * entries.entryBytes
      if ((await handle.size()) !== savedBytes) await handle.truncate(savedBytes)
      await handle.write([entries.unsaved()], savedBytes)
      entries.savedCount = count
    } finally {
      await handle.close()
    }
  }
}

/** A walk from the last batch that the index knows at or before this offset; null when the log contradicts the index. */
async function walkFromEntry(window: FileWindow, offsets: OffsetIndex, offset: number): Promise<Walk | null> {
  const entry = offsets.floor(offset)
  if (entry === null) return { position: 0, expectedOffset: offsets.baseOffset, verifyAbove: Infinity }
  return confirm(window, entry)
}

/** A walk from the batch that an index entry points to, if that batch is what the entry says. */
async function confirm(window: FileWindow, entry: OffsetIndexEntry): Promise<Walk | null> {
  const header = await headerAt(window, entry.position)
  if (header === null || lastOffset(header) !== entry.lastOffset) return null
  return { position: entry.position, expectedOffset: header.baseOffset, verifyAbove: Infinity }
}
