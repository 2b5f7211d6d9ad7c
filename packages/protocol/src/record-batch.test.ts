// The header of a record batch, its checksum, and batches in a row; what other clients build is in test/golden.
import { describe, expect, test } from 'vitest'
import { buildRecordBatch } from './build-record-batch.ts'
import { crc32c } from './crc32c.ts'
import { DecodeError } from './decode-error.ts'
import { readRecords } from './read-records.ts'
import {
  assignOffsets,
  batchPosition,
  compressionOf,
  isCrcValid,
  readRecordBatchHeader,
  RECORD_BATCH_OVERHEAD,
  sizeOfBatch,
  splitBatches,
} from './record-batch.ts'

function batchOf(...values: string[]): Buffer {
  const records = values.map((value, i) => ({ key: null, value, headers: [], timestampMs: 1_000 + i }))
  return buildRecordBatch({ records, compression: 'none' })
}

test('a batch of ours has a header that says what was asked for', () => {
  const batch = buildRecordBatch({
    records: [
      { key: 'a', value: 'b', headers: [], timestampMs: 20 },
      { key: 'c', value: 'd', headers: [], timestampMs: 10 },
    ],
    compression: 'lz4',
    producerId: 2 ** 40,
    producerEpoch: 3,
    baseSequence: 17,
    baseOffset: 2 ** 50,
  })
  const header = readRecordBatchHeader(batch)
  expect(header).toMatchObject({
    baseOffset: 2 ** 50,
    partitionLeaderEpoch: -1,
    lastOffsetDelta: 1,
    baseTimestampMs: 20,
    maxTimestampMs: 20,
    producerId: 2 ** 40,
    producerEpoch: 3,
    baseSequence: 17,
    recordCount: 2,
  })
  expect(compressionOf(header)).toBe('lz4')
  expect(sizeOfBatch(header)).toBe(batch.length)
})

test('assigning offsets changes the offsets of the records and not the checksum', () => {
  const buffer = Buffer.concat([batchOf('skipped'), batchOf('a', 'b')])
  const position = batchOf('skipped').length
  assignOffsets(buffer, position, 2 ** 45, 6)
  const header = readRecordBatchHeader(buffer, position)
  expect(header).toMatchObject({ baseOffset: 2 ** 45, partitionLeaderEpoch: 6 })
  expect(isCrcValid(buffer, position, header)).toBe(true)
  const offsets = [...readRecords(buffer.subarray(position))].map((record) => record.offset)
  expect(offsets).toEqual([2 ** 45, 2 ** 45 + 1])
})

describe('a header is refused with DecodeError', () => {
  const lies: [string, (bytes: Buffer) => void][] = [
    ['format v1', (bytes) => bytes.writeInt8(1, batchPosition.magic)],
    ['format v3', (bytes) => bytes.writeInt8(3, batchPosition.magic)],
    ['a length below its own size', (bytes) => bytes.writeInt32BE(48, batchPosition.batchLength)],
    ['a negative length', (bytes) => bytes.writeInt32BE(-1, batchPosition.batchLength)],
    ['a negative base offset', (bytes) => bytes.writeBigInt64BE(-1n, batchPosition.baseOffset)],
    ['a base offset beyond 2^53 - 1', (bytes) => bytes.writeBigInt64BE(2n ** 53n, batchPosition.baseOffset)],
    ['a last offset beyond 2^53 - 1', (bytes) => bytes.writeBigInt64BE(2n ** 53n - 2n, batchPosition.baseOffset)],
    ['a negative last offset delta', (bytes) => bytes.writeInt32BE(-1, batchPosition.lastOffsetDelta)],
    ['more records than offsets', (bytes) => bytes.writeInt32BE(3, batchPosition.recordCount)],
    ['a negative record count', (bytes) => bytes.writeInt32BE(-1, batchPosition.recordCount)],
    ['an unknown compression', (bytes) => bytes.writeInt16BE(5, batchPosition.attributes)],
    ['a producer id below -1', (bytes) => bytes.writeBigInt64BE(-2n, batchPosition.producerId)],
    ['a producer id beyond 2^53 - 1', (bytes) => bytes.writeBigInt64BE(2n ** 60n, batchPosition.producerId)],
    ['a producer epoch below -1', (bytes) => bytes.writeInt16BE(-2, batchPosition.producerEpoch)],
    ['a base sequence below -1', (bytes) => bytes.writeInt32BE(-2, batchPosition.baseSequence)],
  ]
  test.each(lies)('for %s', (_lie, tell) => {
    const batch = batchOf('a', 'b')
    expect(() => readRecordBatchHeader(batch)).not.toThrow()
    tell(batch)
    expect(() => readRecordBatchHeader(batch)).toThrow(DecodeError)
  })

  test('when fewer than 61 bytes are there', () => {
    const batch = batchOf('a')
    for (let end = 0; end < RECORD_BATCH_OVERHEAD; end++) {
      expect(() => readRecordBatchHeader(batch.subarray(0, end))).toThrow(DecodeError)
    }
    expect(() => readRecordBatchHeader(batch, -1)).toThrow(DecodeError)
  })

  test('S2: of nothing but zeros', () => {
    expect(() => readRecordBatchHeader(Buffer.alloc(4096))).toThrow(DecodeError)
    expect(() => [...splitBatches(Buffer.concat([batchOf('a'), Buffer.alloc(100)]))]).toThrow(DecodeError)
  })
})

