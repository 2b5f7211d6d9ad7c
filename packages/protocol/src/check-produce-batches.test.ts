// What a broker says to what producers send: row N9, and Kafka's rules.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { buildRecordBatch } from './build-record-batch.ts'
import { checkProduceBatches } from './check-produce-batches.ts'
import { crc32c } from './crc32c.ts'
import { batchPosition, readRecordBatchHeader, RECORD_BATCH_OVERHEAD } from './record-batch.ts'
import type { CompressionName } from './compression/compression-name.ts'

const limits = { maxMessageBytes: 1_048_588 }

function batchOf(compression: CompressionName = 'none', count = 2): Buffer {
  const records = Array.from({ length: count }, (_, i) => ({ key: 'k', value: 'v', headers: [], timestampMs: i }))
  return buildRecordBatch({ records, compression })
}

/** The batch after a change, under a checksum that fits it. */
function changed(change: (batch: Buffer) => void, compression: CompressionName = 'none'): Buffer {
  const batch = batchOf(compression)
  change(batch)
  batch.writeUInt32BE(crc32c(batch, batchPosition.attributes), batchPosition.crc)
  return batch
}

test('a sound batch is taken, with its header', () => {
  const batch = batchOf()
  expect(checkProduceBatches(batch, limits)).toEqual({
    errorCode: 'NONE',
    batches: [{ position: 0, header: readRecordBatchHeader(batch) }],
  })
})

describe('N9: refused is', () => {
  const refusals: [string, string, Buffer][] = [
    ['nothing at all', 'INVALID_RECORD', Buffer.alloc(0)],
    ['a second batch', 'INVALID_RECORD', Buffer.concat([batchOf(), batchOf()])],
    ['anything after the batch', 'INVALID_RECORD', Buffer.concat([batchOf(), Buffer.alloc(1)])],
    ['a record count of -1', 'CORRUPT_MESSAGE', changed((b) => b.writeInt32BE(-1, batchPosition.recordCount))],
    ['a record count of 0', 'INVALID_RECORD', changed((b) => b.writeInt32BE(0, batchPosition.recordCount))],
    ['a count below the offsets', 'INVALID_RECORD', changed((b) => b.writeInt32BE(1, batchPosition.recordCount))],
    ['a count above the offsets', 'CORRUPT_MESSAGE', changed((b) => b.writeInt32BE(9, batchPosition.recordCount))],
    ['a lying last offset delta', 'INVALID_RECORD', changed((b) => b.writeInt32BE(9, batchPosition.lastOffsetDelta))],
    ['an unknown compression', 'CORRUPT_MESSAGE', changed((b) => b.writeInt16BE(7, batchPosition.attributes))],
    ['a future format', 'CORRUPT_MESSAGE', changed((b) => b.writeInt8(3, batchPosition.magic))],
    ['a broken record', 'CORRUPT_MESSAGE', changed((b) => b.writeInt8(99, RECORD_BATCH_OVERHEAD))],
    [
      'a producer id without epoch and sequence',
      'INVALID_RECORD',
      changed((b) => b.writeBigInt64BE(5n, batchPosition.producerId)),
    ],
  ]
  test.each(refusals)('%s, with %s', (_what, errorCode, records) => {
    expect(checkProduceBatches(records, limits)).toEqual({ errorCode, message: expect.any(String) as string })
  })

  test('a batch cut off anywhere', () => {
    const batch = batchOf()
    for (let end = 1; end < batch.length; end++) {
      expect(checkProduceBatches(batch.subarray(0, end), limits).errorCode).toBe('CORRUPT_MESSAGE')
    }
  })

  test('a batch one byte over the limit, and that before its checksum is looked at', () => {
    const batch = batchOf()
    batch.writeUInt32BE(0, batchPosition.crc)
    const tooLarge = checkProduceBatches(batch, { maxMessageBytes: batch.length - 1 })
    expect(tooLarge.errorCode).toBe('MESSAGE_TOO_LARGE')
    expect(checkProduceBatches(batchOf(), { maxMessageBytes: batch.length }).errorCode).toBe('NONE')
  })

  test('a batch in which any bit under the checksum has flipped', () => {
    const batch = batchOf()
    for (let bit = batchPosition.attributes * 8; bit < batch.length * 8; bit++) {
      batch[bit >> 3]! ^= 1 << (bit & 7)
      expect(checkProduceBatches(batch, limits).errorCode).toBe('CORRUPT_MESSAGE')
      batch[bit >> 3]! ^= 1 << (bit & 7)
    }
  })
})

test.each(['gzip', 'snappy', 'lz4', 'zstd'] as const)('N10: nothing under %s is unfolded', (compression) => {
  const rubbish = changed((batch) => batch.fill(0xff, RECORD_BATCH_OVERHEAD), compression)
  expect(checkProduceBatches(rubbish, limits).errorCode).toBe('NONE')
})

test('N9: any bytes at all are answered with a code, never with an exception', () => {
  const batch = batchOf()
  const damaged = fc
    .array(fc.tuple(fc.nat(batch.length - 1), fc.nat(255)), { maxLength: 6 })
    .map((changes) => changed((bytes) => changes.forEach(([at, byte]) => (bytes[at] = byte))))
  const anything = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes))
  fc.assert(
    fc.property(fc.oneof(damaged, anything), (records) => {
      expect(checkProduceBatches(records, limits).errorCode).toMatch(/^[A-Z_]+$/)
    }),
    { numRuns: 1_000 },
  )
})
