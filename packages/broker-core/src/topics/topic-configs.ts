// The configs that a topic may have: Kafka's names, what each may be set to, and what they mean to its logs.

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

/** For what this broker does in one way only: a client may ask for just that. */
function only(supported: string): CheckValue {
  return (value) => (value === supported ? null : `only ${supported} is supported`)
}

const checks: ReadonlyMap<string, CheckValue> = new Map([
  ['retention.ms', wholeNumber(-1n, INT64_MAX)],
  ['retention.bytes', wholeNumber(-1n, INT64_MAX)],
  ['segment.ms', wholeNumber(1n, INT64_MAX)],
  ['segment.bytes', wholeNumber(14n, INT32_MAX)],
  ['index.interval.bytes', wholeNumber(0n, INT32_MAX)],
  ['max.message.bytes', wholeNumber(0n, INT32_MAX)],
  ['message.timestamp.before.max.ms', wholeNumber(0n, INT64_MAX)],
  ['message.timestamp.after.max.ms', wholeNumber(0n, INT64_MAX)],
  ['cleanup.policy', only('delete')],
  ['compression.type', only('producer')],
  ['message.timestamp.type', only('CreateTime')],
  ['min.insync.replicas', only('1')],
  ['unclean.leader.election.enable', only('false')],
])

const logConfigNames = [
  ['retention.ms', 'retentionMs'],
  ['retention.bytes', 'retentionBytes'],
  ['segment.ms', 'segmentMs'],
  ['segment.bytes', 'segmentBytes'],
  ['index.interval.bytes', 'indexIntervalBytes'],
  ['max.message.bytes', 'maxMessageBytes'],
  ['message.timestamp.before.max.ms', 'messageTimestampBeforeMaxMs'],
  ['message.timestamp.after.max.ms', 'messageTimestampAfterMaxMs'],
] as const

/** Why a topic cannot have these configs, as a sentence; null when it can. */
export function refusalOfConfigs(configs: ReadonlyMap<string, string | null>): string | null {
  for (const [name, value] of configs) {
    const check = checks.get(name)
    if (check === undefined) {
      return `There is no topic config ${JSON.stringify(name)}; there are ${[...checks.keys()].join(', ')}.`
    }
    if (value === null) return `The topic config ${name} has no value.`
    const whyNot = check(value)
    if (whyNot !== null) return `The topic config ${name} cannot be ${JSON.stringify(value)}: ${whyNot}.`
  }
  return null
}

/** What checked configs ask of the topic's logs; what is absent follows the broker's. */
export function logConfigOf(configs: Readonly<Record<string, string>>): Partial<LogConfig> {
  const logConfig: Partial<LogConfig> = {}
  for (const [name, key] of logConfigNames) {
    // Kafka's users write 9223372036854775807 for "for ever"; beyond a safe integer there is no difference.
    if (configs[name] !== undefined) logConfig[key] = Math.min(Number(configs[name]), Number.MAX_SAFE_INTEGER)
  }
  return logConfig
}
