// What a client is told when the disk under the broker fails: a code it can act on, not a closed connection.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { initProducerId } from '../../src/handlers/init-producer-id.ts'
import type { Services } from '../../src/handlers/services.ts'
import { openBroker, type Broker, type BrokerEvent } from '../../src/index.ts'
import { MemoryFileSystem } from '../../src/storage/memory-file-system.ts'
import { StorageError } from '../../src/storage/storage-error.ts'
import { ProducerIds } from '../../src/store/producer-ids.ts'
import { openMemoryStore } from '../../src/store/memory-store.ts'
import { VirtualRuntime } from '../../src/virtual-runtime.ts'
import { WireClient } from './wire-client.ts'
import { commit, committed, joinAlone, passed } from './group-fixture.ts'
import { batch, createTopic, produce, produceRequest, valuesIn } from './wire-fixture.ts'
import * as wireV1 from './wire-v1-client.ts'

let broker: Broker
let client: WireClient
let fileSystem: MemoryFileSystem
let events: BrokerEvent[]
const runtime = new VirtualRuntime()

beforeEach(async () => {
  fileSystem = new MemoryFileSystem()
  events = []
  broker = await openBroker({ memory: true, runtime, fileSystem, report: (event) => events.push(event) })
  client = new WireClient(broker)
})

afterEach(() => broker.close())

it('ListOffsets answers KAFKA_STORAGE_ERROR for the log that cannot be read, and for the others what they hold', async () => {
  const topicId = await createTopic(client, 'orders', 2)
  const records = () => batch(runtime.wallClockMs(), 'a')
  for (const partition of [0, 1]) await produce(client, 'orders', records(), { partition })
  const unreadable = new Error('EIO')
  fileSystem.onOperation = ({ name, path }) => {
    if (path.includes(`${topicId}-0`)) throw new StorageError(name, path, unreadable)
  }
  const ask = (timestamp: number) =>
    client.request('ListOffsets', 7, {
      replicaId: -1,
      isolationLevel: 0,
      topics: [{ name: 'orders', partitions: [0, 1].map((partitionIndex) => ({ partitionIndex, timestamp })) }],
    })
  for (const timestamp of [0, -3]) {
    const { topics } = await ask(timestamp)
    expect(topics[0]?.partitions).toMatchObject([
      { partitionIndex: 0, errorCode: 'KAFKA_STORAGE_ERROR', offset: -1 },
      { partitionIndex: 1, errorCode: 'NONE', offset: 0 },
    ])
    expect(events.at(-1)).toMatchObject({ kind: 'read-failed', level: 'error' })
  }
  fileSystem.onOperation = undefined
})

it('InitProducerId answers a code that clients try again for, and gives an id when the disk has room again', async () => {
  const store = openMemoryStore({ randomUuid: () => runtime.randomUuid() })
  let isFull = true
  const producerIds = new ProducerIds(
    {
      load: () => store.load(),
      close: () => store.close(),
      write: (changes) =>
        isFull
          ? Promise.reject(new StorageError('write to', 'metadata.db', new Error('ENOSPC')))
          : store.write(changes),
    },
    0,
  )
  const request = { transactionalId: null, transactionTimeoutMs: 0, producerId: -1, producerEpoch: -1 }
  const context = { apiVersion: 4, clientId: '', clientHost: '', advertised: { host: '', port: 0 } }
  const ask = () =>
    initProducerId({ producerIds } as unknown as Services, request, {
      ...context,
      closed: new AbortController().signal,
    })
  expect(await ask()).toMatchObject({ errorCode: 'COORDINATOR_LOAD_IN_PROGRESS', producerId: -1 })
  isFull = false
  expect(await ask()).toMatchObject({ errorCode: 'NONE', producerId: 0, producerEpoch: 0 })
})

