// A broker on a real data directory: what it held when it was closed is there when it is opened again.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { DataDirectoryLockedError, openBroker, type Broker } from '../../src/index.ts'
import { nodeRuntime } from '../../src/runtime.ts'
import { VirtualRuntime } from '../../src/virtual-runtime.ts'
import { WireClient } from './wire-client.ts'
import { batch, createTopic, produce, valuesIn } from './wire-fixture.ts'

async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'goqueue-restart-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}

/** Opens a broker, lets `use` talk to it, and closes it. */
async function withBroker<T>(dataDir: string, use: (client: WireClient, broker: Broker) => Promise<T>): Promise<T> {
  const broker = await openBroker({ dataDir, groupInitialRebalanceDelayMs: 0 })
  try {
    return await use(new WireClient(broker), broker)
  } finally {
    await broker.close()
  }
}

const records = (...values: string[]) => batch(nodeRuntime.wallClockMs(), ...values)

it('topics, records, committed offsets and the cluster id outlive a restart; a producer id is not given twice', async () => {
  const dataDir = await temporaryDirectory()
  const newProducerId = async (client: WireClient) =>
    (await client.request('InitProducerId', 4, { transactionalId: null, transactionTimeoutMs: 1_000 })).producerId
  const before = await withBroker(dataDir, async (client, { clusterId }) => {
    const topicId = await createTopic(client, 'orders', 2)
    await createTopic(client, 'deleted')
    await client.request('DeleteTopics', 5, { topicNames: ['deleted'], timeoutMs: 1_000 })
    for (const value of ['a', 'b']) await produce(client, 'orders', records(value), { partition: 1 })
    const topics = [
      { name: 'orders', partitions: [{ partitionIndex: 1, committedOffset: 1, committedMetadata: 'note' }] },
    ]
    await client.request('OffsetCommit', 7, { groupId: 'g', topics })
    return { clusterId, topicId, producerId: await newProducerId(client) }
  })
  await withBroker(dataDir, async (client, { clusterId }) => {
    expect(clusterId).toBe(before.clusterId)
    const { topics } = await client.request('Metadata', 12, { topics: null })
    expect(topics).toMatchObject([{ name: 'orders', topicId: before.topicId, partitions: [{}, {}] }])
    const committed = await client.request('OffsetFetch', 7, { groupId: 'g', topics: null })
    expect(committed.topics).toMatchObject([
      { name: 'orders', partitions: [{ partitionIndex: 1, committedOffset: 1, metadata: 'note' }] },
    ])
    expect(await newProducerId(client)).toBeGreaterThan(before.producerId)
    expect(await produce(client, 'orders', records('c'), { partition: 1 })).toMatchObject({ baseOffset: 2 })
    const { responses } = await client.request('Fetch', 12, {
      maxWaitMs: 0,
      minBytes: 0,
      topics: [{ topic: 'orders', partitions: [{ partition: 1, fetchOffset: 0, partitionMaxBytes: 1_000_000 }] }],
    })
    expect(valuesIn(responses[0]?.partitions[0]?.records)).toEqual(['a', 'b', 'c'])
  })
})

it('a member of a group goes on in its generation', async () => {
  const dataDir = await temporaryDirectory()
  const groupId = 'g'
  const member = await withBroker(dataDir, async (client) => {
    const { memberId, generationId } = await client.request('JoinGroup', 3, {
      groupId,
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 10_000,
      memberId: '',
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: Buffer.from('subscription') }],
    })
    const assignments = [{ memberId, assignment: Buffer.from('assignment') }]
    await client.request('SyncGroup', 3, { groupId, generationId, memberId, assignments })
    return { groupId, memberId, generationId }
  })
  await withBroker(dataDir, async (client) => {
    expect(await client.request('Heartbeat', 3, member)).toMatchObject({ errorCode: 'NONE' })
    const { groups } = await client.request('DescribeGroups', 5, { groups: [groupId] })
    expect(groups).toMatchObject([
      { groupState: 'Stable', members: [{ memberId: member.memberId, memberAssignment: Buffer.from('assignment') }] },
    ])
  })
})

it('a data directory in use is refused, and free again after close', async () => {
  const dataDir = await temporaryDirectory()
  await withBroker(dataDir, async () => {
    await expect(openBroker({ dataDir })).rejects.toThrow(DataDirectoryLockedError)
  })
  await withBroker(dataDir, (client) => createTopic(client, 'orders'))
})

it('a broker that cannot open its logs lets go of everything: no alarm rings, and the directory can be opened again', async () => {
  const dataDir = await temporaryDirectory()
  const runtime = new VirtualRuntime()
  const first = await openBroker({ dataDir, runtime })
  const topicId = await createTopic(new WireClient(first), 'orders')
  await first.close()
  const log = join(dataDir, 'logs', `${topicId}-0`)
  await rm(log, { recursive: true, force: true })
  await writeFile(log, 'not a directory')
  await expect(openBroker({ dataDir, runtime })).rejects.toThrow(/ENOTDIR/)
  expect(runtime.alarmCount).toBe(0)
  await rm(log)
  const second = await openBroker({ dataDir, runtime })
  await second.close()
  expect(runtime.alarmCount).toBe(0)
})
