// What can be set for a log, under Kafka's names, with its defaults.

/** Settings of one partition's log; topics may override each (Kafka's topic configs of the same names). */
export interface LogConfig {
  /** `segment.bytes`: a segment never grows beyond this, except by its first batch. */
  segmentBytes: number
  /** `segment.ms`: a segment takes no more batches after this long. */
  segmentMs: number
  /** `segment.index.bytes`: a segment is rolled before one of its indexes outgrows this. */
  segmentIndexBytes: number
  /** `index.interval.bytes`: about one index entry per so many bytes of log. */
  indexIntervalBytes: number
  /** `retention.ms`, by the broker's clock since the last append to a segment; -1 keeps for ever. */
  retentionMs: number
  /** `retention.bytes` of one partition; -1 is no limit. */
  retentionBytes: number
  /** `max.message.bytes`: the largest batch, header included. */
  maxMessageBytes: number
  /** `message.timestamp.before.max.ms`: how far in the past a record's CreateTime may lie (KIP-937). */
  messageTimestampBeforeMaxMs: number
  /** `message.timestamp.after.max.ms`: how far in the future. */
  messageTimestampAfterMaxMs: number
  /** `durable`: visible and acknowledged (acks=all) once on disk. `os`: once written; a power cut may take it back. */
  flush: 'durable' | 'os'
}

const DAY_MS = 24 * 60 * 60 * 1000

/** Kafka's defaults, except for message.timestamp.after.max.ms of one hour, which Kafka 4 has too. */
export const defaultLogConfig: LogConfig = {
  segmentBytes: 1024 * 1024 * 1024,
  segmentMs: 7 * DAY_MS,
  segmentIndexBytes: 10 * 1024 * 1024,
  indexIntervalBytes: 4096,
  retentionMs: 7 * DAY_MS,
  retentionBytes: -1,
  maxMessageBytes: 1_048_588,
  messageTimestampBeforeMaxMs: Number.MAX_SAFE_INTEGER,
  messageTimestampAfterMaxMs: 60 * 60 * 1000,
  flush: 'durable',
}
