// Checks what was given to openBroker: which key is wrong and what it allows.
import { z } from 'zod'
import { brokerDefaults, type BrokerSettings } from './broker-defaults.ts'
import { BrokerOptionsError } from './broker-options-error.ts'

const positive = z.int().min(1)
const milliseconds = z.int().min(0)
const orUnlimited = z.int().min(-1)

const checks: { readonly [K in keyof BrokerSettings]: z.ZodType<BrokerSettings[K]> } = {
  // Kafka's least segment is 14 bytes; one that holds a batch header is the least that makes sense.
  logSegmentBytes: z.int().min(1_024).max(0x7fffffff),
  logRollMs: positive,
  logRetentionMs: orUnlimited,
  logRetentionBytes: orUnlimited,
  logRetentionCheckIntervalMs: positive,
  logMinFreeBytes: z.int().min(0),
  logIndexIntervalBytes: z.int().min(0).max(0x7fffffff),
  messageMaxBytes: z.int().min(1).max(0x7fffffff),
  logMessageTimestampAfterMaxMs: milliseconds,
  flush: z.enum(['durable', 'os']),
  maxConcurrentFlushes: z.int().min(1).max(64),
  tailCacheBytes: z.int().min(0),
  numPartitions: positive,
  autoCreateTopicsEnable: z.boolean(),
  maxPartitionsPerTopic: positive,
  maxPartitions: positive,
  groupInitialRebalanceDelayMs: milliseconds,
  groupMinSessionTimeoutMs: positive,
  groupMaxSessionTimeoutMs: positive,
  groupMaxSize: positive,
  groupMaxRebalanceTimeoutMs: positive,
  groupNewMemberJoinTimeoutMs: positive,
  groupMaxPendingMembers: positive,
  groupMetadataMaxBytes: positive,
  maxGroups: positive,
  offsetMetadataMaxBytes: milliseconds,
  offsetsRetentionMinutes: positive.max(0x7fffffff),
  offsetsRetentionCheckIntervalMs: positive,
  socketRequestMaxBytes: z.int().min(1_024).max(0x7fffffff),
  queuedMaxRequestBytes: positive,
  maxInFlightRequestsPerConnection: positive,
  requestArrivalTimeoutMs: positive,
  responseDepartureTimeoutMs: positive,
  connectionsMaxIdleMs: positive,
  fetchMaxBytes: z.int().min(1_024).max(0x7fffffff),
  fetchMaxWaitMs: milliseconds,
  maxWaitingFetches: z.int().min(0),
}

/** Every setting with its check: for those who write documents or read config files. */
export const settingsSchema = z.strictObject(checks)

/** The given settings, checked. Throws BrokerOptionsError for the first that is unknown or out of range. */
export function checkSettings(given: Readonly<Record<string, unknown>>): Partial<BrokerSettings> {
  const settings: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(given)) {
    if (value === undefined) continue
    if (!Object.hasOwn(checks, key)) {
      const allowed = ['dataDir', 'memory', 'report', 'runtime', 'fileSystem', ...Object.keys(brokerDefaults)]
      throw new BrokerOptionsError(key, `there is no such option; allowed are ${allowed.join(', ')}`)
    }
    const result = checks[key as keyof BrokerSettings].safeParse(value)
    if (!result.success) throw new BrokerOptionsError(key, z.prettifyError(result.error).replace(/^✖ /, ''))
    settings[key] = result.data
  }
  return settings as Partial<BrokerSettings>
}
