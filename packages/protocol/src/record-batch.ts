// Record batches (format v2): their header, their checksum, and how they follow one another in a buffer.
import { crc32c } from './crc32c.ts'
import { DecodeError } from './decode-error.ts'
import { readExactInt64, readSaturatedInt64, writeInt64 } from './int64.ts'
import type { CompressionName } from './compression/compression-name.ts'

/** Bytes of a v2 header, counted from baseOffset. */
export const RECORD_BATCH_OVERHEAD = 61
/** Bytes in front of what batchLength counts: baseOffset and batchLength itself. */
export const LOG_OVERHEAD = 12
/** The only record format that GoQueue reads and writes (Kafka's "magic" 2, KIP-98). */
export const RECORD_BATCH_MAGIC = 2

/** Where each field stands, counted from baseOffset. */
export const batchPosition = {
  baseOffset: 0,
  batchLength: 8,
  partitionLeaderEpoch: 12,
  magic: 16,
  crc: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  baseTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  producerEpoch: 51,
  baseSequence: 53,
  recordCount: 57,
  records: RECORD_BATCH_OVERHEAD,
} as const

const COMPRESSION_MASK = 0x07
const LOG_APPEND_TIME_FLAG = 0x08
const TRANSACTIONAL_FLAG = 0x10
const CONTROL_FLAG = 0x20
/** Compression names in the order of their numbers on the wire. */
export const COMPRESSION_NAMES: readonly CompressionName[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

/** The header of one record batch; every field is a number and passed the checks of `readRecordBatchHeader`. */
export interface RecordBatchHeader {
  baseOffset: number
  /** Bytes after the batchLength field itself. */
  batchLength: number
  partitionLeaderEpoch: number
  magic: number
  crc: number
  attributes: number
  lastOffsetDelta: number
  baseTimestampMs: number
  maxTimestampMs: number
  /** -1 when the producer is not idempotent; then epoch and sequence are -1 too. */
  producerId: number
  producerEpoch: number
  baseSequence: number
  /** May be 0 in a compacted log. */
  recordCount: number
}

/**
 * Reads the 61 bytes of a batch header and refuses with DecodeError what cannot be one.
 * The body need not be there: compare `sizeOfBatch` with what you have. The checksum is not looked at: see `isCrcValid`.
 */
export function readRecordBatchHeader(buffer: Buffer, position = 0): RecordBatchHeader {
  if (position < 0 || buffer.length - position < RECORD_BATCH_OVERHEAD) refuse('is cut off')
  const magic = buffer.readInt8(position + batchPosition.magic)
  if (magic !== RECORD_BATCH_MAGIC) refuse(`has format ${magic}, only ${RECORD_BATCH_MAGIC} is supported`)
  const header: RecordBatchHeader = {
    baseOffset: readExactInt64(buffer, position + batchPosition.baseOffset, 'baseOffset'),
    batchLength: buffer.readInt32BE(position + batchPosition.batchLength),
    partitionLeaderEpoch: buffer.readInt32BE(position + batchPosition.partitionLeaderEpoch),
    magic,
    crc: buffer.readUInt32BE(position + batchPosition.crc),
    attributes: buffer.readInt16BE(position + batchPosition.attributes),
    lastOffsetDelta: buffer.readInt32BE(position + batchPosition.lastOffsetDelta),
    baseTimestampMs: readSaturatedInt64(buffer, position + batchPosition.baseTimestamp),
    maxTimestampMs: readSaturatedInt64(buffer, position + batchPosition.maxTimestamp),
    producerId: readExactInt64(buffer, position + batchPosition.producerId, 'producerId'),
    producerEpoch: buffer.readInt16BE(position + batchPosition.producerEpoch),
    baseSequence: buffer.readInt32BE(position + batchPosition.baseSequence),
    recordCount: buffer.readInt32BE(position + batchPosition.recordCount),
  }
  if (header.batchLength < RECORD_BATCH_OVERHEAD - LOG_OVERHEAD) refuse(`claims a length of ${header.batchLength}`)
  if (header.baseOffset < 0) refuse(`claims base offset ${header.baseOffset}`)
  if (header.lastOffsetDelta < 0) refuse(`claims last offset delta ${header.lastOffsetDelta}`)
  if (!Number.isSafeInteger(header.baseOffset + header.lastOffsetDelta + 1)) refuse('ends beyond offset 2^53 - 1')
  // Compaction removes records and keeps the last offset, so fewer is fine and more never is.
  if (header.recordCount < 0 || header.recordCount > header.lastOffsetDelta + 1) {
    refuse(`claims ${header.recordCount} records in ${header.lastOffsetDelta + 1} offsets`)
  }
  if ((header.attributes & COMPRESSION_MASK) >= COMPRESSION_NAMES.length) refuse('names an unknown compression')
  if (header.producerId < -1) refuse(`claims producer id ${header.producerId}`)
  if (header.producerEpoch < -1) refuse(`claims producer epoch ${header.producerEpoch}`)
  if (header.baseSequence < -1) refuse(`claims base sequence ${header.baseSequence}`)
  return header
}

function refuse(claim: string): never {
  throw new DecodeError(`a record batch ${claim}`)
}

/** Bytes of the whole batch, header included. */
export function sizeOfBatch(header: RecordBatchHeader): number {
  return header.batchLength + LOG_OVERHEAD
}

/** Offset of the batch's last record. */
export function lastOffset(header: RecordBatchHeader): number {
  return header.baseOffset + header.lastOffsetDelta
}

/** The offset after the batch. */
export function nextOffset(header: RecordBatchHeader): number {
  return header.baseOffset + header.lastOffsetDelta + 1
}

/** How the batch's records are compressed. */
export function compressionOf(header: RecordBatchHeader): CompressionName {
  return COMPRESSION_NAMES[header.attributes & COMPRESSION_MASK]!
}

/** True when the batch belongs to a transaction (KIP-98). */
export function isTransactional(header: RecordBatchHeader): boolean {
  return (header.attributes & TRANSACTIONAL_FLAG) !== 0
}

/** True when the batch is a transaction marker: it takes an offset and is never shown to an application. */
export function isControl(header: RecordBatchHeader): boolean {
  return (header.attributes & CONTROL_FLAG) !== 0
}

/** True when the broker stamped the batch: every record then has the time `maxTimestampMs`. */
export function hasLogAppendTime(header: RecordBatchHeader): boolean {
  return (header.attributes & LOG_APPEND_TIME_FLAG) !== 0
}

/** Whether the CRC-32C over attributes to the end fits. False, too, when the batch is not wholly in the buffer. */
export function isCrcValid(buffer: Buffer, position: number, header: RecordBatchHeader): boolean {
  const end = position + sizeOfBatch(header)
  return end <= buffer.length && crc32c(buffer, position + batchPosition.attributes, end) === header.crc
}

/** Patches the two fields that a broker sets on append; both lie outside the checksum. */
export function assignOffsets(
  buffer: Buffer,
  position: number,
  baseOffset: number,
  partitionLeaderEpoch: number,
): void {
  writeInt64(buffer, position + batchPosition.baseOffset, baseOffset)
  buffer.writeInt32BE(partitionLeaderEpoch, position + batchPosition.partitionLeaderEpoch)
}

/** One batch of several: where it starts, what its header says, and its bytes (a view). */
export interface PlacedBatch {
  position: number
  header: RecordBatchHeader
  batch: Buffer
}

/**
 * The batches that follow one another in a buffer. A last batch that is cut off is left out without a word:
 * Fetch responses may end in one. Throws DecodeError at a header that cannot be one; checks no checksum.
 */
export function* splitBatches(buffer: Buffer): Generator<PlacedBatch, void, undefined> {
  let position = 0
  while (buffer.length - position >= RECORD_BATCH_OVERHEAD) {
    const header = readRecordBatchHeader(buffer, position)
    const end = position + sizeOfBatch(header)
    if (end > buffer.length) return
    yield { position, header, batch: buffer.subarray(position, end) }
    position = end
  }
}
