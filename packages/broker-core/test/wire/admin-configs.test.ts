// DescribeConfigs, AlterConfigs and IncrementalAlterConfigs over the wire: what is in force, who may change it, and when.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openBroker, type Broker } from '../../src/index.ts'
import { VirtualRuntime } from '../../src/virtual-runtime.ts'
import { WireClient } from './wire-client.ts'
import { batch, createTopic, produce } from './wire-fixture.ts'

const TOPIC = 2
const BROKER = 4
const GROUP = 32

const SET = 0
const DELETE = 1
const APPEND = 2
const SUBTRACT = 3

/** ConfigEntry.ConfigSource of Kafka's clients. */
const FROM_TOPIC = 1
const FROM_BROKER = 4
const FROM_DEFAULT = 5

let broker: Broker
let runtime: VirtualRuntime
let client: WireClient

beforeEach(async () => {
  runtime = new VirtualRuntime()
  broker = await openBroker({ memory: true, runtime, logSegmentBytes: 100_000 })
  client = new WireClient(broker)
  await createTopic(client, 'orders', 1)
})

afterEach(() => broker.close())

async function describeResource(resourceType: number, resourceName: string, keys: string[] | null = null, version = 4) {
  const { results } = await client.request('DescribeConfigs', version, {
    resources: [{ resourceType, resourceName, configurationKeys: keys }],
  })
  const [result] = results
  if (result === undefined) throw new Error('the broker answered for no resource')
  return result
}

/** What `orders` sets itself. */
async function setConfigs(): Promise<Record<string, string | null>> {
  const { configs } = await describeResource(TOPIC, 'orders')
  return Object.fromEntries(
    configs.filter(({ configSource }) => configSource === FROM_TOPIC).map(({ name, value }) => [name, value]),
  )
}

type Refusal = { errorCode: string; errorMessage: string | null } | undefined

async function replace(configs: Record<string, string | null>, validateOnly = false): Promise<Refusal> {
  const { responses } = await client.request('AlterConfigs', 2, {
    resources: [
      {
        resourceType: TOPIC,
        resourceName: 'orders',
        configs: Object.entries(configs).map(([name, value]) => ({ name, value })),
      },
    ],
    validateOnly,
  })
  return responses[0]
}

type Change = readonly [name: string, configOperation: number, value: string | null]

async function change(changes: readonly Change[], resource: { type?: number; name?: string } = {}): Promise<Refusal> {
  const { responses } = await client.request('IncrementalAlterConfigs', 1, {
    resources: [
      {
        resourceType: resource.type ?? TOPIC,
        resourceName: resource.name ?? 'orders',
        configs: changes.map(([name, configOperation, value]) => ({ name, configOperation, value })),
      },
    ],
    validateOnly: false,
  })
  return responses[0]
}

describe('DescribeConfigs', () => {
  it.each([1, 2, 3, 4])('v%i tells of a topic what it sets, what the broker sets, and defaults', async (version) => {
    await replace({ 'retention.ms': '1000' })
    const { errorCode, configs } = await describeResource(TOPIC, 'orders', null, version)
    expect(errorCode).toBe('NONE')
    const byName = new Map(configs.map((config) => [config.name, config]))
    expect(byName.get('retention.ms')).toMatchObject({ value: '1000', configSource: FROM_TOPIC, readOnly: false })
    expect(byName.get('segment.bytes')).toMatchObject({ value: '100000', configSource: FROM_BROKER })
    expect(byName.get('cleanup.policy')).toMatchObject({ value: 'delete', configSource: FROM_DEFAULT })
    if (version >= 3) expect(byName.get('max.message.bytes')).toMatchObject({ configType: 3, documentation: null })
  })

  it('gives only the keys that are asked for', async () => {
    const { configs } = await describeResource(TOPIC, 'orders', ['segment.ms', 'no.such.key'])
    expect(configs.map(({ name }) => name)).toEqual(['segment.ms'])
  })

  it('tells the settings of the broker under Kafka’s names; they cannot be altered', async () => {
    const { errorCode, configs } = await describeResource(BROKER, '1')
    expect(errorCode).toBe('NONE')
    const byName = new Map(configs.map((config) => [config.name, config]))
    expect(byName.get('log.segment.bytes')).toMatchObject({
      value: '100000',
      configSource: FROM_BROKER,
      readOnly: true,
    })
    expect(byName.get('group.max.size')).toMatchObject({ value: '1000', configSource: FROM_DEFAULT })
    expect(await change([['log.segment.bytes', SET, '5']], { type: BROKER, name: '1' })).toMatchObject({
      errorCode: 'INVALID_REQUEST',
      errorMessage: expect.stringContaining('Only the configs of topics') as string,
    })
    expect(await describeResource(BROKER, '')).toMatchObject({ errorCode: 'NONE', configs: [] })
  })

  it.each([
    [TOPIC, 'nowhere', 'UNKNOWN_TOPIC_OR_PARTITION'],
    [TOPIC, '../x', 'INVALID_TOPIC_EXCEPTION'],
    [BROKER, '2', 'INVALID_REQUEST'],
    [GROUP, 'billing', 'INVALID_REQUEST'],
  ])('resource type %i called %s: %s', async (resourceType, resourceName, errorCode) => {
    const result = await describeResource(resourceType, resourceName)
    expect(result).toMatchObject({ errorCode, errorMessage: expect.any(String) as string, resourceName, configs: [] })
  })
})

