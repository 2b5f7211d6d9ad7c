// What an admin does to configs: reads them with where they come from, and changes single ones.
import type { ResponseOf } from '@goqueue/protocol'
import type { Cluster } from '../cluster.ts'
import type { Connection } from '../connection.ts'
import { GoQueueError, KafkaError } from '../errors.ts'
import type { CallOptions } from '../waiting.ts'
import { throwFinal } from './throw-final.ts'

/** What has configs: a topic by its name, a broker by its node id. */
export type ConfigResource = { readonly topic: string } | { readonly broker: number }

/** Where a config's value comes from, in Kafka's words, by their numbers on the wire. */
const SOURCES = [
  'UNKNOWN',
  'DYNAMIC_TOPIC_CONFIG',
  'DYNAMIC_BROKER_CONFIG',
  'DYNAMIC_DEFAULT_BROKER_CONFIG',
  'STATIC_BROKER_CONFIG',
  'DEFAULT_CONFIG',
  'DYNAMIC_BROKER_LOGGER_CONFIG',
  'DYNAMIC_CLIENT_METRICS_CONFIG',
  'DYNAMIC_GROUP_CONFIG',
] as const

export type ConfigSource = (typeof SOURCES)[number]

export interface ConfigEntry {
  readonly name: string
  /** null where the broker keeps it to itself: see `isSensitive`. */
  readonly value: string | null
  /** DYNAMIC_TOPIC_CONFIG is what was set for the topic itself, DYNAMIC_BROKER_CONFIG for the broker. */
  readonly source: ConfigSource
  readonly isReadOnly: boolean
  readonly isSensitive: boolean
}

export interface ConfigChanges {
  /** What each config shall be. */
  readonly set?: Readonly<Record<string, string | number | boolean>> | undefined
  /** What goes back to its default. */
  readonly delete?: readonly string[] | undefined
}

export interface AlterConfigsOptions extends CallOptions {
  /** The cluster checks the change, and makes none. Default: false. */
  readonly validateOnly?: boolean | undefined
}

/** ConfigResource.Type of Kafka's clients. */
const TOPIC = 2
const BROKER = 4
/** AlterConfigOp.OpType of Kafka's clients. */
const SET = 0
const DELETE = 1

export function describeConfigs(
  cluster: Cluster,
  resource: ConfigResource,
  options: CallOptions,
): Promise<ConfigEntry[]> {
  return callFor(cluster, resource, `configs of ${pathOf(resource)}`, options, (connection, timeoutMs) =>
    readConfigs(connection, resource, timeoutMs),
  )
}

export function alterConfigs(
  cluster: Cluster,
  resource: ConfigResource,
  changes: ConfigChanges,
  { validateOnly = false, ...options }: AlterConfigsOptions,
): Promise<void> {
  const change = new Map<string, string | null>()
  for (const [name, value] of Object.entries(changes.set ?? {})) change.set(name, String(value))
  for (const name of changes.delete ?? []) {
    if (change.has(name)) throw new GoQueueError('INVALID_ARGUMENT', `alterConfigs: ${name} is both set and deleted`)
    change.set(name, null)
  }
  return callFor(cluster, resource, `alter configs of ${pathOf(resource)}`, options, (connection, timeoutMs) =>
    connection.supports('IncrementalAlterConfigs')
      ? alterSome(connection, resource, change, validateOnly, timeoutMs)
      : alterAll(connection, resource, change, validateOnly, timeoutMs),
  )
}

async function alterSome(
  connection: Connection,
  resource: ConfigResource,
  change: ReadonlyMap<string, string | null>,
  validateOnly: boolean,
  timeoutMs: number,
): Promise<void> {
  const configs = Array.from(change, ([name, value]) => ({
    name,
    configOperation: value === null ? DELETE : SET,
    value,
  }))
  const body = { resources: [{ ...onWire(resource), configs }], validateOnly }
  const answer = await connection.request('IncrementalAlterConfigs', body, { timeoutMs })
  throwForResource('IncrementalAlterConfigs', resource, answer.responses)
}

