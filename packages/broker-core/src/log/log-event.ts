// What a log tells whoever runs the broker: nothing that went wrong on disk passes in silence.

/** Something on disk that was not as it should be. `log` is `<topicId>-<partition>`. */
export type LogEvent =
  /** A write that a crash cut short was cut off; its bytes were copied to `keptIn`. No durable record is affected. */
  | { kind: 'torn-tail-truncated'; log: string; offset: number; bytes: number; keptIn: string }
  /** Records [fromOffset, toOffset) cannot be read: CORRUPT_MESSAGE there. Nothing was deleted. */
  | { kind: 'rot-found'; log: string; file: string; position: number; fromOffset: number; toOffset: number }
  /** The log opened with durable records damaged: it serves what is good and takes no appends. */
  | { kind: 'log-quarantined'; log: string; reason: string }
  /** An index did not fit its segment and was made anew from it. */
  | { kind: 'index-rebuilt'; log: string; file: string }
  /** A cache (index, producer snapshot) could not be written or read; it will be made anew. */
  | { kind: 'cache-failed'; log: string; error: unknown }
  /** A write or sync failed: the log takes no more appends until the broker restarts. */
  | { kind: 'log-failed'; log: string; error: unknown }
  | { kind: 'read-failed'; log: string; error: unknown }
  | { kind: 'retention-failed'; log: string; error: unknown }
  /** The recovery-point file is damaged: start-up does without it and checks each log's last segment whole. */
  | { kind: 'recovery-point-damaged'; file: string }
  | { kind: 'recovery-point-failed'; error: unknown }
  /** Records are refused from now on, so that the rest of the disk stays free. */
  | { kind: 'diskReserveReached'; directory: string; freeBytes: number; reserveBytes: number }
  | { kind: 'diskReserveRecovered'; directory: string; freeBytes: number; reserveBytes: number }
  /** The disk did not say how much of it is free: records are taken without looking, until it says so again. */
  | { kind: 'diskReserveUnknown'; directory: string; error: unknown }

export type ReportLogEvent = (event: LogEvent) => void
