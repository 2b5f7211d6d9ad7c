// The options a person types: what is allowed, what is the default, and an error that names the option and says both.
import type { Assignor, CompressionName } from '@goqueue/protocol'
import { z } from 'zod'
import type { BrokerAddress, Dial } from './connection.ts'
import { GoQueueError } from './errors.ts'
import type { Partitioner } from './partitioner.ts'
import type { Runtime } from './runtime.ts'
import type { TopicToRead } from './subscription.ts'
import { isTopic, type Topic } from './topic.ts'

export interface ClientOptions {
  /** `HOST:PORT` of some brokers of the cluster; the others are learnt from them. Default: `localhost:9092`. */
  readonly brokers?: readonly string[] | undefined
  /** Names this program in the brokers' logs and in `describe-group`. Default: `goqueue`. */
  readonly clientId?: string | undefined
  /** How long a call may take in all, attempts after failures included, before it rejects. Default: 30,000. */
  readonly timeoutMs?: number | undefined
  /** How old what is known of topics may grow before it is asked for again. Default: 300,000. */
  readonly metadataMaxAgeMs?: number | undefined
  /** Makes the wire to a broker instead of TCP: `() => broker.connect()` for one in this process. */
  readonly dial?: Dial | undefined
  /** Clock, timers and chance, for tests on virtual time. */
  readonly runtime?: Runtime | undefined
}

export interface ProducerOptions {
  /** When a send has succeeded: 'all' (or -1) on disk as the cluster promises, 1 at the leader, 0 unknown. Default: 'all'. */
  readonly acks?: 'all' | -1 | 0 | 1 | undefined
  /** How long a batch waits for company. Default: 0; what has come while all requests were under way goes together anyway. */
  readonly lingerMs?: number | undefined
  /** A batch is closed when it reaches this size before compression. Default: 524,288. */
  readonly batchBytes?: number | undefined
  /** How batches are compressed; readers need not be told. Default: 'none'. */
  readonly compression?: CompressionName | undefined
  /** No duplicates and no reordering through retries (KIP-98). Default: true, unless `acks` is 0 or 1. */
  readonly idempotent?: boolean | undefined
  /** Produce requests under way to one broker. At most 5 when idempotent. Default: 5. */
  readonly maxInFlight?: number | undefined
  /** How long a record may take from `send` to its outcome, retries included. Default: 120,000. */
  readonly deliveryTimeoutMs?: number | undefined
  /** Bytes of records accepted and not yet delivered; beyond it `send` waits. Default: 32 MiB. */
  readonly maxBufferedBytes?: number | undefined
  /** Chooses the partition of a record that names none. Default: Kafka's murmur2 by key, else one partition per batch. */
  readonly partitioner?: Partitioner | undefined
}

/** Where to start in a partition for which nothing is committed, or whose offset is gone. */
export type AutoOffsetReset = 'earliest' | 'latest' | 'none'

export interface ConsumerOptions {
  /**
   * Where to start when nothing else says where: 'earliest', 'latest' or 'none' (an error). Default: 'earliest': a new group
   * reads what is there, and a partition added later is read from its first record, which 'latest' (Kafka's default) would
   * miss. Only the clean answer "nothing is committed" or OFFSET_OUT_OF_RANGE brings it into play, never a failure.
   */
  readonly autoOffsetReset?: AutoOffsetReset | undefined
  /** How long a broker may hold a fetch that finds less than `minBytes`. Default: 500. */
  readonly maxWaitMs?: number | undefined
  /** A fetch that finds less than this is held for up to `maxWaitMs`. Default: 1. */
  readonly minBytes?: number | undefined
  /** Most bytes of one fetch answer. Default: 16 MiB. */
  readonly maxBytes?: number | undefined
  /** Most bytes of one partition in one fetch answer (one larger batch comes whole). Default: 1 MiB. */
  readonly partitionMaxBytes?: number | undefined
  /** Bytes fetched and not yet delivered; beyond it nothing is fetched. Default: 64 MiB. */
  readonly maxBufferedBytes?: number | undefined
}

/** Of a consumer whose partitions the application names. */
export interface AssignedConsumerOptions<T extends string | Topic = string> extends ConsumerOptions {
  /** The topics that may be assigned, so that records of typed ones are read as what they are. Default: any, as bytes. */
  readonly topics?: readonly T[] | undefined
}

