// Opens a record batch: verifies, decompresses, and gives its records one by one.
import { checkRecords } from './check-records.ts'
import { decompress } from './compression/compression.ts'
import { DecodeError } from './decode-error.ts'
import { saturate } from './int64.ts'
import {
  compressionOf,
  hasLogAppendTime,
  isCrcValid,
  readRecordBatchHeader,
  RECORD_BATCH_OVERHEAD,
  sizeOfBatch,
} from './record-batch.ts'
import type { RecordBatchHeader } from './record-batch.ts'
import { VarintReader } from './varint.ts'

/** How many bytes one batch may unfold to, unless the caller says otherwise. */
export const DEFAULT_MAX_DECOMPRESSED_BYTES = 64 * 1024 * 1024

/** A record as it stands in a batch. Key, value and header values are views: keep one and you keep the batch's bytes. */
export interface BatchRecord {
  offset: number
  timestampMs: number
  key: Buffer | null
  value: Buffer | null
  headers: readonly (readonly [string, Buffer | null])[]
}

export interface ReadRecordsOptions {
  /** DecodeError when the batch would unfold to more (default 64 MiB). */
  maxDecompressedBytes?: number
}

const NO_HEADERS: BatchRecord['headers'] = []

/**
 * The records of one batch, in order. The whole batch is verified (CRC-32C, every length) before the first record is
 * given, so a damaged batch gives no record at all but a DecodeError. Control batches are read like others: a caller
 * who shows records to an application skips them (`isControl`).
 */
export function* readRecords(batch: Buffer, options: ReadRecordsOptions = {}): Generator<BatchRecord, void, undefined> {
  const header = readRecordBatchHeader(batch)
  if (sizeOfBatch(header) > batch.length) throw new DecodeError('a record batch is cut off')
  if (!isCrcValid(batch, 0, header)) throw new DecodeError('a record batch does not fit its checksum')
  const records = recordsSection(batch, header, options.maxDecompressedBytes ?? DEFAULT_MAX_DECOMPRESSED_BYTES)
  checkRecords(records, 0, records.length, header.recordCount, header.lastOffsetDelta)
  const appendTimeMs = hasLogAppendTime(header) ? header.maxTimestampMs : null
  const reader = new VarintReader(records, 0, records.length)
  for (let index = 0; index < header.recordCount; index++) {
    reader.readVarint()
    reader.position += 1 // attributes of a record: none are defined
    const createTimeMs = saturate(header.baseTimestampMs + reader.readVarlong())
    const offset = header.baseOffset + reader.readVarint()
    const key = readNullable(reader)
    const value = readNullable(reader)
    yield { offset, timestampMs: appendTimeMs ?? createTimeMs, key, value, headers: readHeaders(reader) }
  }
}

function recordsSection(batch: Buffer, header: RecordBatchHeader, maxBytes: number): Buffer {
  const section = batch.subarray(RECORD_BATCH_OVERHEAD, sizeOfBatch(header))
  const compression = compressionOf(header)
  return compression === 'none' ? section : decompress(compression, section, { maxBytes })
}

function readNullable(reader: VarintReader): Buffer | null {
  const bytes = reader.readVarint()
  if (bytes < 0) return null
  const start = reader.position
  reader.position = start + bytes
  return reader.buffer.subarray(start, start + bytes)
}

function readHeaders(reader: VarintReader): BatchRecord['headers'] {
  const count = reader.readVarint()
  if (count === 0) return NO_HEADERS
  const headers: [string, Buffer | null][] = []
  for (let i = 0; i < count; i++) {
    const nameBytes = reader.readVarint()
    const nameStart = reader.position
    reader.position = nameStart + nameBytes
    // A foreign record is always delivered: bytes that are not UTF-8 read as U+FFFD, as they do in Java.
    const name = reader.buffer.toString('utf8', nameStart, reader.position)
    headers.push([name, readNullable(reader)])
  }
  return headers
}
