// Makes room in the history of rebalances: its older part goes, but for the newest of each group, which are written again.
import { buildRecordBatch, nextOffset, readRecords, splitBatches, type BatchRecord } from '@goqueue/protocol'
import { keptBelow, type RecordedRebalance } from './kept-rebalances.ts'
import type { PartitionLog } from './log/partition-log.ts'

/** Read at once: others have their turn in between. */
const READ_BYTES = 256 * 1024

export interface TrimOptions {
  /** What is newer than this many bytes from the end stays as it is. */
  readonly untouchedBytes: number
  readonly largestBatchBytes: number
  readonly existingGroups: ReadonlySet<string>
  /** True: give up, nobody needs it any more. */
  readonly isClosed: () => boolean
}

/**
 * Resolves when the older part is gone; with why it could not be, if it could not. A crash at any moment, and giving up,
 * leave each record that is kept there once or twice.
 */
export async function trimRebalances(log: PartitionLog, options: TrimOptions): Promise<string | null> {
  const endOffset = log.highWatermark
  const recorded: RecordedRebalance[] = []
  const batchEnds: { offset: number; bytes: number }[] = []
  let bytes = 0
  for await (const { offset, records } of batchesOf(log, endOffset, options)) {
    bytes += records.length
    batchEnds.push({ offset, bytes })
    for (const record of readRecords(records)) recorded.push(rebalanceIn(record))
  }
  const boundary = batchEnds.findLast((end) => bytes - end.bytes >= options.untouchedBytes)?.offset
  if (boundary === undefined) return null
  const kept = keptBelow(boundary, recorded, options.existingGroups)
  const refusal = await writeAgain(log, kept, boundary, options)
  if (refusal !== null || options.isClosed()) return refusal
  const deleted = await log.deleteRecordsBefore(boundary)
  return deleted.errorCode === 'NONE' ? null : `what is old could not be deleted: ${deleted.errorCode}`
}

/** In their order, durably, with their own timestamps. */
async function writeAgain(
  log: PartitionLog,
  kept: ReadonlySet<number>,
  boundary: number,
  options: TrimOptions,
): Promise<string | null> {
  let waiting: BatchRecord[] = []
  let waitingBytes = 0
  const write = async () => {
    if (waiting.length === 0) return null
    const batch = buildRecordBatch({ records: waiting, compression: 'none' })
    const outcome = await log.append(batch, { acks: -1, mayUseReserve: true })
    waiting = []
    waitingBytes = 0
    return outcome.errorCode === 'NONE' ? null : `what is kept could not be written again: ${outcome.message}`
  }
  for await (const { records } of batchesOf(log, boundary, options)) {
    for (const record of readRecords(records)) {
      if (!kept.has(record.offset)) continue
      const recordBytes = sizeOf(record)
      if (waitingBytes + recordBytes > options.largestBatchBytes) {
        const refusal = await write()
        if (refusal !== null) return refusal
      }
      waiting.push(record)
      waitingBytes += recordBytes
    }
  }
  return options.isClosed() ? null : write()
}

/** The batches from the log's start to an offset, each with the offset behind it. Throws where they cannot be read. */
async function* batchesOf(
  log: PartitionLog,
  endOffset: number,
  { isClosed }: TrimOptions,
): AsyncGenerator<{ offset: number; records: Buffer }> {
  let offset = log.logStartOffset
  while (offset < endOffset && !isClosed()) {
    const outcome = await log.read(offset, READ_BYTES)
    if (outcome.errorCode !== 'NONE') throw new Error(`offset ${offset} could not be read: ${outcome.errorCode}`)
    for (const { header, batch } of splitBatches(outcome.records)) {
      offset = nextOffset(header)
      if (offset > endOffset) return
      yield { offset, records: batch }
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
}

function rebalanceIn({ offset, key, value }: BatchRecord): RecordedRebalance {
  const { settledMs, generationId } = JSON.parse(String(value)) as RecordedRebalance
  return { offset, groupId: String(key), settledMs, generationId }
}

/** At most: the frame of a record takes less than 64 bytes. */
function sizeOf({ key, value }: BatchRecord): number {
  return (key?.length ?? 0) + (value?.length ?? 0) + 64
}
