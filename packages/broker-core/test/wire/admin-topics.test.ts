// CreatePartitions, DeleteRecords, OffsetForLeaderEpoch, DescribeCluster and DescribeLogDirs over the wire.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openBroker, type Broker } from '../../src/index.ts'
import { VirtualRuntime } from '../../src/virtual-runtime.ts'
import { WireClient } from './wire-client.ts'
import { batch, createTopic, produce, valuesIn } from './wire-fixture.ts'

let broker: Broker
let runtime: VirtualRuntime
let client: WireClient

beforeEach(async () => {
  runtime = new VirtualRuntime()
  broker = await openBroker({ memory: true, runtime, maxPartitionsPerTopic: 10 })
  client = new WireClient(broker)
  await createTopic(client, 'orders', 2)
})

afterEach(() => broker.close())

const append = (values: string[], partition = 0) =>
  produce(client, 'orders', batch(runtime.wallClockMs(), ...values), { partition })

async function fetch(partition: number, fetchOffset: number) {
  const { responses } = await client.request('Fetch', 12, {
    maxWaitMs: 0,
    minBytes: 0,
    topics: [{ topic: 'orders', partitions: [{ partition, fetchOffset, partitionMaxBytes: 1_000_000 }] }],
  })
  const { errorCode, records } = responses[0]?.partitions[0] ?? {}
  return { errorCode, values: valuesIn(records) }
}

async function partitionCount(name: string): Promise<number | undefined> {
  const { topics } = await client.request('Metadata', 12, { topics: [{ name }] })
  return topics[0]?.partitions.length
}

describe('CreatePartitions', () => {
  const grow = async (name: string, count: number, more: { validateOnly?: boolean; assignments?: [] } = {}) => {
    const { results } = await client.request('CreatePartitions', 3, {
      topics: [{ name, count, assignments: more.assignments ?? null }],
      timeoutMs: 1_000,
      validateOnly: more.validateOnly ?? false,
    })
    return results[0]
  }

  it.each([0, 1, 2, 3])('v%i gives a topic partitions that can be written and read at once', async (version) => {
    await append(['before'])
    const { results } = await client.request('CreatePartitions', version, {
      topics: [{ name: 'orders', count: 4, assignments: null }],
      timeoutMs: 1_000,
      validateOnly: false,
    })
    expect(results).toEqual([{ name: 'orders', errorCode: 'NONE', errorMessage: null }])
    expect(await partitionCount('orders')).toBe(4)
    expect(await append(['after'], 3)).toMatchObject({ errorCode: 'NONE', baseOffset: 0 })
    expect(await fetch(3, 0)).toEqual({ errorCode: 'NONE', values: ['after'] })
    expect(await fetch(0, 0)).toEqual({ errorCode: 'NONE', values: ['before'] })
  })

  it('changes nothing when it is only to validate', async () => {
    expect(await grow('orders', 4, { validateOnly: true })).toMatchObject({ errorCode: 'NONE' })
    expect(await grow('orders', 2, { validateOnly: true })).toMatchObject({ errorCode: 'INVALID_PARTITIONS' })
    expect(await partitionCount('orders')).toBe(2)
  })

  it.each([
    ['orders', 2, 'INVALID_PARTITIONS'],
    ['orders', 1, 'INVALID_PARTITIONS'],
    ['orders', -1, 'INVALID_PARTITIONS'],
    ['orders', 11, 'POLICY_VIOLATION'],
    ['nowhere', 3, 'UNKNOWN_TOPIC_OR_PARTITION'],
  ])('%s to %i partitions: %s', async (name, count, errorCode) => {
    expect(await grow(name, count)).toMatchObject({ errorCode, errorMessage: expect.any(String) as string })
    expect(await partitionCount('orders')).toBe(2)
  })

  it('refuses replicas that are assigned by hand, and a topic that is named twice', async () => {
    const { results } = await client.request('CreatePartitions', 3, {
      topics: [{ name: 'orders', count: 3, assignments: [{ brokerIds: [1] }] }],
      timeoutMs: 1_000,
      validateOnly: false,
    })
    expect(results).toMatchObject([{ errorCode: 'INVALID_REPLICA_ASSIGNMENT' }])
    const topics = [3, 4].map((count) => ({ name: 'orders', count, assignments: null }))
    const twice = await client.request('CreatePartitions', 3, { topics, timeoutMs: 1_000, validateOnly: false })
    expect(twice.results).toMatchObject([{ name: 'orders', errorCode: 'INVALID_REQUEST' }])
    expect(await partitionCount('orders')).toBe(2)
  })
})