export interface GroupConsumerOptions<T extends TopicToRead = string | RegExp> extends ConsumerOptions {
  /** The group that this member shares the partitions with; its committed offsets belong to the group. */
  readonly groupId: string
  /**
   * Makes the member static (KIP-345, Kafka's `group.instance.id`): back within the session timeout it has its
   * partitions again without a rebalance. Unique in the group; 1 to 249 of `[a-zA-Z0-9._-]`.
   */
  readonly consumerId?: string | undefined
  /**
   * Names, typed topics, and patterns: a RegExp stands for every topic whose name it matches but Kafka's internal ones, those
   * too that come later (they are noticed within the client's `metadataMaxAgeMs`).
   */
  readonly topics: readonly T[]
  /** How long the group waits for a sign of life before it gives the partitions to others. Default: 30,000. */
  readonly sessionTimeoutMs?: number | undefined
  /**
   * How often the member gives a sign of life. Default: `sessionTimeoutMs` / 3, at most 1,000: a member learns of a rebalance
   * from a heartbeat's answer.
   */
  readonly heartbeatIntervalMs?: number | undefined
  /** How long the group waits for a member to rejoin. Default: 60,000. */
  readonly rebalanceTimeoutMs?: number | undefined
  /**
   * How partitions are shared out, in order of preference: 'roundrobin', 'range', 'sticky', 'cooperative-sticky', or
   * assignors of your own. Members of a group must have one in common. Default: `['roundrobin']`.
   *
   * With `['cooperative-sticky']` a member keeps its partitions through a rebalance, reads and commits on, and gives up
   * only those that another is to have (KIP-429). That needs every assignor of the list to be cooperative. A running group
   * changes over in two rolling restarts: first to `['cooperative-sticky', 'range']` (with the assignor that it has now
   * in place of 'range'; members give up everything before they rejoin, as before), then to `['cooperative-sticky']`.
   */
  readonly assignors?: readonly (string | Assignor)[] | undefined
  /**
   * Called with the partitions that this member has got and did not have before, by topic. Nothing of them is delivered
   * before what it returns has settled: the place to `seek`, or to load the state that belongs to them.
   *
   * The callbacks are called one at a time, never with nothing. What one throws rejects the iteration, once; the
   * membership goes on.
   */
  readonly onPartitionsAssigned?: ((partitions: Record<string, number[]>) => void | Promise<void>) | undefined
  /**
   * Called with the partitions that this member gives up because the group rebalances or the member leaves or closes.
   * They are delivered no more and their records' signals have fired, but nobody else has them until what it returns has
   * settled (within `rebalanceTimeoutMs`, or 5 s on closing): the place to finish, and to `commitOffset` what is done.
   */
  readonly onPartitionsRevoked?: ((partitions: Record<string, number[]>) => void | Promise<void>) | undefined
  /**
   * Called with partitions that were taken away without notice (the session expired, or the group shut this member out):
   * others may have them already, and commits are refused.
   */
  readonly onPartitionsLost?: ((partitions: Record<string, number[]>) => void | Promise<void>) | undefined
  /**
   * Whether iterating commits by itself what is finished: each record once the next is asked for, at intervals, when
   * partitions are given up, and on closing. Default: false. (`run` has its own option, which is true by default.)
   */
  readonly autoCommit?: boolean | undefined
  /** How long what is finished waits to be committed by itself. Default: 5,000. */
  readonly autoCommitIntervalMs?: number | undefined
  /**
   * How long nothing of a partition may be delivered though there is something. After it `goqueue:client:stall` tells why,
   * and unless it is the application that is waited for, the member starts over. Infinity: never. Default: 60,000.
   */
  readonly stallTimeoutMs?: number | undefined
}

/** A topic to create. */
export interface TopicToCreate {
  /** What the topic is called; '.' and '..' are not allowed. */
  readonly name: string
  /** How many partitions it has. Default: the broker's `num.partitions`. */
  readonly partitions?: number | undefined
  /** On how many brokers each record lies: 1 with GoQueue. Default: the broker's `default.replication.factor`. */
  readonly replicationFactor?: number | undefined
  /** Kafka's topic configs, e.g. `{ 'retention.ms': '3600000' }`. Default: the broker's. */
  readonly configs?: Readonly<Record<string, string | number | boolean>> | undefined
}

export const milliseconds = (least: number) =>
  z
    .number(`must be a number of milliseconds, at least ${least}`)
    .min(least, `must be at least ${least} ms`)
    .max(2 ** 31 - 1, `must be at most ${2 ** 31 - 1} ms`)
