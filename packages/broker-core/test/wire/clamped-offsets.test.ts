// Row S15: a power cut that took records, but not the commits behind them.
import { cp, mkdtemp, rename, rm, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { openBroker, type Broker, type BrokerEvent } from '../../src/index.ts'
import { nodeRuntime } from '../../src/runtime.ts'
import { commit, committed } from './group-fixture.ts'
import { WireClient } from './wire-client.ts'
import { batch, createTopic, produce, valuesIn } from './wire-fixture.ts'

const record = (value: string) => batch(nodeRuntime.wallClockMs(), value)

async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'goqueue-clamped-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}

interface Served {
  readonly broker: Broker
  readonly client: WireClient
  readonly clamped: readonly BrokerEvent[]
}

/** Opens a broker, lets `use` talk to it, and closes it. */
async function withBroker<T>(
  dataDir: string,
  flush: 'durable' | 'os',
  use: (served: Served) => Promise<T>,
): Promise<T> {
  const clamped: BrokerEvent[] = []
  const report = (event: BrokerEvent) => {
    if (event.kind === 'offsetClamped') clamped.push(event)
  }
  const broker = await openBroker({ dataDir, flush, report })
  try {
    return await use({ broker, client: new WireClient(broker), clamped })
  } finally {
    await broker.close()
  }
}

/** Three records in the first partition and one in the second, with these committed for two groups. */
async function produceAndCommit({ client }: Served): Promise<string> {
  const topicId = await createTopic(client, 'orders', 2)
  for (const value of ['a', 'b', 'c']) await produce(client, 'orders', record(value))
  await produce(client, 'orders', record('a'), { partition: 1 })
  await commit(client, 'ahead', { 0: 3, 1: 1 })
  await commit(client, 'behind', { 0: 1 })
  return join('logs', `${topicId}-0`, '00000000000000000000.log')
}

/** What is left of a broker whose machine lost its power, with all of the first partition but its first record. */
async function afterPowerCut(): Promise<string> {
  const [dataDir, copy] = [await temporaryDirectory(), await temporaryDirectory()]
  await withBroker(dataDir, 'os', async (served) => {
    const segment = await produceAndCommit(served)
    await cp(dataDir, copy, { recursive: true })
    await truncate(join(copy, segment), record('a').length)
  })
  return copy
}

async function valuesFrom(client: WireClient, fetchOffset: number): Promise<string[]> {
  const { responses } = await client.request('Fetch', 12, {
    maxWaitMs: 0,
    minBytes: 0,
    topics: [{ topic: 'orders', partitions: [{ partition: 0, fetchOffset, partitionMaxBytes: 1_000_000 }] }],
  })
  expect(responses[0]?.partitions[0]?.errorCode).toBe('NONE')
  return valuesIn(responses[0]?.partitions[0]?.records)
}

it('S15: an offset committed behind the end of its log goes back to the end, and the group misses nothing', async () => {
  const dataDir = await afterPowerCut()
  await withBroker(dataDir, 'os', async ({ broker, client, clamped }) => {
    expect(await committed(client, 'ahead')).toEqual({ 'orders-0': 1, 'orders-1': 1 })
    expect(await committed(client, 'behind')).toEqual({ 'orders-0': 1 })
    expect(clamped).toMatchObject([
      {
        level: 'warn',
        message: 'group "ahead" had committed offset 3 of orders[0], whose log ends at 1: it goes on there',
        groupId: 'ahead',
        topic: 'orders',
        partition: 0,
        committedOffset: 3,
        logEndOffset: 1,
      },
    ])
    expect(broker.metrics().eventsTotal.get('offsetClamped')).toBe(1)
    for (const value of ['d', 'e', 'f']) await produce(client, 'orders', record(value))
    expect(await valuesFrom(client, 1)).toEqual(['d', 'e', 'f'])
  })
})

it('S15: the offset stays there through the next start, though the log has grown past the old one', async () => {
  const dataDir = await afterPowerCut()
  await withBroker(dataDir, 'os', async ({ client }) => {
    for (const value of ['d', 'e', 'f']) await produce(client, 'orders', record(value))
  })
  await withBroker(dataDir, 'os', async ({ client, clamped }) => {
    expect(await committed(client, 'ahead')).toEqual({ 'orders-0': 1, 'orders-1': 1 })
    expect(clamped).toEqual([])
  })
})

it('S15: what is durable before it is shown cannot be lost: an offset behind the end stays, as it was committed', async () => {
  const dataDir = await temporaryDirectory()
  await withBroker(dataDir, 'durable', async (served) => {
    await produceAndCommit(served)
    await commit(served.client, 'ahead', { 0: 7 })
  })
  await withBroker(dataDir, 'durable', async ({ client, clamped }) => {
    expect(await committed(client, 'ahead')).toEqual({ 'orders-0': 7, 'orders-1': 1 })
    expect(clamped).toEqual([])
  })
})

it('S15: a log that has lost durable records still ends where it did: the offsets stay as they are', async () => {
  const dataDir = await temporaryDirectory()
  const segment = await withBroker(dataDir, 'os', produceAndCommit) // closed in order: all of it is on the disk
  await truncate(join(dataDir, segment), record('a').length)
  await withBroker(dataDir, 'os', async ({ broker, client, clamped }) => {
    expect(broker.metrics().partitions[0]?.condition).toBe('quarantined')
    expect(await committed(client, 'ahead')).toEqual({ 'orders-0': 3, 'orders-1': 1 })
    expect(clamped).toEqual([])
  })
})

it('S15: where the log is not there at all, as on a disk that is not mounted, the offsets wait for it', async () => {
  const dataDir = await temporaryDirectory()
  await withBroker(dataDir, 'os', produceAndCommit)
  const [logs, elsewhere] = [join(dataDir, 'logs'), join(dataDir, 'elsewhere')]
  await rename(logs, elsewhere)
  await withBroker(dataDir, 'os', async ({ clamped }) => expect(clamped).toEqual([]))
  await rm(logs, { recursive: true })
  await rename(elsewhere, logs)
  await withBroker(dataDir, 'os', async ({ client }) => {
    expect(await committed(client, 'ahead')).toEqual({ 'orders-0': 3, 'orders-1': 1 })
  })
})
