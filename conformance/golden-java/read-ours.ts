// Gives record batches that buildRecordBatch wrote to Kafka's own reader, in every compression, and compares what it finds.
import { deepStrictEqual } from 'node:assert'
import { createHash } from 'node:crypto'
import { buildRecordBatch, type CompressionName, type RecordToBuild } from '@goqueue/protocol'
import { compileAgainst } from './java.ts'

const kafkaVersions = ['4.1.2', '3.9.2']
const compressions: CompressionName[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

/** A repeatable stream of numbers in [0, 1): the batches of two runs are the same. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

function someBytes(random: () => number, limit: number): Buffer | null {
  if (random() < 0.1) return null
  const bytes = Buffer.alloc(Math.floor(random() * limit))
  // Half of them repeat themselves, so that every compressor finds matches, and half do not, so that it finds none.
  const period = random() < 0.5 ? 7 : bytes.length
  for (let i = 0; i < bytes.length; i++) bytes[i] = i < period ? random() * 256 : bytes[i - period]!
  return bytes
}

function someRecords(random: () => number, count: number, valueBytes: number): RecordToBuild[] {
  return Array.from({ length: count }, () => ({
    key: someBytes(random, 20),
    value: someBytes(random, valueBytes),
    headers: Array.from({ length: Math.floor(random() * 3) }, (_, i) => [`hëader-${i}`, someBytes(random, 9)] as const),
    timestampMs: 1_700_000_000_000 + Math.floor((random() - 0.5) * 1e10),
  }))
}

function base64(bytes: unknown): string | null {
  return bytes === null ? null : Buffer.from(bytes as Uint8Array).toString('base64')
}

function expectedRecord(record: RecordToBuild, offset: number) {
  const value = record.value as Buffer | null
  const isLong = value !== null && value.length > 1024
  return {
    offset,
    timestampMs: record.timestampMs,
    key: base64(record.key),
    ...(isLong ? { valueSha256: createHash('sha256').update(value).digest('hex') } : { value: base64(value) }),
    headers: record.headers.map(([name, content]) => [name, base64(content)]),
  }
}

const random = seeded(7)
const shapes = [
  ...Array.from({ length: 20 }, () => [1 + Math.floor(random() * 5), 60] as const),
  ...Array.from({ length: 5 }, () => [50, 5_000] as const),
  [3, 300_000] as const,
]
const batches: string[] = []
const expected: unknown[] = []
for (const compression of compressions) {
  for (const [index, [count, valueBytes]] of shapes.entries()) {
    const records = someRecords(random, count, valueBytes)
    const producer =
      index % 2 === 0 ? {} : { producerId: 2 ** 41 + index, producerEpoch: index, baseSequence: index * 1000 }
    batches.push(buildRecordBatch({ records, compression, ...producer, baseOffset: 2 ** 33 }).toString('hex'))
    expected.push({
      compression,
      timestampType: 'CreateTime',
      baseOffset: 2 ** 33,
      lastOffset: 2 ** 33 + count - 1,
      partitionLeaderEpoch: -1,
      producerId: producer.producerId ?? -1,
      producerEpoch: producer.producerEpoch ?? -1,
      baseSequence: producer.baseSequence ?? -1,
      maxTimestampMs: Math.max(...records.map((record) => record.timestampMs)),
      records: records.map((record, offset) => expectedRecord(record, 2 ** 33 + offset)),
    })
  }
}
for (const kafkaVersion of kafkaVersions) {
  deepStrictEqual(compileAgainst(kafkaVersion).run('PrintRecordBatches', batches.join('\n')), expected)
  process.stdout.write(`kafka-clients ${kafkaVersion} reads all ${batches.length} batches as they were meant\n`)
}
