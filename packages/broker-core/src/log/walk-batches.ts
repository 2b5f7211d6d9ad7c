// Walks from batch to batch through a segment file and stops where the chain breaks.
import {
  DecodeError,
  isCrcValid,
  nextOffset,
  RECORD_BATCH_OVERHEAD,
  readRecordBatchHeader,
  sizeOfBatch,
} from '@goqueue/protocol'
import type { RecordBatchHeader } from '@goqueue/protocol'
import type { FileWindow } from './file-window.ts'

/** What every batch of ours carries; it lies outside the checksum, so another value is damage. */
export const PARTITION_LEADER_EPOCH = 0

export interface Walk {
  position: number
  /** The base offset that must come next; null when the first batch may have any. */
  expectedOffset: number | null
  /** Batches that end above this offset have their checksum verified; Infinity verifies none. */
  verifyAbove: number
}

/** `end`: the window's end was reached exactly. `stopped`: by the visitor. `broken`: what stands there is no next batch. */
export interface WalkOutcome {
  kind: 'end' | 'stopped' | 'broken'
  position: number
  expectedOffset: number | null
}

/**
 * Calls `visit` for each good batch in turn; it returns true to stop at that batch. Where the chain breaks, the fault may
 * lie with the batch before, if its checksum was not verified: a wrong length leads astray. Then that is the broken one,
 * though it was visited.
 */
export async function walkBatches(
  window: FileWindow,
  from: Walk,
  visit: (header: RecordBatchHeader, position: number) => boolean | void,
): Promise<WalkOutcome> {
  let { position, expectedOffset } = from
  let unverified: { position: number; header: RecordBatchHeader } | null = null
  while (position < window.endPosition) {
    const header = await headerAt(window, position)
    if (header === null || !follows(header, expectedOffset)) {
      if (unverified !== null && !(await isIntact(window, unverified.position, unverified.header))) {
        return { kind: 'broken', position: unverified.position, expectedOffset: unverified.header.baseOffset }
      }
      return { kind: 'broken', position, expectedOffset }
    }
    const mustVerify = nextOffset(header) > from.verifyAbove
    if (mustVerify && !(await isIntact(window, position, header))) return { kind: 'broken', position, expectedOffset }
    unverified = mustVerify ? null : { position, header }
    if (visit(header, position) === true) return { kind: 'stopped', position, expectedOffset: header.baseOffset }
    position += sizeOfBatch(header)
    expectedOffset = nextOffset(header)
  }
  return { kind: 'end', position, expectedOffset }
}

function follows(header: RecordBatchHeader, expectedOffset: number | null): boolean {
  return expectedOffset === null || header.baseOffset === expectedOffset
}

/** The header of a batch that could be ours and lies wholly below the window's end; null when there is none. */
export async function headerAt(window: FileWindow, position: number): Promise<RecordBatchHeader | null> {
  if (!window.has(position, RECORD_BATCH_OVERHEAD)) await window.load(position, RECORD_BATCH_OVERHEAD)
  const header = parseHeader(window.view(position, RECORD_BATCH_OVERHEAD))
  return header !== null && position + sizeOfBatch(header) <= window.endPosition ? header : null
}

/** The header, if it is one of a batch that this broker could have appended. */
export function parseHeader(bytes: Buffer): RecordBatchHeader | null {
  try {
    const header = readRecordBatchHeader(bytes)
    const isOurs =
      header.partitionLeaderEpoch === PARTITION_LEADER_EPOCH && header.recordCount === header.lastOffsetDelta + 1
    return isOurs ? header : null
  } catch (error) {
    if (error instanceof DecodeError) return null
    throw error
  }
}

/** Whether the batch fits its checksum. */
export async function isIntact(window: FileWindow, position: number, header: RecordBatchHeader): Promise<boolean> {
  const bytes = sizeOfBatch(header)
  if (!window.has(position, bytes)) await window.load(position, bytes)
  return isCrcValid(window.view(position, bytes), 0, header)
}
