// Looks for one record inside a batch, by its timestamp, without trusting what the batch may unfold to.
import { DecodeError, readRecords } from '@goqueue/protocol'
import type { RecordBatchHeader } from '@goqueue/protocol'

const LARGEST_UNFOLDED_BYTES = 64 * 1024 * 1024
/** A small batch may unfold to this much whatever its ratio. */
const ALWAYS_UNFOLDED_BYTES = 1024 * 1024
const LARGEST_RATIO = 100

/** A record's offset and its timestamp. */
export interface TimestampedOffset {
  offset: number
  timestampMs: number
}

/**
 * The first record at or behind `fromOffset` with at least this timestamp; null when the batch has none. A batch that
 * unfolds beyond a hundred times its size (and 1 MiB), or beyond 64 MiB, is answered with its base offset.
 */
export function findRecord(
  batch: Buffer,
  header: RecordBatchHeader,
  timestampMs: number,
  fromOffset: number,
): TimestampedOffset | null {
  const maxDecompressedBytes = Math.min(
    LARGEST_UNFOLDED_BYTES,
    Math.max(ALWAYS_UNFOLDED_BYTES, LARGEST_RATIO * batch.length),
  )
  try {
    for (const record of readRecords(batch, { maxDecompressedBytes })) {
      if (record.offset >= fromOffset && record.timestampMs >= timestampMs) {
        return { offset: record.offset, timestampMs: record.timestampMs }
      }
    }
    return null
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    return { offset: Math.max(header.baseOffset, fromOffset), timestampMs: header.baseTimestampMs }
  }
}