const byteCount = (least: number) =>
  z
    .int('must be a whole number of bytes')
    .min(least, `must be at least ${least} bytes`)
    .max(2 ** 31 - 1, 'must be below 2 GiB')
export const func = <T>(example: string) =>
  z.custom<T>((value) => typeof value === 'function', `must be a function, e.g. ${example}`)
const nonEmpty = z.string('must be a string').min(1, 'must not be empty')
export const topicName = nonEmpty
  .max(249, 'must be at most 249 characters')
  .regex(/^[a-zA-Z0-9._-]+$/, 'may contain only letters, digits, ".", "_" and "-"')

/** Reads `HOST`, `HOST:PORT` or `[IPv6]:PORT`; null when it is none of them. */
export function parseAddress(text: string): BrokerAddress | null {
  const match = /^(?:\[([^[\]]+)\]|([^:[\]\s]+))(?::(\d{1,5}))?$/.exec(text)
  const host = match?.[1] ?? match?.[2]
  const port = Number(match?.[3] ?? 9092)
  return host === undefined || port < 1 || port > 65_535 ? null : { host, port }
}

const address = z.string('must be a string such as "localhost:9092"').transform((text, context): BrokerAddress => {
  const parsed = parseAddress(text)
  if (parsed !== null) return parsed
  context.addIssue({ code: 'custom', message: `'${text}' is not HOST:PORT` })
  return z.NEVER
})

export const clientSchema = z.strictObject({
  brokers: z
    .array(address, 'must be an array of "HOST:PORT"')
    .min(1, 'must name at least one broker')
    .default([{ host: 'localhost', port: 9092 }]),
  clientId: nonEmpty.max(255, 'must be at most 255 characters').default('goqueue'),
  timeoutMs: milliseconds(1).default(30_000),
  metadataMaxAgeMs: milliseconds(100).default(300_000),
  dial: func<Dial>('() => broker.connect()').optional(),
  runtime: z.custom<Runtime>((value) => typeof value === 'object' && value !== null).optional(),
})

export const producerSchema = z
  .strictObject({
    acks: z
      .literal(['all', -1, 0, 1], "must be 'all', -1, 0 or 1")
      .default('all')
      .transform((acks) => (acks === 'all' ? -1 : acks)),
    lingerMs: milliseconds(0).default(0),
    batchBytes: byteCount(1).default(512 * 1024),
    compression: z
      .enum(['none', 'gzip', 'snappy', 'lz4', 'zstd'], "must be 'none', 'gzip', 'snappy', 'lz4' or 'zstd'")
      .default('none'),
    idempotent: z.boolean('must be true or false').optional(),
    maxInFlight: z
      .int('must be a whole number')
      .min(1, 'must be at least 1')
      .max(100, 'must be at most 100')
      .default(5),
    deliveryTimeoutMs: milliseconds(1).default(120_000),
    maxBufferedBytes: byteCount(1).default(32 * 1024 * 1024),
    partitioner: func<Partitioner>('(record, partitionCount) => 0').optional(),
  })
  .check((context) => {
    const { acks, idempotent, maxInFlight } = context.value
    const refuse = (path: string, message: string) =>
      context.issues.push({ code: 'custom', input: context.value, path: [path], message })
    if (idempotent === true && acks !== -1) refuse('idempotent', "is possible only with acks 'all'")
    if ((idempotent ?? acks === -1) && maxInFlight > 5) {
      refuse('maxInFlight', 'must be at most 5 for an idempotent producer: brokers remember the last 5 batches')
    }
  })
  .transform((options) => ({ ...options, idempotent: options.idempotent ?? options.acks === -1 }))

const consumerFields = {
  autoOffsetReset: z.enum(['earliest', 'latest', 'none'], "must be 'earliest', 'latest' or 'none'").default('earliest'),
  maxWaitMs: milliseconds(0).default(500),
  minBytes: byteCount(0).default(1),
  maxBytes: byteCount(1).default(16 * 1024 * 1024),
  partitionMaxBytes: byteCount(1).default(1024 * 1024),
  maxBufferedBytes: byteCount(1).default(64 * 1024 * 1024),
}

const assignor = z.union([
  z.string(),
  z.custom<Assignor>((value) => typeof (value as Assignor | null)?.assign === 'function'),
])

const callback = func<(partitions: Record<string, number[]>) => void | Promise<void>>('async (partitions) => {}')

const topicToRead = z.union(
  [topicName, z.instanceof(RegExp), z.custom<Topic>((value) => isTopic(value))],
  'must be the name of a topic (letters, digits, ".", "_" and "-"), a RegExp, or what topic() gives',
)

