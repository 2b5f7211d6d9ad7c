// Record batches that other clients built, read by ours; and ours, which must equal theirs byte by byte.
import { describe, expect, test } from 'vitest'
import { buildRecordBatch } from '../../src/build-record-batch.ts'
import type { RecordToBuild } from '../../src/build-record-batch.ts'
import { checkProduceBatches } from '../../src/check-produce-batches.ts'
import { readRecords } from '../../src/read-records.ts'
import type { BatchRecord } from '../../src/read-records.ts'
import {
  hasLogAppendTime,
  isControl,
  isCrcValid,
  isTransactional,
  lastOffset,
  nextOffset,
  readRecordBatchHeader,
  sizeOfBatch,
} from '../../src/record-batch.ts'
import { goldenBytes } from './golden-bytes.ts'

/** The records that every golden batch of many records holds. */
const records: RecordToBuild[] = [
  { key: 'key-0', value: 'value-0', headers: [], timestampMs: 1_700_000_000_000 },
  {
    key: null,
    value: '',
    headers: [
      ['trace', Buffer.from([0, 255])],
      ['empty', ''],
      ['none', null],
    ],
    timestampMs: 1_700_000_000_005,
  },
  { key: '', value: null, headers: [['naïve', 'ü']], timestampMs: 1_699_999_999_990 },
]
for (let i = 3; i < 40; i++) {
  const value = `some value that repeats ${i} `.repeat(3)
  records.push({ key: `key-${i}`, value, headers: [], timestampMs: 1_700_000_000_000 + i * 1000 })
}

function asRead(record: RecordToBuild, offset: number): BatchRecord {
  const bytes = (value: string | Uint8Array | null): Buffer | null => (value === null ? null : Buffer.from(value))
  const { timestampMs, key, value } = record
  const headers = record.headers.map(([name, content]) => [name, bytes(content)] as const)
  return { offset, timestampMs, key: bytes(key), value: bytes(value), headers }
}

test.each(['java-none', 'java-gzip', 'java-snappy', 'java-lz4', 'java-zstd', 'kafka-python-none', 'kafka-python-snappy'])(
  'every record of the batch %s reads as it was written',
  (name) => {
    const batch = goldenBytes(`record-batch/${name}`)
    expect([...readRecords(batch)]).toEqual(records.map(asRead))
    expect(checkProduceBatches(batch, { maxMessageBytes: 1_048_588 }).errorCode).toBe('NONE')
  },
)

test('an uncompressed batch of ours equals that of the Java client, byte by byte', () => {
  expect(buildRecordBatch({ records, compression: 'none' })).toEqual(goldenBytes('record-batch/java-none'))
})

describe('a transactional batch of the Java client', () => {
  const batch = goldenBytes('record-batch/java-transactional')
  const header = readRecordBatchHeader(batch)

  test('gives every field of its header', () => {
    expect(header).toEqual({
      baseOffset: 500,
      batchLength: batch.length - 12,
      partitionLeaderEpoch: 9,
      magic: 2,
      crc: batch.readUInt32BE(17),
      attributes: 0x10,
      lastOffsetDelta: 1,
      baseTimestampMs: 1_700_000_000_000,
      maxTimestampMs: 1_700_000_000_001,
      producerId: 4000,
      producerEpoch: 3,
      baseSequence: 77,
      recordCount: 2,
    })
    expect(sizeOfBatch(header)).toBe(batch.length)
    expect([lastOffset(header), nextOffset(header)]).toEqual([501, 502])
    expect(isTransactional(header)).toBe(true)
    expect(isControl(header)).toBe(false)
    expect(isCrcValid(batch, 0, header)).toBe(true)
  })

  test('counts its offsets from the base offset', () => {
    expect([...readRecords(batch)].map((record) => record.offset)).toEqual([500, 501])
  })
})

test('records under log append time all have the time of the batch', () => {
  const batch = goldenBytes('record-batch/java-log-append-time')
  expect(hasLogAppendTime(readRecordBatchHeader(batch))).toBe(true)
  expect([...readRecords(batch)].map((record) => record.timestampMs)).toEqual([1_800_000_000_000, 1_800_000_000_000])
})

test('a commit marker is a control batch of one record', () => {
  const batch = goldenBytes('record-batch/java-control')
  expect(isControl(readRecordBatchHeader(batch))).toBe(true)
  expect([...readRecords(batch)]).toHaveLength(1)
})

test.each([
  ['java-transactional', 'INVALID_RECORD', /transactions/],
  ['java-log-append-time', 'INVALID_TIMESTAMP', /log append time/],
  ['java-control', 'INVALID_RECORD', /control records/],
  ['java-magic-0', 'UNSUPPORTED_FOR_MESSAGE_FORMAT', /v0 is not supported: send record batches of format v2/],
  ['java-magic-1', 'UNSUPPORTED_FOR_MESSAGE_FORMAT', /v1 is not supported: send record batches of format v2/],
])('N9: a producer that sends %s is answered %s and told why', (name, errorCode, message) => {
  expect(checkProduceBatches(goldenBytes(`record-batch/${name}`), { maxMessageBytes: 1_048_588 })).toEqual({
    errorCode,
    message: expect.stringMatching(message) as string,
  })
})
