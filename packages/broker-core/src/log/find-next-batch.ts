// Finds the next intact batch behind damage, where the chain of batches can no longer be followed.
import { nextOffset, RECORD_BATCH_OVERHEAD, sizeOfBatch } from '@goqueue/protocol'
import type { RecordBatchHeader } from '@goqueue/protocol'
import type { FileWindow } from './file-window.ts'
import { headerAt, isIntact, parseHeader, PARTITION_LEADER_EPOCH } from './walk-batches.ts'

const EPOCH_POSITION = 12
const MAGIC_POSITION = 16
const MAGIC = 2

/** An intact batch and where it starts. */
export interface FoundBatch {
  position: number
  header: RecordBatchHeader
}

/**
 * The first intact batch behind the damage at `position`, with a base offset above `offset`; null when there is none.
 * A record's value may itself hold the bytes of a batch. So the place where the damaged batch says it ends is believed
 * first, then a batch with which another chain begins, and only then one that stands alone.
 */
export async function findNextBatch(window: FileWindow, position: number, offset: number): Promise<FoundBatch | null> {
  const damaged = await headerAt(window, position)
  if (damaged !== null && damaged.baseOffset === offset) {
    const behind = position + sizeOfBatch(damaged)
    const header = await headerAt(window, behind)
    if (header?.baseOffset === nextOffset(damaged) && (await isIntact(window, behind, header))) {
      return { position: behind, header }
    }
  }
  let alone: FoundBatch | null = null
  for (let at = position + 1; at + RECORD_BATCH_OVERHEAD <= window.endPosition; at++) {
    if (!window.has(at, RECORD_BATCH_OVERHEAD)) await window.load(at, RECORD_BATCH_OVERHEAD)
    at = window.placeOf(MAGIC, at + MAGIC_POSITION) - MAGIC_POSITION
    if (!window.has(at, RECORD_BATCH_OVERHEAD)) await window.load(at, RECORD_BATCH_OVERHEAD)
    const bytes = window.view(at, RECORD_BATCH_OVERHEAD)
    if (!couldBeHeader(bytes)) continue
    const header = parseHeader(bytes)
    if (header === null || header.baseOffset <= offset || at + sizeOfBatch(header) > window.endPosition) continue
    if (!(await isIntact(window, at, header))) continue
    const end = at + sizeOfBatch(header)
    if (end === window.endPosition || (await headerAt(window, end))?.baseOffset === nextOffset(header)) {
      return { position: at, header }
    }
    alone ??= { position: at, header }
  }
  return alone
}

/** A quick look, because nearly all places of that byte are no header: offsets are below 2^53, and the epoch is 0. */
function couldBeHeader(bytes: Buffer): boolean {
  return (
    bytes.length === RECORD_BATCH_OVERHEAD &&
    bytes[MAGIC_POSITION] === MAGIC &&
    bytes[0] === 0 &&
    bytes[1]! < 0x20 &&
    bytes.readInt32BE(EPOCH_POSITION) === PARTITION_LEADER_EPOCH
  )
}
