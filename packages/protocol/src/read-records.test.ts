// Records out of a batch: all of them as they went in, or a DecodeError and none.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { buildRecordBatch, recordSizeUpperBound } from './build-record-batch.ts'
import type { RecordToBuild } from './build-record-batch.ts'
import { crc32c } from './crc32c.ts'
import { DecodeError } from './decode-error.ts'
import { readRecords } from './read-records.ts'
import { batchPosition, RECORD_BATCH_OVERHEAD } from './record-batch.ts'

const bytes = fc.option(
  fc.oneof(
    fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array)),
    fc.uint8Array({ minLength: 100, maxLength: 300 }).map((array) => Buffer.from(array)),
    fc.string({ unit: 'grapheme', maxLength: 20 }),
  ),
)
const record: fc.Arbitrary<RecordToBuild> = fc.record({
  key: bytes,
  value: bytes,
  headers: fc.array(fc.tuple(fc.string({ unit: 'grapheme', maxLength: 8 }), bytes), { maxLength: 4 }),
  timestampMs: fc.oneof(fc.integer({ min: 0, max: 2_000_000_000_000 }), fc.maxSafeNat(), fc.constant(-1)),
})
const compression = fc.constantFrom('none', 'gzip', 'snappy', 'lz4', 'zstd')

const asBuffer = (value: string | Uint8Array | null): Buffer | null => (value === null ? null : Buffer.from(value))

test('any records come back as they went in, under every compression', () => {
  fc.assert(
    fc.property(fc.array(record, { minLength: 1, maxLength: 20 }), compression, (records, name) => {
      const batch = buildRecordBatch({ records, compression: name, baseOffset: 100 })
      const expected = records.map(({ key, value, headers, timestampMs }, index) => ({
        offset: 100 + index,
        timestampMs,
        key: asBuffer(key),
        value: asBuffer(value),
        headers: headers.map(([name, content]) => [name, asBuffer(content)]),
      }))
      expect([...readRecords(batch)]).toEqual(expected)
    }),
    { numRuns: 200 },
  )
})

test('the upper bound of a record is never below what it takes, and for a plain one at most 29 bytes above', () => {
  fc.assert(
    fc.property(record, (each) => {
      const alone = buildRecordBatch({ records: [each], compression: 'none' }).length - RECORD_BATCH_OVERHEAD
      const bound = recordSizeUpperBound(each)
      expect(bound).toBeGreaterThanOrEqual(alone)
      if (each.headers.length === 0) expect(bound - alone).toBeLessThanOrEqual(29)
    }),
  )
})

test('a batch cannot be built of nothing, nor with a time that is none', () => {
  expect(() => buildRecordBatch({ records: [], compression: 'none' })).toThrow(RangeError)
  for (const timestampMs of [Number.NaN, 0.5, -2, 2 ** 53]) {
    const record = { key: null, value: null, headers: [], timestampMs }
    expect(() => buildRecordBatch({ records: [record], compression: 'none' })).toThrow(RangeError)
  }
})

test('key, value and headers are views of the batch, not copies', () => {
  const batch = buildRecordBatch({
    records: [{ key: 'k', value: 'v', headers: [], timestampMs: 0 }],
    compression: 'none',
  })
  expect([...readRecords(batch)][0]!.value!.buffer).toBe(batch.buffer)
})

test('a batch cut off anywhere is a DecodeError', () => {
  const batch = buildRecordBatch({
    records: [{ key: 'key', value: 'value', headers: [['a', 'b']], timestampMs: 0 }],
    compression: 'none',
  })
  for (let end = 0; end < batch.length; end++) {
    expect(() => [...readRecords(batch.subarray(0, end))]).toThrow(DecodeError)
  }
})

test('N10: a batch that unfolds to more than is allowed is a DecodeError', () => {
  const records = [{ key: null, value: Buffer.alloc(100_000), headers: [], timestampMs: 0 }]
  const batch = buildRecordBatch({ records, compression: 'zstd' })
  expect(() => [...readRecords(batch, { maxDecompressedBytes: 50_000 })]).toThrow(DecodeError)
  expect([...readRecords(batch, { maxDecompressedBytes: 100_020 })]).toHaveLength(1)
})

/** A batch with a good header and checksum around whatever is given as its records. */
function forged(section: readonly number[], recordCount = 1, lastOffsetDelta = recordCount - 1): Buffer {
  const records = [{ key: null, value: null, headers: [], timestampMs: 1_000 }]
  const header = buildRecordBatch({ records, compression: 'none' }).subarray(0, RECORD_BATCH_OVERHEAD)
  const batch = Buffer.concat([header, Buffer.from(section)])
  batch.writeInt32BE(batch.length - 12, batchPosition.batchLength)
  batch.writeInt32BE(lastOffsetDelta, batchPosition.lastOffsetDelta)
  batch.writeInt32BE(recordCount, batchPosition.recordCount)
  batch.writeUInt32BE(crc32c(batch, batchPosition.attributes), batchPosition.crc)
  return batch
}

