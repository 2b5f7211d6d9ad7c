// Produce and fetch in the original dialect: values without keys, written as record batches and read from any.
import {
  buildRecordBatch,
  DecodeError,
  isControl,
  readRecords,
  recordSizeUpperBound,
  RECORD_BATCH_OVERHEAD,
  splitBatches,
  wireV1FetchResponse,
  wireV1ProduceResponse,
  type ErrorCode,
  type RecordToBuild,
  type WireV1ErrorCode,
  type WireV1Request,
} from '@goqueue/protocol'
import type { Services } from '../handlers/services.ts'
import { isInternalTopic } from '../topics/internal-topics.ts'
import type { AppendOutcome, PartitionLog } from '../log/partition-log.ts'

const INVALID_REQUEST = 1
const UNKNOWN_TOPIC = 2
const UNKNOWN_PARTITION = 3
const INVALID_MESSAGE = 4
const MESSAGE_TOO_LARGE = 5
const OFFSET_OUT_OF_RANGE = 6

/** Row N10: how far a batch may inflate, absolutely and against its size. */
const MAX_INFLATED_BYTES = 64 * 1024 * 1024
const MAX_INFLATION = 100
/** A batch may hold millions of empty messages: so many are in one answer, whatever bytes it may have. */
const MAX_MESSAGES = 100_000
const NO_VALUE = Buffer.alloc(0)

function find(services: Services, topic: string, partition: number): PartitionLog | WireV1ErrorCode {
  const known = services.topics.byName(topic)
  if (known === undefined) return UNKNOWN_TOPIC
  return known.logs[partition] ?? UNKNOWN_PARTITION
}

function codeOf(errorCode: ErrorCode): WireV1ErrorCode {
  if (errorCode === 'NONE') return 0
  if (errorCode === 'MESSAGE_TOO_LARGE') return MESSAGE_TOO_LARGE
  return errorCode === 'INVALID_RECORD' || errorCode === 'CORRUPT_MESSAGE' ? INVALID_MESSAGE : INVALID_REQUEST
}

/** As few batches as the size limit allows. A message that no batch can hold is in one by itself, to be refused. */
function batchesOf(messages: readonly Buffer[], timestampMs: number, maxBytes: number): Buffer[] {
  const batches: RecordToBuild[][] = []
  let bytes = Infinity
  for (const value of messages) {
    const record = { key: null, value, headers: [], timestampMs }
    const size = recordSizeUpperBound(record)
    if (bytes + size > maxBytes) {
      batches.push([])
      bytes = RECORD_BATCH_OVERHEAD
    }
    batches.at(-1)?.push(record)
    bytes += size
  }
  return batches.map((records) => buildRecordBatch({ records, compression: 'none' }))
}

/** Always acks=all: the answer comes when every message is on the disk. */
export async function answerProduce(
  services: Services,
  { topic, partition, messages }: Extract<WireV1Request, { type: 'produce' }>,
): Promise<Buffer> {
  const log = find(services, topic, partition)
  if (typeof log === 'number') return wireV1ProduceResponse(log, 0)
  if (isInternalTopic(topic)) return wireV1ProduceResponse(INVALID_REQUEST, 0)
  if (messages.length === 0) return wireV1ProduceResponse(INVALID_MESSAGE, 0)
  const { messageMaxBytes } = services.settings
  const batches = batchesOf(messages, services.runtime.wallClockMs(), messageMaxBytes)
  if (batches.some((batch) => batch.length > messageMaxBytes)) return wireV1ProduceResponse(MESSAGE_TOO_LARGE, 0)
  // All are queued in this turn, so their offsets follow one another.
  const outcomes = await Promise.all(batches.map((batch) => log.append(batch, { acks: -1 })))
  const failed = outcomes.find(({ errorCode }) => errorCode !== 'NONE')
  if (failed !== undefined) return wireV1ProduceResponse(codeOf(failed.errorCode), 0)
  const first = outcomes[0] as Extract<AppendOutcome, { errorCode: 'NONE' }>
  return wireV1ProduceResponse(0, first.baseOffset)
}

interface Messages {
  readonly messages: Buffer[]
  readonly nextOffset: number
}

function* recordsFrom(batches: Buffer, offset: number): Generator<{ offset: number; value: Buffer }> {
  for (const { header, batch } of splitBatches(batches)) {
    if (isControl(header)) continue
    const maxDecompressedBytes = Math.min(MAX_INFLATED_BYTES, MAX_INFLATION * batch.length)
    for (const record of readRecords(batch, { maxDecompressedBytes })) {
      if (record.offset >= offset) yield { offset: record.offset, value: record.value ?? NO_VALUE }
    }
  }
}

/** The values from `offset` on, up to `maxBytes` but at least one. Throws DecodeError where the first cannot be read. */
function valuesFrom(batches: Buffer, offset: number, maxBytes: number): Messages {
  const messages: Buffer[] = []
  let nextOffset = offset
  let bytes = 0
  try {
    for (const record of recordsFrom(batches, offset)) {
      bytes += record.value.length
      if (messages.length > 0 && (bytes > maxBytes || messages.length === MAX_MESSAGES)) break
      messages.push(record.value)
      nextOffset = record.offset + 1
    }
  } catch (error) {
    // A batch that inflates too far takes nothing away of what stands before it: that is what the next fetch meets.
    if (!(error instanceof DecodeError) || messages.length === 0) throw error
  }
  return { messages, nextOffset }
}

export async function answerFetch(
  services: Services,
  { topic, partition, offset, maxBytes }: Extract<WireV1Request, { type: 'fetch' }>,
): Promise<Buffer> {
  const refused = (errorCode: WireV1ErrorCode) =>
    wireV1FetchResponse({ topic, partition, errorCode, nextOffset: offset, messages: [] })
  const log = find(services, topic, partition)
  if (typeof log === 'number') return refused(log)
  if (maxBytes < 0) return refused(INVALID_REQUEST)
  const limit = Math.min(maxBytes, services.settings.fetchMaxBytes, services.unsent.room)
  const outcome = await log.read(offset, limit)
  if (outcome.errorCode === 'OFFSET_OUT_OF_RANGE') return refused(OFFSET_OUT_OF_RANGE)
  if (outcome.errorCode !== 'NONE') return refused(INVALID_MESSAGE)
  try {
    return wireV1FetchResponse({ topic, partition, errorCode: 0, ...valuesFrom(outcome.records, offset, limit) })
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    return refused(INVALID_MESSAGE)
  }
}