test('timestamps beyond 2^53 - 1 saturate: a foreign record is always delivered', () => {
  const batch = batchOf('a')
  batch.writeBigInt64BE(2n ** 63n - 1n, batchPosition.baseTimestamp)
  batch.writeBigInt64BE(-(2n ** 63n), batchPosition.maxTimestamp)
  batch.writeUInt32BE(crc32c(batch, batchPosition.attributes), batchPosition.crc)
  expect(readRecordBatchHeader(batch)).toMatchObject({
    baseTimestampMs: Number.MAX_SAFE_INTEGER,
    maxTimestampMs: -Number.MAX_SAFE_INTEGER,
  })
  expect([...readRecords(batch)][0]).toMatchObject({ timestampMs: Number.MAX_SAFE_INTEGER })
})

test('S2: a batch whose checksum happens to be 0 is as good as any other', () => {
  const batch = batchOf('four free bytes: ....')
  const free = batch.length - 5
  // A CRC is linear: each bit of the free bytes flips a fixed set of its bits. Gauss finds which bits make it 0.
  const crcWith = (bits: number): number => {
    batch.writeUInt32BE(bits >>> 0, free)
    return crc32c(batch, batchPosition.attributes)
  }
  const constant = crcWith(0)
  const basis: { crc: number; bits: number }[] = []
  const reduce = (vector: { crc: number; bits: number }): { crc: number; bits: number } => {
    let { crc, bits } = vector
    for (const each of basis) {
      if ((crc ^ each.crc) >>> 0 < crc) {
        crc = (crc ^ each.crc) >>> 0
        bits = (bits ^ each.bits) >>> 0
      }
    }
    return { crc, bits }
  }
  for (let bit = 0; bit < 32; bit++) {
    basis.push(reduce({ crc: (crcWith(2 ** bit) ^ constant) >>> 0, bits: 2 ** bit }))
    basis.sort((left, right) => right.crc - left.crc)
  }
  const solution = reduce({ crc: constant, bits: 0 })
  expect(crcWith(solution.bits)).toBe(0)
  batch.writeUInt32BE(0, batchPosition.crc)
  expect(isCrcValid(batch, 0, readRecordBatchHeader(batch))).toBe(true)
  expect([...readRecords(batch)]).toHaveLength(1)
})

test('every single bit that flips under the checksum is noticed', () => {
  const batch = batchOf('some value')
  const header = readRecordBatchHeader(batch)
  for (let bit = batchPosition.attributes * 8; bit < batch.length * 8; bit++) {
    batch[bit >> 3]! ^= 1 << (bit & 7)
    expect(isCrcValid(batch, 0, header)).toBe(false)
    batch[bit >> 3]! ^= 1 << (bit & 7)
  }
  expect(isCrcValid(batch, 0, header)).toBe(true)
})

test('S1, S2: a batch that lost its last bytes does not fit its checksum, even if they were zeros', () => {
  const batch = batchOf('\0'.repeat(50))
  const header = readRecordBatchHeader(batch)
  for (let end = batch.length - 40; end < batch.length; end++) {
    expect(isCrcValid(batch.subarray(0, end), 0, header)).toBe(false)
  }
})

test('splitting gives each whole batch and stays silent about a last one that is cut off anywhere', () => {
  const batches = [batchOf('a'), batchOf('b', 'c'), batchOf('d')]
  const all = Buffer.concat(batches)
  const whole = [...splitBatches(all)]
  expect(whole.map(({ batch }) => batch)).toEqual(batches)
  expect(whole.map(({ position }) => position)).toEqual([
    0,
    batches[0]!.length,
    batches[0]!.length + batches[1]!.length,
  ])
  const lastStart = all.length - batches[2]!.length
  for (let end = lastStart; end < all.length; end++) {
    expect([...splitBatches(all.subarray(0, end))]).toHaveLength(2)
  }
})
