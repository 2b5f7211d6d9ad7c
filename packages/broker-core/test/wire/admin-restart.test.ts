// What administrators changed is there when the broker is opened again on the same data directory.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openBroker, type Broker } from '../../src/index.ts'
import { VirtualRuntime } from '../../src/virtual-runtime.ts'
import { commit, committed, groupIds } from './group-fixture.ts'
import { WireClient } from './wire-client.ts'
import { batch, createTopic, produce } from './wire-fixture.ts'

const TOPIC = 2
const FROM_TOPIC = 1
const EARLIEST = -2
const LATEST = -1

let dataDir: string
let runtime: VirtualRuntime
let broker: Broker
let client: WireClient

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'goqueue-admin-'))
  runtime = new VirtualRuntime()
  await open()
})

afterEach(async () => {
  await broker.close()
  await rm(dataDir, { recursive: true })
})

async function open(): Promise<void> {
  broker = await openBroker({ dataDir, runtime })
  client = new WireClient(broker)
}

async function restart(): Promise<void> {
  await broker.close()
  await open()
}

it('keeps added partitions with their records, altered configs, and the start of a log', async () => {
  await createTopic(client, 'orders', 1)
  const append = (partition: number, value: string) =>
    produce(client, 'orders', batch(runtime.wallClockMs(), value), { partition })
  for (const value of ['a', 'b', 'c']) await append(0, value)
  await client.request('CreatePartitions', 3, {
    topics: [{ name: 'orders', count: 3, assignments: null }],
    timeoutMs: 1_000,
    validateOnly: false,
  })
  await append(2, 'd')
  await client.request('IncrementalAlterConfigs', 1, {
    resources: [
      {
        resourceType: TOPIC,
        resourceName: 'orders',
        configs: [{ name: 'max.message.bytes', configOperation: 0, value: '1000' }],
      },
    ],
    validateOnly: false,
  })
  await client.request('DeleteRecords', 2, {
    topics: [{ name: 'orders', partitions: [{ partitionIndex: 0, offset: 2 }] }],
    timeoutMs: 1_000,
  })
  await restart()

  const ends = async (timestamp: number) => {
    const partitions = [0, 1, 2].map((partitionIndex) => ({ partitionIndex, timestamp }))
    const { topics } = await client.request('ListOffsets', 5, {
      replicaId: -1,
      topics: [{ name: 'orders', partitions }],
    })
    return topics[0]?.partitions.map(({ offset }) => offset)
  }
  expect(await ends(EARLIEST)).toEqual([2, 0, 0])
  expect(await ends(LATEST)).toEqual([3, 0, 1])
  const { results } = await client.request('DescribeConfigs', 4, {
    resources: [{ resourceType: TOPIC, resourceName: 'orders', configurationKeys: ['max.message.bytes'] }],
  })
  expect(results[0]?.configs).toMatchObject([{ value: '1000', configSource: FROM_TOPIC }])
  expect(await append(1, 'x'.repeat(2_000))).toMatchObject({ errorCode: 'MESSAGE_TOO_LARGE' })
})

it('keeps what is left of groups: not the deleted ones, not the deleted offsets', async () => {
  await createTopic(client, 'orders', 2)
  await commit(client, 'deleted', { 0: 5 })
  await commit(client, 'kept', { 0: 6, 1: 7 })
  await client.request('DeleteGroups', 2, { groupsNames: ['deleted'] })
  const topics = [{ name: 'orders', partitions: [{ partitionIndex: 0 }] }]
  await client.request('OffsetDelete', 0, { groupId: 'kept', topics })
  await restart()
  expect(await groupIds(client)).toEqual(['kept'])
  expect(await committed(client, 'kept')).toEqual({ 'orders-1': 7 })
})
