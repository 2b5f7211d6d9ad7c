// Opens a log as a crash may have left it: a torn tail is cut off, rot is kept and reported, and nothing durable is lost.
import { nextOffset, RECORD_BATCH_OVERHEAD } from '@goqueue/protocol'
import type { RecordBatchHeader } from '@goqueue/protocol'
import { assert } from '../assert.ts'
import type { FileHandle } from '../storage/file-system.ts'
import { parentOf } from '../storage/parent-of.ts'
import { FileWindow } from './file-window.ts'
import { findNextBatch } from './find-next-batch.ts'
import type { FoundBatch } from './find-next-batch.ts'
import { logFileName, offsetsOfFiles } from './log-file-names.ts'
import { loadProducerStates } from './producer-snapshots.ts'
import type { ProducerStates } from './producer-state.ts'
import type { DurableRange } from './recovery-point.ts'
import { Segment } from './segment.ts'
import type { SegmentContext } from './segment.ts'
import { hasUnwrittenSector, keepBroken } from './torn-write.ts'
import { headerAt, walkBatches } from './walk-batches.ts'
import type { WalkOutcome } from './walk-batches.ts'

const REWRITE_BYTES = 1024 * 1024

/** A log as it was found. All of it is durable. */
export interface RecoveredLog {
  /** Oldest first; none when there is no file yet. */
  segments: Segment[]
  logStartOffset: number
  nextOffset: number
  /** Why the log must take no appends; null when it is sound. */
  quarantine: string | null
  producerStates: ProducerStates
}

/**
 * Reads what is there. Only the last segment is looked through, and only above what `range` says is durable: a segment
 * is begun when the one before it is on disk. Doing it twice, or again after a crash in its midst, gives the same log.
 */
export async function recoverLog(
  context: SegmentContext,
  range: DurableRange | undefined,
  nowMs: number,
): Promise<RecoveredLog> {
  const names = await context.fileSystem.list(context.directory)
  const baseOffsets = offsetsOfFiles(names, '.log')
  const logStartOffset = Math.max(range?.logStartOffset ?? 0, baseOffsets[0] ?? 0)
  await finishDeletion(context, names, baseOffsets, logStartOffset)
  const segments: Segment[] = []
  for (const [index, baseOffset] of baseOffsets.entries()) {
    const nextBase = baseOffsets[index + 1]
    if (nextBase !== undefined) segments.push(await statSegment(context, baseOffset, nextBase))
  }
  const lastBase = baseOffsets.at(-1)
  const durableOffset = range?.durableOffset ?? 0
  let quarantine: string | null = null
  let endOffset = durableOffset
  if (lastBase === undefined) {
    if (durableOffset > logStartOffset)
      quarantine = `all files of ${durableOffset - logStartOffset} records are missing`
  } else {
    const recovery = await recoverLastSegment(context, lastBase, range)
    segments.push(recovery.segment)
    quarantine = recovery.quarantine
    endOffset = recovery.segment.nextOffset
  }
  if (baseOffsets[0] !== undefined && range !== undefined && baseOffsets[0] > range.logStartOffset) {
    quarantine ??= `the segments of offsets ${range.logStartOffset} to ${baseOffsets[0] - 1} are missing`
  }
  const producerStates = await loadProducerStates(context, names, segments, endOffset, nowMs)
  assert(logStartOffset <= endOffset, 'a log starts at or before its end')
  return { segments, logStartOffset, nextOffset: endOffset, quarantine, producerStates }
}

/** Removes segments that were deleted on record and not yet on disk, and indexes left without a log. */
async function finishDeletion(
  context: SegmentContext,
  names: readonly string[],
  baseOffsets: number[],
  logStartOffset: number,
): Promise<void> {
  while (baseOffsets.length > 1 && baseOffsets[1]! <= logStartOffset) {
    const path = `${context.directory}/${logFileName(baseOffsets.shift()!, '.log')}`
    await context.fileSystem.remove(path)
  }
  for (const suffix of ['.index', '.timeindex'] as const) {
    for (const offset of offsetsOfFiles(names, suffix)) {
      if (baseOffsets.includes(offset)) continue
      await context.fileSystem.remove(`${context.directory}/${logFileName(offset, suffix)}`)
    }
  }
}

async function statSegment(context: SegmentContext, baseOffset: number, nextOffset: number): Promise<Segment> {
  const path = `${context.directory}/${logFileName(baseOffset, '.log')}`
  const sizeBytes = (await context.fileSystem.sizeOf(path)) ?? 0
  const lastAppendMs = (await context.fileSystem.modifiedMs(path)) ?? 0
  return Segment.fromFile(context, { baseOffset, sizeBytes, nextOffset, lastAppendMs })
}

interface LastSegment {
  segment: Segment
  quarantine: string | null
}

