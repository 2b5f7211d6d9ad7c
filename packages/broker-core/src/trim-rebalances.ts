// Makes room in the history of rebalances: its older part goes, but for the newest of each group, which are written again.
import { buildRecordBatch, nextOffset, readRecords, splitBatches, type BatchRecord } from '@goqueue/protocol'
import type { PartitionLog } from './log/partition-log.ts'
import { NewestRebalances, type RecordedRebalance } from './newest-rebalances.ts'

/** What is done at once, a few milliseconds of work. */
const READ_BYTES = 256 * 1024
const KEPT_PER_TURN = 10_000
/** The header of a record that was written again: the offset that it had first. */
const FIRST_OFFSET = 'offset'
/** Less than this part of the history is not worth that the rest is written again. */
const LEAST_GONE = 1 / 4

export interface TrimOptions {
  /** What is newer than this many bytes from the end stays as it is. */
  readonly untouchedBytes: number
  readonly largestBatchBytes: number
  readonly existingGroups: ReadonlySet<string>
  /** Epoch milliseconds: of what is older nothing is kept. */
  readonly keptSinceMs: number
  /** True: give up, nobody needs it any more. */
  readonly isClosed: () => boolean
}

/**
 * Resolves when the older part is gone, or is worth keeping as a whole; with why it could not go, if it could not. A crash at
 * any moment, and giving up, leave each record that is kept there once or twice.
 */
export async function trimRebalances(log: PartitionLog, options: TrimOptions): Promise<string | null> {
  const { boundary, kept, keptBytes, goneBytes, bytes } = await survey(log, options)
  if (goneBytes < LEAST_GONE * bytes || options.isClosed()) return null
  // Half of it written again would only make the disk fuller.
  if (!log.hasRoomFor(keptBytes))
    return `the disk has no room for the ${keptBytes} bytes that must be written again first`
  const refusal = await writeAgain(log, kept, boundary, options)
  if (refusal !== null || options.isClosed()) return refusal
  // The originals go durably: what takes their place must not be less durable than that.
  if (!(await log.flush())) return 'what is kept could not be made durable'
  const deleted = await log.deleteRecordsBefore(boundary)
  return deleted.errorCode === 'NONE' ? null : `what is old could not be deleted: ${deleted.errorCode}`
}

interface Survey {
  readonly bytes: number
  /** Everything below this offset could go, */
  readonly boundary: number
  /** but for what stands at these offsets. */
  readonly kept: ReadonlySet<number>
  readonly keptBytes: number
  readonly goneBytes: number
}

async function survey(log: PartitionLog, options: TrimOptions): Promise<Survey> {
  const newest = new NewestRebalances()
  const batchEnds: { readonly offset: number; readonly bytes: number }[] = []
  let bytes = 0
  for await (const { endOffset, batch } of batchesOf(log, log.highWatermark, options)) {
    bytes += batch.length
    batchEnds.push({ offset: endOffset, bytes })
    for (const record of readRecords(batch)) {
      const groupId = String(record.key)
      if (!options.existingGroups.has(groupId) || record.timestampMs < options.keptSinceMs) continue
      newest.add(groupId, recordedIn(record))
    }
  }
  const end = batchEnds.findLast((one) => bytes - one.bytes >= options.untouchedBytes) ?? { offset: 0, bytes: 0 }
  const kept = new Set<number>()
  let keptBytes = 0
  for (const one of newest.below(end.offset)) {
    kept.add(one.offset)
    keptBytes += one.bytes
    if (kept.size % KEPT_PER_TURN === 0) await nextTurn()
  }
  return { bytes, boundary: end.offset, kept, keptBytes, goneBytes: end.bytes - keptBytes }
}

/** In their order, with their own timestamps. */
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
    waiting = []
    waitingBytes = 0
    const outcome = await log.append(batch, { acks: 1, mayUseReserve: true })
    return outcome.errorCode === 'NONE' ? null : `what is kept could not be written again: ${outcome.message}`
  }
  for await (const { batch } of batchesOf(log, boundary, options)) {
    for (const record of readRecords(batch)) {
      if (!kept.has(record.offset)) continue
      const { firstOffset, bytes } = recordedIn(record)
      if (waitingBytes + bytes > options.largestBatchBytes) {
        const refusal = await write()
        if (refusal !== null) return refusal
      }
      waiting.push({ ...record, headers: [[FIRST_OFFSET, Buffer.from(String(firstOffset))]] })
      waitingBytes += bytes
    }
  }
  return options.isClosed() ? null : write()
}

/** The batches from the log's start to an offset, each with the offset behind it. Throws where they cannot be read. */
async function* batchesOf(
  log: PartitionLog,
  endOffset: number,
  { isClosed }: TrimOptions,
): AsyncGenerator<{ readonly endOffset: number; readonly batch: Buffer }> {
  let offset = log.logStartOffset
  while (offset < endOffset && !isClosed()) {
    const outcome = await log.read(offset, READ_BYTES)
    if (outcome.errorCode !== 'NONE') throw new Error(`offset ${offset} could not be read: ${outcome.errorCode}`)
    for (const { header, batch } of splitBatches(outcome.records)) {
      offset = nextOffset(header)
      if (offset > endOffset) return
      yield { endOffset: offset, batch }
    }
    await nextTurn()
  }
}

/** Others have their turn first. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

function recordedIn({ offset, key, value, headers }: BatchRecord): RecordedRebalance {
  const first = headers.find(([name]) => name === FIRST_OFFSET)?.[1]
  // The frame of a record and its header take less than 64 bytes.
  const bytes = (key?.length ?? 0) + (value?.length ?? 0) + 64
  return { firstOffset: first == null ? offset : Number(first), offset, bytes }
}