describe('AlterConfigs', () => {
  it('replaces all that is set', async () => {
    expect(await replace({ 'retention.ms': '1000', 'segment.ms': '5' })).toMatchObject({ errorCode: 'NONE' })
    expect(await replace({ 'retention.bytes': '7' })).toMatchObject({ errorCode: 'NONE' })
    expect(await setConfigs()).toEqual({ 'retention.bytes': '7' })
  })

  it('changes nothing when it is only to validate, or when one value cannot be', async () => {
    expect(await replace({ 'retention.ms': '1000' }, true)).toMatchObject({ errorCode: 'NONE' })
    expect(await replace({ 'retention.ms': '1000', 'cleanup.policy': 'compact' })).toMatchObject({
      errorCode: 'INVALID_CONFIG',
      errorMessage: expect.stringContaining('only delete is supported') as string,
    })
    expect(await replace({ 'retention.ms': null })).toMatchObject({ errorCode: 'INVALID_CONFIG' })
    expect(await replace({ 'no.such.config': '1' })).toMatchObject({
      errorCode: 'INVALID_CONFIG',
      errorMessage: expect.stringContaining('there are retention.ms') as string,
    })
    expect(await setConfigs()).toEqual({})
  })

  it.each([0, 1, 2])('v%i: the open logs follow at once', async (version) => {
    const large = () => produce(client, 'orders', batch(runtime.wallClockMs(), 'x'.repeat(2_000)))
    expect(await large()).toMatchObject({ errorCode: 'NONE' })
    const alter = (value: string) =>
      client.request('AlterConfigs', version, {
        resources: [{ resourceType: TOPIC, resourceName: 'orders', configs: [{ name: 'max.message.bytes', value }] }],
        validateOnly: false,
      })
    await alter('1000')
    expect(await large()).toMatchObject({ errorCode: 'MESSAGE_TOO_LARGE' })
    await alter('10000')
    expect(await large()).toMatchObject({ errorCode: 'NONE' })
  })
})

describe('IncrementalAlterConfigs', () => {
  it('sets and deletes single configs and leaves the others', async () => {
    await replace({ 'retention.ms': '1000', 'segment.ms': '5' })
    const changes: Change[] = [
      ['retention.ms', SET, '2000'],
      ['segment.ms', DELETE, null],
      ['max.message.bytes', SET, '300'],
      ['retention.bytes', DELETE, null],
    ]
    expect(await change(changes)).toMatchObject({ errorCode: 'NONE' })
    expect(await setConfigs()).toEqual({ 'retention.ms': '2000', 'max.message.bytes': '300' })
  })

  it('appends to and subtracts from a list, and from nothing else', async () => {
    expect(await change([['cleanup.policy', APPEND, 'delete']])).toMatchObject({ errorCode: 'NONE' })
    expect(await setConfigs()).toEqual({ 'cleanup.policy': 'delete' })
    expect(await change([['cleanup.policy', APPEND, 'compact']])).toMatchObject({ errorCode: 'INVALID_CONFIG' })
    expect(await change([['cleanup.policy', SUBTRACT, 'delete']])).toMatchObject({ errorCode: 'INVALID_CONFIG' })
    expect(await change([['cleanup.policy', SUBTRACT, 'compact']])).toMatchObject({ errorCode: 'NONE' })
    expect(await change([['retention.ms', APPEND, '1']])).toMatchObject({ errorCode: 'INVALID_CONFIG' })
    expect(await setConfigs()).toEqual({ 'cleanup.policy': 'delete' })
  })

  it.each<[string, Change[], string]>([
    ['a value out of range', [['retention.ms', SET, '-2']], 'INVALID_CONFIG'],
    ['no value', [['retention.ms', SET, null]], 'INVALID_CONFIG'],
    ['an unknown name', [['__proto__', SET, '1']], 'INVALID_CONFIG'],
    ['an unknown list', [['follower.replication.throttled.replicas', APPEND, '0:1']], 'INVALID_CONFIG'],
    ['an unknown operation', [['retention.ms', 4, '1']], 'INVALID_REQUEST'],
    [
      'one name twice',
      [
        ['retention.ms', SET, '1'],
        ['retention.ms', DELETE, null],
      ],
      'INVALID_REQUEST',
    ],
  ])('refuses %s, and changes nothing', async (_name, changes, errorCode) => {
    expect(await change([['segment.ms', SET, '5'], ...changes])).toMatchObject({
      errorCode,
      errorMessage: expect.any(String) as string,
    })
    expect(await setConfigs()).toEqual({})
  })

  it('answers for each resource by itself, and for none that is named twice', async () => {
    await createTopic(client, 'bills')
    const set = (resourceName: string) => ({
      resourceType: TOPIC,
      resourceName,
      configs: [{ name: 'segment.ms', configOperation: SET, value: '5' }],
    })
    const resources = ['orders', 'bills', 'nowhere', 'bills'].map(set)
    const { responses } = await client.request('IncrementalAlterConfigs', 0, { resources, validateOnly: false })
    expect(responses.map(({ resourceName, errorCode }) => [resourceName, errorCode])).toEqual([
      ['orders', 'NONE'],
      ['bills', 'INVALID_REQUEST'],
      ['nowhere', 'UNKNOWN_TOPIC_OR_PARTITION'],
      ['bills', 'INVALID_REQUEST'],
    ])
    expect(await setConfigs()).toEqual({ 'segment.ms': '5' })
  })
})
