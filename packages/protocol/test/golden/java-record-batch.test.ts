// Record batches of Kafka's own builder in every compression, some of several blocks: our reading, and our writing.
import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { buildRecordBatch } from '../../src/build-record-batch.ts'
import type { CompressionName } from '../../src/compression/compression-name.ts'
import { readRecords } from '../../src/read-records.ts'
import {
  compressionOf,
  hasLogAppendTime,
  isCrcValid,
  lastOffset,
  readRecordBatchHeader,
  sizeOfBatch,
} from '../../src/record-batch.ts'
import { goldenVectors } from './golden-vectors.ts'

interface JavaRecord {
  offset: number
  timestampMs: number
  key: string | null
  value?: string | null
  /** In place of a long value. */
  valueSha256?: string
  headers: [string, string | null][]
}

interface BatchVector {
  name: string
  hex: string
  batch: {
    compression: CompressionName
    timestampType: 'CreateTime' | 'LogAppendTime'
    baseOffset: number
    lastOffset: number
    partitionLeaderEpoch: number
    producerId: number
    producerEpoch: number
    baseSequence: number
    maxTimestampMs: number
    records: JavaRecord[]
  }
}

const vectors = goldenVectors<BatchVector>('java-record-batches')
const uncompressed = vectors.filter(
  ({ batch }) => batch.compression === 'none' && batch.timestampType === 'CreateTime',
)

function base64(bytes: Buffer | null): string | null {
  return bytes === null ? null : bytes.toString('base64')
}

function fromBase64(text: string | null | undefined): Buffer | null {
  return typeof text === 'string' ? Buffer.from(text, 'base64') : null
}

test.each(vectors)('$name: the header and every record read as the Java client reads them', ({ hex, batch }) => {
  const bytes = Buffer.from(hex, 'hex')
  const header = readRecordBatchHeader(bytes)
  expect(isCrcValid(bytes, 0, header)).toBe(true)
  expect(sizeOfBatch(header)).toBe(bytes.length)
  const records = [...readRecords(bytes)].map(({ key, value, headers, ...place }, index) => ({
    ...place,
    key: base64(key),
    ...(batch.records[index]?.valueSha256 === undefined
      ? { value: base64(value) }
      : { valueSha256: createHash('sha256').update(value ?? '').digest('hex') }),
    headers: headers.map(([name, content]) => [name, base64(content)]),
  }))
  expect({
    compression: compressionOf(header),
    timestampType: hasLogAppendTime(header) ? 'LogAppendTime' : 'CreateTime',
    baseOffset: header.baseOffset,
    lastOffset: lastOffset(header),
    partitionLeaderEpoch: header.partitionLeaderEpoch,
    producerId: header.producerId,
    producerEpoch: header.producerEpoch,
    baseSequence: header.baseSequence,
    maxTimestampMs: header.maxTimestampMs,
    records,
  }).toEqual(batch)
})

test.each(uncompressed)('$name: a batch of the same records equals that of the Java client, byte by byte', (vector) => {
  const { records, baseOffset, producerId, producerEpoch, baseSequence } = vector.batch
  const built = buildRecordBatch({
    records: records.map(({ key, value, headers, timestampMs }) => ({
      key: fromBase64(key),
      value: fromBase64(value),
      headers: headers.map(([name, content]) => [name, fromBase64(content)] as const),
      timestampMs,
    })),
    compression: 'none',
    baseOffset,
    producerId,
    producerEpoch,
    baseSequence,
  })
  expect(built.toString('hex')).toBe(vector.hex)
})
