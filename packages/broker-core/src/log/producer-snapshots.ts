// Files `<offset>.snapshot`: what a log knew of its idempotent producers when its end was at that offset.
import { DecodeError } from '@goqueue/protocol'
import { logFileName, offsetsOfFiles } from './log-file-names.ts'
import { ProducerStates } from './producer-state.ts'
import type { Segment, SegmentContext } from './segment.ts'

/** A snapshot that turns out damaged leaves one older to start from. */
const KEPT_SNAPSHOTS = 2

/** Writes the snapshot durably, then drops all but the newest. They are caches: a failure is reported, not thrown. */
export async function saveSnapshot(context: SegmentContext, offset: number, bytes: Buffer): Promise<void> {
  const { fileSystem, directory } = context
  try {
    const handle = await fileSystem.open(`${directory}/${logFileName(offset, '.snapshot')}`, 'write')
    try {
      await handle.truncate(0)
      await handle.write([bytes], 0)
      await handle.datasync()
    } finally {
      await handle.close()
    }
    await fileSystem.syncDirectory(directory)
    const offsets = offsetsOfFiles(await fileSystem.list(directory), '.snapshot')
    await removeSnapshots(context, offsets.slice(0, -KEPT_SNAPSHOTS))
  } catch (error) {
    context.report({ kind: 'cache-failed', log: context.logName, error })
  }
}

/** The producers' states at `endOffset`: from the newest good snapshot and the batches behind it. */
export async function loadProducerStates(
  context: SegmentContext,
  fileNames: readonly string[],
  segments: readonly Segment[],
  endOffset: number,
  nowMs: number,
): Promise<ProducerStates> {
  const offsets = offsetsOfFiles(fileNames, '.snapshot')
  // One that lies ahead of the log tells of batches that a crash took back.
  await removeSnapshots(
    context,
    offsets.filter((offset) => offset > endOffset),
  )
  let start = 0
  let states = new ProducerStates()
  for (const offset of offsets.filter((candidate) => candidate <= endOffset).reverse()) {
    const snapshot = await loadSnapshot(context, offset)
    if (snapshot === null) continue
    states = snapshot
    start = offset
    break
  }
  for (const segment of segments) {
    if (segment.nextOffset <= start) continue
    await segment.forEachBatch(start, (header) => {
      if (header.producerId >= 0) states.record(header, nowMs)
    })
  }
  return states
}

async function loadSnapshot(context: SegmentContext, offset: number): Promise<ProducerStates | null> {
  const path = `${context.directory}/${logFileName(offset, '.snapshot')}`
  const handle = await context.fileSystem.open(path, 'read')
  try {
    const bytes = Buffer.alloc(await handle.size())
    return ProducerStates.restore(bytes.subarray(0, await handle.read(bytes, 0)))
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    context.report({ kind: 'cache-failed', log: context.logName, error })
    return null
  } finally {
    await handle.close()
  }
}

async function removeSnapshots(context: SegmentContext, offsets: readonly number[]): Promise<void> {
  for (const offset of offsets) {
    await context.fileSystem.remove(`${context.directory}/${logFileName(offset, '.snapshot')}`)
  }
}