/** Before Kafka 2.3 there is only "these are all": what is set already is read first and sent along. */
async function alterAll(
  connection: Connection,
  resource: ConfigResource,
  change: ReadonlyMap<string, string | null>,
  validateOnly: boolean,
  timeoutMs: number,
): Promise<void> {
  const own: ConfigSource = 'topic' in resource ? 'DYNAMIC_TOPIC_CONFIG' : 'DYNAMIC_BROKER_CONFIG'
  const wanted = new Map<string, string | null>()
  for (const { name, value, source } of await readConfigs(connection, resource, timeoutMs)) {
    if (source === own) wanted.set(name, value)
  }
  for (const [name, value] of change) {
    if (value === null) wanted.delete(name)
    else wanted.set(name, value)
  }
  for (const [name, value] of wanted) {
    if (value !== null) continue
    const explanation = `this broker changes all configs at once (before KIP-339), and does not tell the value of ${name}`
    throw new KafkaError('UNSUPPORTED_VERSION', 'AlterConfigs', pathOf(resource), explanation)
  }
  const configs = Array.from(wanted, ([name, value]) => ({ name, value }))
  const body = { resources: [{ ...onWire(resource), configs }], validateOnly }
  const answer = await connection.request('AlterConfigs', body, { timeoutMs })
  throwForResource('AlterConfigs', resource, answer.responses)
}

async function readConfigs(
  connection: Connection,
  resource: ConfigResource,
  timeoutMs: number,
): Promise<ConfigEntry[]> {
  const body = { resources: [{ ...onWire(resource), configurationKeys: null }] }
  const { results } = await connection.request('DescribeConfigs', body, { timeoutMs })
  throwForResource('DescribeConfigs', resource, results)
  return results[0]!.configs.map((config) => ({
    name: config.name,
    value: config.value,
    source: sourceOf(config, resource),
    isReadOnly: config.readOnly,
    isSensitive: config.isSensitive,
  }))
}

type ConfigAnswer = ResponseOf<'DescribeConfigs'>['results'][number]['configs'][number]

/** v0 says only whether it is the default. */
function sourceOf({ configSource, isDefault }: ConfigAnswer, resource: ConfigResource): ConfigSource {
  if (configSource >= 0) return SOURCES[configSource] ?? 'UNKNOWN'
  if (isDefault) return 'DEFAULT_CONFIG'
  return 'topic' in resource ? 'DYNAMIC_TOPIC_CONFIG' : 'STATIC_BROKER_CONFIG'
}

/** A broker's configs are that broker's business; of a topic's every broker knows. */
async function callFor<T>(
  cluster: Cluster,
  resource: ConfigResource,
  what: string,
  options: CallOptions,
  attempt: (connection: Connection, timeoutMs: number) => Promise<T>,
): Promise<T> {
  if ('topic' in resource) return cluster.callAny(what, options, attempt)
  await cluster.callAny('metadata', options, () => cluster.refresh([]))
  const { broker } = resource
  if (!cluster.nodeIds().includes(broker)) {
    const known = cluster.nodeIds().join(', ')
    throw new GoQueueError('INVALID_ARGUMENT', `${what}: the cluster has no broker ${broker}, but ${known}`)
  }
  return cluster.retrying(what, options, async (timeoutMs) =>
    attempt(await cluster.nodeConnection(broker, 'call'), timeoutMs),
  )
}

function throwForResource(
  api: string,
  resource: ConfigResource,
  answers: ResponseOf<'AlterConfigs'>['responses'] | ResponseOf<'DescribeConfigs'>['results'],
): void {
  const [answer] = answers
  throwFinal(answer?.errorCode ?? 'UNKNOWN_SERVER_ERROR', api, pathOf(resource), answer?.errorMessage)
}

function onWire(resource: ConfigResource): { resourceType: number; resourceName: string } {
  return 'topic' in resource
    ? { resourceType: TOPIC, resourceName: resource.topic }
    : { resourceType: BROKER, resourceName: String(resource.broker) }
}

function pathOf(resource: ConfigResource): string {
  return 'topic' in resource ? `topic '${resource.topic}'` : `broker ${resource.broker}`
}
