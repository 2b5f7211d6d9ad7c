// The options of `run`: what is allowed, what is the default.
import { z } from 'zod'
import { checked, func, milliseconds, topicName } from './options.ts'
import type { ConsumerRecord } from './record.ts'

/** What a handler is told beside the record. */
export interface HandlerContext {
  /** 1 for the first attempt at this record in this run. */
  readonly attempt: number
}

/** The record is finished when what it returns has settled well, and has failed when that rejects or throws. */
export type Handler<R> = (record: R, context: HandlerContext) => unknown

export interface RetryPolicy {
  /** How often a record is tried in all. Default: 1. */
  readonly maxAttempts?: number | undefined
  /** The wait after the first attempt; it doubles with each, give or take a fifth. Default: 100. */
  readonly backoffMs?: number | undefined
  /** The longest wait. Default: 30,000. */
  readonly maxBackoffMs?: number | undefined
}

export interface RunOptions<R = ConsumerRecord> {
  /** Called with each record and `{ attempt }`; the record is finished when what it returns has settled well. */
  readonly handler: Handler<R>
  /** Handlers at work at once, over all partitions. Default: 1. */
  readonly concurrency?: number | undefined
  /**
   * What is handled one after the other, in order: the records of a 'partition', or those of one 'key' within it, while
   * others go on beside them; records without a key have no order among themselves. Default: 'partition'.
   */
  readonly lanes?: 'partition' | 'key' | undefined
  /**
   * How long an attempt may take. After it the record's signal fires and the attempt has failed with HANDLER_TIMEOUT; a
   * handler that goes on regardless may still be at work when its record is tried again. Default: none.
   */
  readonly deadlineMs?: number | undefined
  /** What a failed record is given before it has failed for good. The records behind it in its lane wait. Default: one attempt. */
  readonly retry?: RetryPolicy | undefined
  /** Where a record goes that has failed for good, to count as finished then. Default: none, and `run` rejects. */
  readonly deadLetter?: { readonly topic: string } | undefined
  /** Whether finished records are committed by themselves, never past one that is not finished. Default: true. */
  readonly autoCommit?: boolean | undefined
  /** How long what is finished waits to be committed by itself. Default: the consumer's, 5,000. */
  readonly autoCommitIntervalMs?: number | undefined
  /** Ends the run: handlers at work may end, what is finished is committed, and the call rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

export const runSchema = z.strictObject({
  handler: func<Handler<never>>('async (record) => {}'),
  concurrency: z
    .int('must be a whole number')
    .min(1, 'must be at least 1')
    .max(10_000, 'must be at most 10000')
    .default(1),
  lanes: z.enum(['partition', 'key'], "must be 'partition' or 'key'").default('partition'),
  deadlineMs: milliseconds(1).optional(),
  retry: z
    .strictObject({
      maxAttempts: z
        .union([z.literal(Infinity), z.int().min(1, 'must be at least 1')], 'must be a whole number, or Infinity')
        .default(1),
      backoffMs: milliseconds(0).default(100),
      maxBackoffMs: milliseconds(0).default(30_000),
    })
    .prefault({}),
  deadLetter: z.strictObject({ topic: topicName }).optional(),
  autoCommit: z.boolean('must be true or false').default(true),
  autoCommitIntervalMs: milliseconds(0).optional(),
  signal: z.instanceof(AbortSignal, { message: 'must be an AbortSignal' }).optional(),
})

export type CheckedRunOptions = z.output<typeof runSchema>

/** Throws INVALID_OPTIONS that names the option and what is allowed. */
export const checkRunOptions = <R>(options: RunOptions<R>): CheckedRunOptions =>
  checked(runSchema, options, 'group.run')