const varint = (value: number): number => (value < 0 ? -value * 2 - 1 : value * 2)
const NULL = varint(-1)
/** attributes, timestamp delta, offset delta, key, value, header count */
const emptyRecord = (offsetDelta: number): number[] => [varint(6), 0, 0, varint(offsetDelta), NULL, NULL, varint(0)]

describe('N5, N6: behind a good checksum', () => {
  test('a sound record is read, and gaps that compaction left are fine', () => {
    expect([...readRecords(forged(emptyRecord(0)))]).toHaveLength(1)
    const compacted = forged([...emptyRecord(1), ...emptyRecord(4)], 2, 9)
    expect([...readRecords(compacted)].map((each) => each.offset)).toEqual([1, 4])
    expect([...readRecords(forged([], 0, 9))]).toEqual([])
  })

  const lies: [string, readonly number[], number?, number?][] = [
    ['a record of negative length', [varint(-2), 0, 0, 0, NULL, NULL, 0]],
    ['a record longer than the batch', [varint(7), 0, 0, 0, NULL, NULL, 0]],
    ['a record of length 0', [varint(0)]],
    ['a record shorter than its content', [varint(5), 0, 0, 0, NULL, NULL, 0]],
    ['a record longer than its content', [varint(7), 0, 0, 0, NULL, NULL, 0, 0]],
    ['a record that claims a byte of the next', [varint(7), 0, 0, 0, NULL, NULL, 0, ...emptyRecord(1)], 2],
    ['fewer records than the header says', emptyRecord(0), 2],
    ['more records than the header says', [...emptyRecord(0), ...emptyRecord(1)], 1, 1],
    ['bytes after the last record', [...emptyRecord(0), 0]],
    ['an offset delta beyond the last', emptyRecord(1), 1, 0],
    ['a negative offset delta', emptyRecord(-1)],
    ['the same offset twice', [...emptyRecord(0), ...emptyRecord(0)], 2],
    ['falling offsets', [...emptyRecord(1), ...emptyRecord(0)], 2],
    ['a key of length -2', [varint(6), 0, 0, 0, varint(-2), NULL, 0]],
    ['a value of length -2', [varint(6), 0, 0, 0, NULL, varint(-2), 0]],
    ['a key that reaches into the next record', [...[varint(6), 0, 0, 0, varint(3), NULL, 0], ...emptyRecord(1)], 2],
    ['a key of 2 GiB', [varint(10), 0, 0, 0, 0xfe, 0xff, 0xff, 0xff, 0x0f, NULL, 0]],
    ['a negative header count', [varint(6), 0, 0, 0, NULL, NULL, varint(-1)]],
    ['two billion headers', [varint(10), 0, 0, 0, NULL, NULL, 0xfe, 0xff, 0xff, 0xff, 0x0f]],
    ['a header without a name', [varint(8), 0, 0, 0, NULL, NULL, varint(1), NULL, NULL]],
    [
      'a name of length -1 that would be read twice',
      [varint(10), 0, 0, 0, NULL, NULL, varint(2), NULL, varint(1), 97, NULL],
    ],
    ['a header name past the end', [varint(8), 0, 0, 0, NULL, NULL, varint(1), varint(9), NULL]],
    ['a header value past the end', [varint(8), 0, 0, 0, NULL, NULL, varint(1), varint(0), varint(9)]],
    ['a varint over 5 bytes', [0x80, 0x80, 0x80, 0x80, 0x80, 0x00, 0, 0, 0, NULL, NULL, 0]],
    ['a varlong over 10 bytes', [varint(17), 0, ...Array<number>(10).fill(0x80), 0, 0, NULL, NULL, 0, 0]],
  ]
  test.each(lies)('%s is a DecodeError before any record is given', (_lie, section, recordCount, lastOffsetDelta) => {
    expect(() => readRecords(forged(section, recordCount, lastOffsetDelta)).next()).toThrow(DecodeError)
  })

  test('any bytes at all are records or a DecodeError', () => {
    const anything = fc.array(fc.oneof(fc.constantFrom(0, 1, 2, 12, 14, 0x80, 0xff), fc.nat(255)), { maxLength: 40 })
    fc.assert(
      fc.property(anything, fc.integer({ min: 0, max: 4 }), (section, recordCount) => {
        try {
          expect([...readRecords(forged(section, recordCount, 5))]).toHaveLength(recordCount)
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError)
        }
      }),
      { numRuns: 2_000 },
    )
  })
})

test('a time beyond 2^53 - 1 saturates: a foreign record is always delivered', () => {
  // 2^63 - 1 as a timestamp delta.
  const batch = forged([varint(15), 0, 0xfe, ...Array<number>(8).fill(0xff), 0x01, 0, NULL, NULL, 0])
  expect([...readRecords(batch)][0]!.timestampMs).toBe(Number.MAX_SAFE_INTEGER)
})

test('a header name that is not UTF-8 is delivered with replacement characters, as in Java', () => {
  const batch = forged([varint(9), 0, 0, 0, NULL, NULL, varint(1), varint(1), 0xff, NULL])
  expect([...readRecords(batch)][0]!.headers).toEqual([['\ufffd', null]])
})