describe('S10: a disk on which only the reserve is free', () => {
  const RESERVE = 1_000_000
  const refusal = {
    errorCode: 'KAFKA_STORAGE_ERROR',
    baseOffset: -1,
    errorMessage: expect.stringMatching(
      /^1000000 bytes of the disk are kept free of records \(log\.min\.free\.bytes\), and 999999 are free: /,
    ) as string,
  }
  let free: number
  const records = (...values: string[]) => batch(runtime.wallClockMs(), ...values)
  const read = async (topic: string) => {
    const { responses } = await client.request('Fetch', 12, {
      maxWaitMs: 0,
      minBytes: 0,
      topics: [{ topic, partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1_000_000 }] }],
    })
    return valuesIn(responses[0]?.partitions[0]?.records)
  }
  const becomes = async (bytes: number) => {
    free = bytes
    await passed(broker, runtime, 1_000)
  }

  beforeEach(async () => {
    await broker.close()
    free = 1e9
    fileSystem = Object.assign(new MemoryFileSystem(), { freeBytes: () => Promise.resolve(free) })
    const report = (event: BrokerEvent) => events.push(event)
    broker = await openBroker({ memory: true, runtime, fileSystem, report, logMinFreeBytes: RESERVE })
    client = new WireClient(broker)
    await createTopic(client, 'orders', 2)
    await produce(client, 'orders', records('before'))
    await becomes(RESERVE - 1)
  })

  it('takes no records in either dialect, says why, and takes them again when there is room', async () => {
    expect(await produce(client, 'orders', records('refused'))).toMatchObject(refusal)
    expect(await produce(client, 'orders', records('refused'), { acks: 1 })).toMatchObject(refusal)
    expect(await wireV1.produce(broker, 'orders', 0, ['refused'])).toMatchObject({ errorCode: 1 })
    expect(broker.metrics()).toMatchObject({
      disk: { reserveBytes: RESERVE, isReserveReached: true, refusedAppendsTotal: 3 },
      partitions: [{ condition: 'sound', logEndOffset: 1 }, { condition: 'sound' }],
    })
    await becomes(2 * RESERVE)
    expect(await produce(client, 'orders', records('after'))).toMatchObject({ errorCode: 'NONE', baseOffset: 1 })
    expect(await wireV1.produce(broker, 'orders', 0, ['after, too'])).toEqual({ errorCode: 0, baseOffset: 2 })
    expect(broker.metrics().disk).toMatchObject({ isReserveReached: false, refusedAppendsTotal: 3 })
    expect(events).toMatchObject([
      {
        kind: 'diskReserveReached',
        level: 'warn',
        message:
          'no records are taken: 999999 bytes are free on the disk of /logs, and 1000000 are kept free of records (log.min.free.bytes)',
        freeBytes: RESERVE - 1,
        reserveBytes: RESERVE,
      },
      {
        kind: 'diskReserveRecovered',
        level: 'info',
        message: 'records are taken again: 2000000 bytes are free on the disk of /logs',
      },
    ])
  })

  it('answers for each partition of a request by itself', async () => {
    await becomes(2 * RESERVE)
    free = RESERVE + records('a').length
    expect(await broker.freeBytes()).toBe(free)
    const { topicData, ...request } = produceRequest('orders', records('a'))
    const { responses } = await client.request('Produce', 9, {
      ...request,
      topicData: [
        { name: 'orders', partitionData: [0, 1, 9].map((index) => ({ index, records: records('a') })) },
        ...topicData.map(({ partitionData }) => ({ name: 'nowhere', partitionData })),
      ],
    })
    expect(responses.flatMap(({ partitionResponses }) => partitionResponses.map(({ errorCode }) => errorCode))).toEqual(
      ['NONE', 'KAFKA_STORAGE_ERROR', 'UNKNOWN_TOPIC_OR_PARTITION', 'UNKNOWN_TOPIC_OR_PARTITION'],
    )
  })

  it('serves everything else: reads, commits, groups and why they rebalanced, new topics, deletions', async () => {
    expect(await read('orders')).toEqual(['before'])
    const member = await joinAlone(broker, runtime, 'billing')
    expect(await commit(client, 'billing', { 0: 1 }, member)).toBe('NONE')
    expect(await committed(client, 'billing')).toEqual({ 'orders-0': 1 })
    await wireV1.joinGroup(broker, { groupId: 'shipping', consumerId: 'one', topics: ['orders'] })
    expect(await wireV1.commitOffset(broker, 'shipping', 'orders', 0, 1)).toBe(0)
    await passed(broker, runtime, 0)
    expect(await read('__goqueue_rebalances')).toHaveLength(2)
    await createTopic(client, 'parcels')
    const deleted = await client.request('DeleteRecords', 2, {
      topics: [{ name: 'orders', partitions: [{ partitionIndex: 0, offset: 1 }] }],
      timeoutMs: 1_000,
    })
    expect(deleted.topics[0]?.partitions[0]).toMatchObject({ errorCode: 'NONE', lowWatermark: 1 })
    const { responses } = await client.request('DeleteTopics', 4, { topicNames: ['orders'], timeoutMs: 1_000 })
    expect(responses[0]?.errorCode).toBe('NONE')
  })
})