async function recoverLastSegment(
  context: SegmentContext,
  baseOffset: number,
  range: DurableRange | undefined,
): Promise<LastSegment> {
  const path = `${context.directory}/${logFileName(baseOffset, '.log')}`
  const lastAppendMs = (await context.fileSystem.modifiedMs(path)) ?? 0
  const segment = new Segment(context, baseOffset, lastAppendMs)
  segment.isActive = true
  const handle = await context.fileSystem.open(path, 'write')
  try {
    const durableOffset = Math.max(range?.durableOffset ?? 0, baseOffset)
    const fileBytes = await handle.size()
    const { tornAt, unsyncedFrom } = await walkToEnd(segment, handle, fileBytes, durableOffset)
    segment.firstAppendMs = await firstAppendMs(segment, handle, lastAppendMs)
    const isDamaged = segment.damages.length > 0
    if (tornAt !== null && !isDamaged) await cutTail(context, segment, handle, fileBytes)
    if (segment.nextOffset !== range?.durableOffset || tornAt !== null) {
      await rewrite(handle, unsyncedFrom ?? segment.sizeBytes, segment.sizeBytes)
      await syncAll(context, handle)
    }
    return { segment, quarantine: isDamaged ? `durable records of ${path} are damaged` : null }
  } finally {
    await handle.close()
  }
}

/** Nobody wrote down when the segment was begun; its first batch has a time, though only its producer's. */
async function firstAppendMs(segment: Segment, handle: FileHandle, lastAppendMs: number): Promise<number> {
  const header = await headerAt(new FileWindow(handle, segment.sizeBytes, RECORD_BATCH_OVERHEAD), 0)
  return header === null || header.maxTimestampMs < 0 ? lastAppendMs : Math.min(lastAppendMs, header.maxTimestampMs)
}

interface WalkedTail {
  /** Where a torn write begins; null when the file ends with a whole batch. */
  tornAt: number | null
  /** Where the batches begin that are not known to be durable; null when there are none. */
  unsyncedFrom: number | null
}

/** Notes every batch to the end. */
async function walkToEnd(
  segment: Segment,
  handle: FileHandle,
  fileBytes: number,
  durableOffset: number,
): Promise<WalkedTail> {
  const window = new FileWindow(handle, fileBytes)
  const walk = await segment.startWalk(handle, durableOffset, fileBytes)
  walk.verifyAbove = durableOffset
  let unsyncedFrom: number | null = null
  const visit = (header: RecordBatchHeader, position: number): void => {
    if (nextOffset(header) > durableOffset) unsyncedFrom ??= position
    segment.noteBatch(header)
  }
  for (;;) {
    const outcome: WalkOutcome = await walkBatches(window, walk, visit)
    const { position } = outcome
    const offset = outcome.expectedOffset ?? segment.nextOffset
    if (outcome.kind === 'end' && offset >= durableOffset) return { tornAt: null, unsyncedFrom }
    const next = outcome.kind === 'end' ? null : await findNextBatch(window, position, offset)
    if (offset >= durableOffset && (await isTorn(window, position, offset, next))) {
      return { tornAt: position, unsyncedFrom }
    }
    const toOffset = next?.header.baseOffset ?? Math.max(durableOffset, offset)
    const nextPosition = next?.position ?? fileBytes
    segment.addDamage(position, offset, toOffset, nextPosition)
    segment.skipTo(nextPosition, toOffset)
    if (next === null) return { tornAt: null, unsyncedFrom }
    walk.position = nextPosition
    walk.expectedOffset = toOffset
  }
}

/** Above the durable offset: nothing good behind the damage, or a hole where a write did not arrive. */
async function isTorn(window: FileWindow, position: number, offset: number, next: FoundBatch | null): Promise<boolean> {
  return next === null || (await hasUnwrittenSector(window, position, next.position, offset))
}

async function cutTail(
  context: SegmentContext,
  segment: Segment,
  handle: FileHandle,
  fileBytes: number,
): Promise<void> {
  const { fileSystem, directory, logName } = context
  const keptIn = await keepBroken(fileSystem, directory, segment.path, handle, segment.sizeBytes)
  await handle.truncate(segment.sizeBytes)
  const bytes = fileBytes - segment.sizeBytes
  context.report({ kind: 'torn-tail-truncated', log: logName, offset: segment.nextOffset, bytes, keptIn })
}

/**
 * Writes the bytes back where they are, so that the sync that follows puts them on the disk. After a failed sync a kernel
 * may hold pages for clean that never arrived; the next sync would then succeed and do nothing.
 */
async function rewrite(handle: FileHandle, from: number, to: number): Promise<void> {
  const buffer = Buffer.allocUnsafe(Math.min(REWRITE_BYTES, to - from))
  for (let position = from; position < to; position += buffer.length) {
    const bytes = buffer.subarray(0, Math.min(buffer.length, to - position))
    assert((await handle.read(bytes, position)) === bytes.length, 'what was walked can be read again')
    await handle.write([bytes], position)
  }
}

/** What was read from the page cache must not vanish in a power cut after somebody has seen it. */
async function syncAll(context: SegmentContext, handle: FileHandle): Promise<void> {
  await handle.datasync()
  await context.fileSystem.syncDirectory(context.directory)
  await context.fileSystem.syncDirectory(parentOf(context.directory))
}