export const consumerSchema = z.strictObject({
  ...consumerFields,
  topics: z
    .array(
      z.union(
        [topicName, z.custom<Topic>((value) => isTopic(value))],
        'must be the name of a topic or what topic() gives',
      ),
      'must be an array of topic names and typed topics',
    )
    .optional(),
})

export const groupConsumerSchema = z
  .strictObject({
    ...consumerFields,
    groupId: nonEmpty.max(255, 'must be at most 255 characters'),
    consumerId: nonEmpty
      .max(249, 'must be at most 249 characters')
      .regex(/^[a-zA-Z0-9._-]+$/, 'may contain only letters, digits, ".", "_" and "-"')
      .optional(),
    topics: z
      .array(topicToRead, 'must be an array of topic names, patterns and typed topics')
      .min(1, 'must name at least one topic'),
    sessionTimeoutMs: milliseconds(1).default(30_000),
    heartbeatIntervalMs: milliseconds(1).optional(),
    rebalanceTimeoutMs: milliseconds(1).default(60_000),
    assignors: z
      .array(assignor, 'must be an array of assignor names')
      .min(1, 'must name at least one assignor')
      .default(['roundrobin']),
    onPartitionsAssigned: callback.optional(),
    onPartitionsRevoked: callback.optional(),
    onPartitionsLost: callback.optional(),
    autoCommit: z.boolean('must be true or false').default(false),
    autoCommitIntervalMs: milliseconds(0).default(5_000),
    stallTimeoutMs: z.union([z.literal(Infinity), milliseconds(1)]).default(60_000),
  })
  .transform((options) => ({
    ...options,
    heartbeatIntervalMs: options.heartbeatIntervalMs ?? Math.min(1_000, options.sessionTimeoutMs / 3),
  }))
  .refine((options) => options.heartbeatIntervalMs < options.sessionTimeoutMs, {
    path: ['heartbeatIntervalMs'],
    message: 'must be less than sessionTimeoutMs',
  })

export const topicSchema = z.strictObject({
  name: topicName.refine((name) => name !== '.' && name !== '..', 'must not be "." or ".."'),
  partitions: z.int('must be a whole number').min(1, 'must be at least 1').default(-1),
  replicationFactor: z.int('must be a whole number').min(1, 'must be at least 1').default(-1),
  configs: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean()], 'must be a string, number or boolean'))
    .default({}),
})

/** Checks a value that a person typed. Throws GoQueueError INVALID_OPTIONS that names the option and what is allowed. */
export function checked<S extends z.ZodType>(schema: S, value: unknown, where: string): z.output<S> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  const path = issue === undefined ? '' : issue.path.join('.')
  const sentence = issue?.code === 'unrecognized_keys' ? unknownOption(issue.keys, schema) : (issue?.message ?? '')
  throw new GoQueueError('INVALID_OPTIONS', `${where}: ${path === '' ? '' : `${path} `}${sentence}`)
}

function unknownOption(keys: readonly string[], schema: z.ZodType): string {
  let inner: z.ZodType = schema
  while (inner instanceof z.ZodPipe) inner = inner.in as z.ZodType
  const known = inner instanceof z.ZodObject ? Object.keys(inner.shape as object).join(', ') : ''
  return `there is no option '${keys.join("', '")}'; allowed are ${known}`
}

export type CheckedClientOptions = z.output<typeof clientSchema>
export type CheckedProducerOptions = z.output<typeof producerSchema>
export type CheckedConsumerOptions = z.output<typeof consumerSchema>
export type CheckedGroupConsumerOptions = z.output<typeof groupConsumerSchema>
export type CheckedTopic = z.output<typeof topicSchema>

export const checkClientOptions = (options: ClientOptions): CheckedClientOptions =>
  checked(clientSchema, options, 'new Client')
export const checkProducerOptions = (options: ProducerOptions): CheckedProducerOptions =>
  checked(producerSchema, options, 'client.producer')
export const checkConsumerOptions = (options: AssignedConsumerOptions<string | Topic>): CheckedConsumerOptions =>
  checked(consumerSchema, options, 'client.consumer')
export const checkGroupConsumerOptions = (options: GroupConsumerOptions<TopicToRead>): CheckedGroupConsumerOptions =>
  checked(groupConsumerSchema, options, 'client.groupConsumer')
export const checkTopic = (topic: TopicToCreate): CheckedTopic => checked(topicSchema, topic, 'createTopic')
