// What a broker checks of the records in a Produce request before it appends them. Nothing is decompressed.
import { checkRecords } from './check-records.ts'
import { DecodeError } from './decode-error.ts'
import {
  batchPosition,
  compressionOf,
  hasLogAppendTime,
  isControl,
  isCrcValid,
  isTransactional,
  LOG_OVERHEAD,
  RECORD_BATCH_MAGIC,
  RECORD_BATCH_OVERHEAD,
  readRecordBatchHeader,
  sizeOfBatch,
} from './record-batch.ts'
import type { RecordBatchHeader } from './record-batch.ts'

export interface ProduceLimits {
  /** Kafka's `max.message.bytes`: the largest batch, header included. */
  maxMessageBytes: number
}

export type ProduceRefusal =
  'CORRUPT_MESSAGE' | 'INVALID_RECORD' | 'INVALID_TIMESTAMP' | 'MESSAGE_TOO_LARGE' | 'UNSUPPORTED_FOR_MESSAGE_FORMAT'

/** The batches of one partition in a Produce request, or why they are refused. */
export type ProduceCheck =
  | { errorCode: 'NONE'; batches: { position: number; header: RecordBatchHeader }[] }
  | { errorCode: ProduceRefusal; message: string }

/**
 * Checks what a producer sent for one partition: whole batches, format v2, size, checksum, counts that agree, and,
 * where the records are not compressed, every length inside. Kafka allows exactly one batch (ProduceRequest.java,
 * validateRecords), and so do we: a retry is then one duplicate or one append, never half of each.
 */
export function checkProduceBatches(records: Buffer, limits: ProduceLimits): ProduceCheck {
  if (records.length === 0) return refused('INVALID_RECORD', 'there is no record batch')
  if (records.length <= batchPosition.magic) return refused('CORRUPT_MESSAGE', 'the record batch is cut off')
  // Formats v0 and v1 keep their magic at the same place, so they can be told apart from rubbish.
  const magic = records.readInt8(batchPosition.magic)
  if (magic === 0 || magic === 1) {
    return refused(
      'UNSUPPORTED_FOR_MESSAGE_FORMAT',
      `message format v${magic} is not supported: send record batches of format v${RECORD_BATCH_MAGIC} (Produce v3 or later)`,
    )
  }
  try {
    return checkBatch(records, limits)
  } catch (error) {
    if (error instanceof DecodeError) return refused('CORRUPT_MESSAGE', error.message)
    throw error
  }
}

function checkBatch(records: Buffer, limits: ProduceLimits): ProduceCheck {
  // The size comes first: a batch over the limit is told so, whatever else may be wrong with it.
  const size = records.readInt32BE(batchPosition.batchLength) + LOG_OVERHEAD
  if (size > limits.maxMessageBytes) {
    return refused('MESSAGE_TOO_LARGE', `a batch of ${size} bytes is over the limit of ${limits.maxMessageBytes}`)
  }
  const header = readRecordBatchHeader(records)
  if (sizeOfBatch(header) > records.length) return refused('CORRUPT_MESSAGE', 'the record batch is cut off')
  if (!isCrcValid(records, 0, header)) return refused('CORRUPT_MESSAGE', 'the record batch does not fit its checksum')
  if (sizeOfBatch(header) < records.length) {
    return refused('INVALID_RECORD', 'a partition takes exactly one record batch per request, and nothing after it')
  }
  const refusal = refusalOfHeader(header)
  if (refusal !== null) return refusal
  if (compressionOf(header) === 'none') {
    checkRecords(records, RECORD_BATCH_OVERHEAD, records.length, header.recordCount, header.lastOffsetDelta)
  }
  return { errorCode: 'NONE', batches: [{ position: 0, header }] }
}

function refusalOfHeader(header: RecordBatchHeader): ProduceCheck | null {
  if (header.recordCount === 0) return refused('INVALID_RECORD', 'the record batch is empty')
  if (header.recordCount !== header.lastOffsetDelta + 1) {
    return refused('INVALID_RECORD', `${header.recordCount} records cannot span ${header.lastOffsetDelta + 1} offsets`)
  }
  if (isControl(header)) return refused('INVALID_RECORD', 'a client may not write control records')
  if (isTransactional(header)) return refused('INVALID_RECORD', 'transactions are not supported')
  if (hasLogAppendTime(header)) return refused('INVALID_TIMESTAMP', 'only the broker may stamp log append time')
  if (header.producerId !== -1 && (header.producerEpoch < 0 || header.baseSequence < 0)) {
    return refused('INVALID_RECORD', 'an idempotent batch needs a producer epoch and a base sequence')
  }
  return null
}

function refused(errorCode: ProduceRefusal, message: string): ProduceCheck {
  return { errorCode, message }
}
