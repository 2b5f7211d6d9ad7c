// Builds a record batch (format v2) from records.
import { compress } from './compression/compression.ts'
import type { CompressionName } from './compression/compression-name.ts'
import { crc32c } from './crc32c.ts'
import { writeInt64 } from './int64.ts'
import {
  batchPosition,
  COMPRESSION_NAMES,
  LOG_OVERHEAD,
  RECORD_BATCH_MAGIC,
  RECORD_BATCH_OVERHEAD,
} from './record-batch.ts'
import { sizeOfVarint, sizeOfVarlong, writeVarint, writeVarlong } from './varint.ts'

/** Text (written as UTF-8) or bytes. */
export type RecordBytes = string | Uint8Array

/** A record on its way into a batch. */
export interface RecordToBuild {
  key: RecordBytes | null
  value: RecordBytes | null
  headers: readonly (readonly [string, RecordBytes | null])[]
  /** Milliseconds since the epoch, or -1 for none. */
  timestampMs: number
}

export interface RecordBatchToBuild {
  /** At least one. */
  records: readonly RecordToBuild[]
  compression: CompressionName
  /** -1 (the default) unless the producer is idempotent; then producerEpoch and baseSequence are given too. */
  producerId?: number
  producerEpoch?: number
  baseSequence?: number
  baseOffset?: number
}

/** The batch as bytes, ready for Produce. Throws RangeError for no records, a time that is none, or more than 2 GiB. */
export function buildRecordBatch(batch: RecordBatchToBuild): Buffer {
  const { records } = batch
  const first = records[0]
  if (first === undefined) throw new RangeError('a record batch needs at least one record')
  const baseTimestampMs = first.timestampMs
  const bodySizes = new Int32Array(records.length)
  let recordsBytes = 0
  let maxTimestampMs = baseTimestampMs
  for (let index = 0; index < records.length; index++) {
    const record = records[index]!
    const { timestampMs } = record
    if (!Number.isSafeInteger(timestampMs) || timestampMs < -1) {
      throw new RangeError(`timestampMs must be a safe integer and at least -1, not ${timestampMs}`)
    }
    if (timestampMs > maxTimestampMs) maxTimestampMs = timestampMs
    const bodySize = sizeOfRecordBody(record, timestampMs - baseTimestampMs, index)
    bodySizes[index] = bodySize
    recordsBytes += sizeOfVarint(bodySize) + bodySize
    if (recordsBytes > 0x7fffffff - RECORD_BATCH_OVERHEAD) throw new RangeError('a record batch is limited to 2 GiB')
  }
  const plain = Buffer.allocUnsafe(RECORD_BATCH_OVERHEAD + recordsBytes)
  let position = RECORD_BATCH_OVERHEAD
  for (let index = 0; index < records.length; index++) {
    const record = records[index]!
    position = writeVarint(plain, position, bodySizes[index]!)
    position = writeRecordBody(plain, position, record, record.timestampMs - baseTimestampMs, index)
  }
  const buffer = batch.compression === 'none' ? plain : withCompressedRecords(plain, batch.compression)
  writeHeader(buffer, batch, baseTimestampMs, maxTimestampMs)
  return buffer
}

function withCompressedRecords(plain: Buffer, compression: CompressionName): Buffer {
  const compressed = compress(compression, plain.subarray(RECORD_BATCH_OVERHEAD))
  const buffer = Buffer.allocUnsafe(RECORD_BATCH_OVERHEAD + compressed.length)
  buffer.set(compressed, RECORD_BATCH_OVERHEAD)
  return buffer
}

function writeHeader(buffer: Buffer, batch: RecordBatchToBuild, baseTimestampMs: number, maxTimestampMs: number): void {
  const recordCount = batch.records.length
  writeInt64(buffer, batchPosition.baseOffset, batch.baseOffset ?? 0)
  buffer.writeInt32BE(buffer.length - LOG_OVERHEAD, batchPosition.batchLength)
  buffer.writeInt32BE(-1, batchPosition.partitionLeaderEpoch)
  buffer.writeInt8(RECORD_BATCH_MAGIC, batchPosition.magic)
  buffer.writeInt16BE(COMPRESSION_NAMES.indexOf(batch.compression), batchPosition.attributes)
  buffer.writeInt32BE(recordCount - 1, batchPosition.lastOffsetDelta)
  writeInt64(buffer, batchPosition.baseTimestamp, baseTimestampMs)
  writeInt64(buffer, batchPosition.maxTimestamp, maxTimestampMs)
  writeInt64(buffer, batchPosition.producerId, batch.producerId ?? -1)
  buffer.writeInt16BE(batch.producerEpoch ?? -1, batchPosition.producerEpoch)
  buffer.writeInt32BE(batch.baseSequence ?? -1, batchPosition.baseSequence)
  buffer.writeInt32BE(recordCount, batchPosition.recordCount)
  buffer.writeUInt32BE(crc32c(buffer, batchPosition.attributes, buffer.length), batchPosition.crc)
}

/**
 * An upper bound of what one record adds to an uncompressed batch, for whoever fills batches up to a size:
 * the true figure is at most 29 bytes less for a record without headers.
 */
export function recordSizeUpperBound(record: RecordToBuild): number {
  let bytes = 5 + 1 + 10 + 5 + 5 + 5 + 5 + sizeOfBytes(record.key) + sizeOfBytes(record.value)
  for (const [name, value] of record.headers) bytes += 10 + Buffer.byteLength(name) + sizeOfBytes(value)
  return bytes
}

function sizeOfRecordBody(record: RecordToBuild, timestampDelta: number, offsetDelta: number): number {
  let bytes = 1 + sizeOfVarlong(timestampDelta) + sizeOfVarint(offsetDelta)
  bytes += sizeOfNullable(record.key) + sizeOfNullable(record.value)
  const { headers } = record
  bytes += sizeOfVarint(headers.length)
  for (let i = 0; i < headers.length; i++) {
    const [name, value] = headers[i]!
    bytes += sizeOfNullable(name) + sizeOfNullable(value)
  }
  return bytes
}

function writeRecordBody(
  buffer: Buffer,
  position: number,
  record: RecordToBuild,
  timestampDelta: number,
  offsetDelta: number,
): number {
  buffer[position++] = 0 // attributes of a record: none are defined
  position = writeVarlong(buffer, position, timestampDelta)
  position = writeVarint(buffer, position, offsetDelta)
  position = writeNullable(buffer, position, record.key)
  position = writeNullable(buffer, position, record.value)
  const { headers } = record
  position = writeVarint(buffer, position, headers.length)
  for (let i = 0; i < headers.length; i++) {
    const [name, value] = headers[i]!
    position = writeNullable(buffer, position, name)
    position = writeNullable(buffer, position, value)
  }
  return position
}

function sizeOfBytes(bytes: RecordBytes | null): number {
  if (bytes === null) return 0
  return typeof bytes === 'string' ? Buffer.byteLength(bytes) : bytes.length
}

function sizeOfNullable(bytes: RecordBytes | null): number {
  if (bytes === null) return 1
  const size = sizeOfBytes(bytes)
  return sizeOfVarint(size) + size
}

function writeNullable(buffer: Buffer, position: number, bytes: RecordBytes | null): number {
  if (bytes === null) return writeVarint(buffer, position, -1)
  const size = sizeOfBytes(bytes)
  position = writeVarint(buffer, position, size)
  if (typeof bytes === 'string') buffer.write(bytes, position, size, 'utf8')
  else buffer.set(bytes, position)
  return position + size
}
