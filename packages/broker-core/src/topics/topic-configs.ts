// The configs that a topic may have: Kafka's names, what each may be set to, and what they mean to its logs.

import { brokerDefaults, type BrokerSettings } from '../broker-defaults.ts'
import type { LogConfig } from '../log/log-config.ts'

type WhyNot = string | null
type CheckValue = (value: string) => WhyNot

const INT32_MAX = 2n ** 31n - 1n
const INT64_MAX = 2n ** 63n - 1n

function wholeNumber(least: bigint, greatest: bigint): CheckValue {
  return (value) => {
    const isInRange = /^-?\d{1,19}$/.test(value) && BigInt(value) >= least && BigInt(value) <= greatest
    return isInRange ? null : `it must be a whole number from ${least} to ${greatest}`
  }
}

/** What a value is, in Kafka's words. */
export type ConfigType = 'boolean' | 'string' | 'int' | 'long' | 'list'

interface TopicConfig {
  readonly type: ConfigType
  readonly check: CheckValue
  /** What it means to a log; absent where there is only one value. */
  readonly logConfig?: NumericLogConfig
  /** Of a topic that sets nothing: the broker's setting, or this. */
  readonly brokerSetting?: keyof BrokerSettings
  readonly defaultValue?: string
}

type NumericLogConfig = Exclude<keyof LogConfig, 'flush' | 'segmentIndexBytes'>

function setting(
  type: 'int' | 'long',
  least: bigint,
  logConfig: NumericLogConfig,
  brokerSetting: keyof BrokerSettings,
) {
  return { type, check: wholeNumber(least, type === 'int' ? INT32_MAX : INT64_MAX), logConfig, brokerSetting }
}

function only(type: ConfigType, supported: string): TopicConfig {
  return {
    type,
    check: (value) => (value === supported ? null : `only ${supported} is supported`),
    defaultValue: supported,
  }
}

const topicConfigs: ReadonlyMap<string, TopicConfig> = new Map<string, TopicConfig>([
  ['retention.ms', setting('long', -1n, 'retentionMs', 'logRetentionMs')],
  ['retention.bytes', setting('long', -1n, 'retentionBytes', 'logRetentionBytes')],
  ['segment.ms', setting('long', 1n, 'segmentMs', 'logRollMs')],
  ['segment.bytes', setting('int', 14n, 'segmentBytes', 'logSegmentBytes')],
  ['index.interval.bytes', setting('int', 0n, 'indexIntervalBytes', 'logIndexIntervalBytes')],
  ['max.message.bytes', setting('int', 0n, 'maxMessageBytes', 'messageMaxBytes')],
  [
    'message.timestamp.before.max.ms',
    {
      type: 'long',
      check: wholeNumber(0n, INT64_MAX),
      logConfig: 'messageTimestampBeforeMaxMs',
      defaultValue: String(INT64_MAX),
    },
  ],
  [
    'message.timestamp.after.max.ms',
    setting('long', 0n, 'messageTimestampAfterMaxMs', 'logMessageTimestampAfterMaxMs'),
  ],
  // For what this broker does in one way only: a client may ask for just that.
  ['cleanup.policy', only('list', 'delete')],
  ['compression.type', only('string', 'producer')],
  ['message.timestamp.type', only('string', 'CreateTime')],
  ['min.insync.replicas', only('int', '1')],
  ['unclean.leader.election.enable', only('boolean', 'false')],
])

/** Why a topic cannot have these configs, as a sentence; null when it can. */
export function refusalOfConfigs(configs: ReadonlyMap<string, string | null>): string | null {
  for (const [name, value] of configs) {
    const config = topicConfigs.get(name)
    if (config === undefined) {
      return `There is no topic config ${JSON.stringify(name)}; there are ${[...topicConfigs.keys()].join(', ')}.`
    }
    if (value === null) return `The topic config ${name} has no value.`
    const whyNot = config.check(value)
    if (whyNot !== null) return `The topic config ${name} cannot be ${JSON.stringify(value)}: ${whyNot}.`
  }
  return null
}

/** What checked configs ask of the topic's logs; what is absent follows the broker's. */
export function logConfigOf(configs: Readonly<Record<string, string>>): Partial<LogConfig> {
  const logConfig: Partial<LogConfig> = {}
  for (const [name, { logConfig: key }] of topicConfigs) {
    if (key === undefined || configs[name] === undefined) continue
    // Kafka's users write 9223372036854775807 for "for ever"; beyond a safe integer there is no difference.
    logConfig[key] = Math.min(Number(configs[name]), Number.MAX_SAFE_INTEGER)
  }
  return logConfig
}

/** Whether a topic config is a comma-separated list; undefined where there is no such config. */
export function isListConfig(name: string): boolean | undefined {
  const config = topicConfigs.get(name)
  return config && config.type === 'list'
}

/** A config as it is in force for a topic. */
export interface EffectiveConfig {
  readonly name: string
  readonly value: string
  readonly type: ConfigType
  /** Whether the topic itself sets it, the broker was started with it, or nobody said anything. */
  readonly source: 'topic' | 'broker' | 'default'
}

/** Every config of a topic that sets `configs`, on a broker with these settings. */
export function effectiveConfigs(
  configs: Readonly<Record<string, string>>,
  settings: BrokerSettings,
): EffectiveConfig[] {
  return Array.from(topicConfigs, ([name, { type, brokerSetting, defaultValue = '' }]) => {
    const set = Object.hasOwn(configs, name) ? configs[name] : undefined
    if (set !== undefined) return { name, value: set, type, source: 'topic' }
    if (brokerSetting === undefined) return { name, value: defaultValue, type, source: 'default' }
    const isDefault = settings[brokerSetting] === brokerDefaults[brokerSetting]
    return { name, value: String(settings[brokerSetting]), type, source: isDefault ? 'default' : 'broker' }
  })
}