describe('DeleteRecords', () => {
  const deleteRecords = async (partitionIndex: number, offset: number, version = 2) => {
    const { topics } = await client.request('DeleteRecords', version, {
      topics: [{ name: 'orders', partitions: [{ partitionIndex, offset }] }],
      timeoutMs: 1_000,
    })
    return topics[0]?.partitions[0]
  }

  beforeEach(async () => {
    for (const value of ['a', 'b', 'c']) await append([value])
  })

  it.each([0, 1, 2])('v%i takes the start of a log forward', async (version) => {
    const answer = await deleteRecords(0, 2, version)
    expect(answer).toEqual({ partitionIndex: 0, lowWatermark: 2, errorCode: 'NONE' })
    expect(await fetch(0, 1)).toMatchObject({ errorCode: 'OFFSET_OUT_OF_RANGE' })
    expect(await fetch(0, 2)).toEqual({ errorCode: 'NONE', values: ['c'] })
    const { topics } = await client.request('ListOffsets', 5, {
      replicaId: -1,
      topics: [{ name: 'orders', partitions: [{ partitionIndex: 0, timestamp: -2 }] }],
    })
    expect(topics[0]?.partitions[0]).toMatchObject({ offset: 2 })
  })

  it('-1 stands for the high watermark, and a start that lies behind changes nothing', async () => {
    expect(await deleteRecords(0, -1)).toMatchObject({ lowWatermark: 3, errorCode: 'NONE' })
    expect(await deleteRecords(0, 1)).toMatchObject({ lowWatermark: 3, errorCode: 'NONE' })
    expect(await append(['d'])).toMatchObject({ baseOffset: 3 })
    expect(await fetch(0, 3)).toEqual({ errorCode: 'NONE', values: ['d'] })
  })

  it.each([
    [0, 4, 'OFFSET_OUT_OF_RANGE'],
    [0, -2, 'OFFSET_OUT_OF_RANGE'],
    [9, 0, 'UNKNOWN_TOPIC_OR_PARTITION'],
    [-1, 0, 'UNKNOWN_TOPIC_OR_PARTITION'],
  ])('partition %i before offset %i: %s', async (partitionIndex, offset, errorCode) => {
    expect(await deleteRecords(partitionIndex, offset)).toEqual({ partitionIndex, lowWatermark: -1, errorCode })
    expect(await fetch(0, 0)).toMatchObject({ errorCode: 'NONE', values: ['a', 'b', 'c'] })
  })
})

describe('OffsetForLeaderEpoch', () => {
  it.each([2, 3, 4])('v%i: epoch 0 goes on at the high watermark, and there is no other', async (version) => {
    await append(['a', 'b'])
    const ask = async (partition: number, leaderEpoch: number, currentLeaderEpoch = -1) => {
      const { topics } = await client.request('OffsetForLeaderEpoch', version, {
        topics: [{ topic: 'orders', partitions: [{ partition, leaderEpoch, currentLeaderEpoch }] }],
      })
      return topics[0]?.partitions[0]
    }
    const none = { leaderEpoch: -1, endOffset: -1 }
    expect(await ask(0, 0)).toEqual({ partition: 0, errorCode: 'NONE', leaderEpoch: 0, endOffset: 2 })
    expect(await ask(1, 0, 0)).toEqual({ partition: 1, errorCode: 'NONE', leaderEpoch: 0, endOffset: 0 })
    expect(await ask(0, 1)).toEqual({ partition: 0, errorCode: 'NONE', ...none })
    expect(await ask(0, -1)).toEqual({ partition: 0, errorCode: 'NONE', ...none })
    expect(await ask(0, 0, 1)).toEqual({ partition: 0, errorCode: 'UNKNOWN_LEADER_EPOCH', ...none })
    expect(await ask(2, 0)).toEqual({ partition: 2, errorCode: 'UNKNOWN_TOPIC_OR_PARTITION', ...none })
  })
})

describe('DescribeCluster', () => {
  it.each([0, 1, 2])('v%i names the one broker, where this client reaches it', async (version) => {
    const answer = await client.request('DescribeCluster', version, { includeClusterAuthorizedOperations: false })
    expect(answer).toMatchObject({ errorCode: 'NONE', clusterId: broker.clusterId, controllerId: 1 })
    expect(answer.brokers).toMatchObject([{ brokerId: 1, host: 'localhost', port: 9092, rack: null, isFenced: false }])
  })

  it.each([
    [2, 'MISMATCHED_ENDPOINT_TYPE'],
    [3, 'UNSUPPORTED_ENDPOINT_TYPE'],
  ])('there is no endpoint of type %i: %s', async (endpointType, errorCode) => {
    const body = { includeClusterAuthorizedOperations: false, endpointType }
    expect(await client.request('DescribeCluster', 1, body)).toMatchObject({ errorCode, brokers: [] })
  })
})

describe('DescribeLogDirs', () => {
  it.each([1, 2, 3, 4])('v%i tells how large partitions are: all, or those that are asked for', async (version) => {
    await append(['a'])
    const all = await client.request('DescribeLogDirs', version, { topics: null })
    const partitionSize = batch(0, 'a').length
    expect(all.results).toMatchObject([
      {
        errorCode: 'NONE',
        logDir: '/logs',
        topics: [{ name: 'orders', partitions: [{ partitionIndex: 0, partitionSize }, { partitionSize: 0 }] }],
      },
    ])
    const some = await client.request('DescribeLogDirs', version, {
      topics: [
        { topic: 'orders', partitions: [1, 9] },
        { topic: 'nowhere', partitions: [0] },
      ],
    })
    expect(some.results[0]?.topics).toMatchObject([{ name: 'orders', partitions: [{ partitionIndex: 1 }] }])
  })
})
