// Rules of single requests over the wire that are in no version range: acks, order, timestamps, all topics, ids.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { decodeResponse, readCorrelationId, ZERO_UUID, type RequestInput } from '@goqueue/protocol'
import { openBroker, type Broker } from '../../src/index.ts'
import { VirtualRuntime } from '../../src/virtual-runtime.ts'
import { WireClient } from './wire-client.ts'
import { batch, createTopic, produce, produceRequest, valuesIn } from './wire-fixture.ts'

let broker: Broker
let runtime: VirtualRuntime
let client: WireClient

beforeEach(async () => {
  runtime = new VirtualRuntime()
  broker = await openBroker({ memory: true, runtime, autoCreateTopicsEnable: true })
  client = new WireClient(broker)
})

afterEach(() => broker.close())

const records = (...values: string[]) => batch(runtime.wallClockMs(), ...values)

async function readAll(topic: string, partition = 0): Promise<string[]> {
  const { responses } = await client.request('Fetch', 12, {
    maxWaitMs: 0,
    minBytes: 0,
    topics: [{ topic, partitions: [{ partition, fetchOffset: 0, partitionMaxBytes: 1_000_000 }] }],
  })
  return valuesIn(responses[0]?.partitions[0]?.records)
}

describe('Produce', () => {
  beforeEach(() => createTopic(client, 'orders', 2))

  it('acks -1 and 1 are answered, 0 is not, and each is appended', async () => {
    expect(await produce(client, 'orders', records('all'), { acks: -1 })).toMatchObject({
      errorCode: 'NONE',
      baseOffset: 0,
    })
    expect(await produce(client, 'orders', records('one'), { acks: 1 })).toMatchObject({
      errorCode: 'NONE',
      baseOffset: 1,
    })
    client.send('Produce', 9, produceRequest('orders', records('none'), { acks: 0 }))
    // The next answer is to the next request: none was given in between.
    expect(await produce(client, 'orders', records('last'))).toMatchObject({ errorCode: 'NONE', baseOffset: 3 })
    expect(await readAll('orders')).toEqual(['all', 'one', 'none', 'last'])
  })

  it('other acks are refused', async () => {
    expect(await produce(client, 'orders', records('a'), { acks: 2 })).toMatchObject({
      errorCode: 'INVALID_REQUIRED_ACKS',
    })
    expect(await readAll('orders')).toEqual([])
  })

  it('acks 0 to a partition that is missing is not answered either', async () => {
    client.send('Produce', 9, produceRequest('orders', records('a'), { acks: 0, partition: 9 }))
    expect(await produce(client, 'orders', records('b'))).toMatchObject({ errorCode: 'NONE', baseOffset: 0 })
  })

  it('N11: pipelined requests are answered in their order, and appended in it', async () => {
    const sent = Array.from({ length: 30 }, (_, index) => {
      const options = { partition: index % 3, acks: index % 2 === 0 ? -1 : 1 }
      return client.send('Produce', 9, produceRequest('orders', records(String(index)), options))
    })
    const fetched = client.send('Metadata', 12, { topics: [] })
    for (const [index, correlationId] of sent.entries()) {
      const frame = (await client.frame()) ?? Buffer.alloc(4)
      expect(readCorrelationId(frame)).toBe(correlationId)
      const answer = decodeResponse('Produce', 9, frame).responses[0]?.partitionResponses[0]
      const expected = index % 3 === 2 ? 'UNKNOWN_TOPIC_OR_PARTITION' : 'NONE'
      expect(answer).toMatchObject({ index: index % 3, errorCode: expected })
    }
    expect(readCorrelationId((await client.frame()) ?? Buffer.alloc(4))).toBe(fetched)
    const ofPartition = (partition: number) => sent.map((_, index) => index).filter((index) => index % 3 === partition)
    for (const partition of [0, 1])
      expect(await readAll('orders', partition)).toEqual(ofPartition(partition).map(String))
  })
})

describe('ListOffsets', () => {
  async function find(timestamp: number) {
    const { topics } = await client.request('ListOffsets', 7, {
      replicaId: -1,
      topics: [{ name: 'orders', partitions: [{ partitionIndex: 0, timestamp }] }],
    })
    const { errorCode, offset, timestamp: found } = topics[0]?.partitions[0] ?? {}
    return { errorCode, offset, timestamp: found }
  }

  it('finds the ends, the greatest timestamp, and the first record at or after a time', async () => {
    await createTopic(client, 'orders')
    const startMs = runtime.wallClockMs()
    for (const delayMs of [1_000, 3_000, 2_000]) await produce(client, 'orders', batch(startMs + delayMs, 'a', 'b'))
    const none = { errorCode: 'NONE', timestamp: -1 }
    expect(await find(-1)).toEqual({ ...none, offset: 6 })
    expect(await find(-2)).toEqual({ ...none, offset: 0 })
    expect(await find(-3)).toEqual({ errorCode: 'NONE', offset: 2, timestamp: startMs + 3_000 })
    expect(await find(0)).toEqual({ errorCode: 'NONE', offset: 0, timestamp: startMs + 1_000 })
    expect(await find(startMs + 1_001)).toEqual({ errorCode: 'NONE', offset: 2, timestamp: startMs + 3_000 })
    expect(await find(startMs + 3_001)).toEqual({ ...none, offset: -1 })
    expect(await find(-4)).toEqual({ ...none, offset: 0 })
    expect(await find(-5)).toEqual({ ...none, offset: -1 })
    expect(await find(-6)).toMatchObject({ errorCode: 'INVALID_REQUEST', offset: -1 })
  })

  it('of an empty log it finds its ends only', async () => {
    await createTopic(client, 'orders')
    const none = { errorCode: 'NONE', timestamp: -1 }
    expect([await find(-1), await find(-2)]).toEqual([0, 0].map((offset) => ({ ...none, offset })))
    expect([await find(-3), await find(0)]).toEqual([-1, -1].map((offset) => ({ ...none, offset })))
  })
})

describe('Metadata', () => {
  const namesAt = async (version: number, request: RequestInput<'Metadata'>) =>
    (await client.request('Metadata', version, request)).topics.map(({ name }) => name).toSorted()

  beforeEach(async () => {
    for (const name of ['a', 'b']) await createTopic(client, name)
  })

  it('no topics means all in v0 and none since v1, where null means all', async () => {
    expect(await namesAt(0, { topics: [] })).toEqual(['a', 'b'])
    for (const version of [1, 4, 9, 12]) {
      expect(await namesAt(version, { topics: [] })).toEqual([])
      expect(await namesAt(version, { topics: null })).toEqual(['a', 'b'])
    }
  })

  it('a missing topic is created where the broker and the client want it', async () => {
    const ask = async (name: string, version: number, allowAutoTopicCreation: boolean) =>
      (await client.request('Metadata', version, { topics: [{ name }], allowAutoTopicCreation })).topics[0]
    expect(await ask('unwanted', 12, false)).toMatchObject({ errorCode: 'UNKNOWN_TOPIC_OR_PARTITION' })
    expect(await ask('wanted', 12, true)).toMatchObject({ errorCode: 'NONE', partitions: [{ partitionIndex: 0 }] })
    expect(await ask('../wanted', 12, true)).toMatchObject({ errorCode: 'INVALID_TOPIC_EXCEPTION' })
    // Before v4 there was no asking: a client that names a topic wants it.
    expect(await ask('old', 1, true)).toMatchObject({ errorCode: 'NONE' })
    expect(await namesAt(12, { topics: null })).toEqual(['a', 'b', 'old', 'wanted'])
  })

  it('since v12 topics are found by id', async () => {
    const topicId = await createTopic(client, 'c')
    const unknownId = '11111111-2222-4333-8444-555555555555'
    const topics = [topicId, unknownId].map((topicId) => ({ topicId, name: null }))
    const answer = await client.request('Metadata', 12, { topics })
    expect(answer.topics).toMatchObject([
      { errorCode: 'NONE', topicId, name: 'c', partitions: [{ partitionIndex: 0 }] },
      { errorCode: 'UNKNOWN_TOPIC_ID', topicId: unknownId, name: null, partitions: [] },
    ])
  })
})

describe('DeleteTopics and CreateTopics', () => {
  it('a topic is deleted by its id, and one that nobody has is said to be unknown', async () => {
    await createTopic(client, 'other')
    const topicId = await createTopic(client, 'orders')
    const remove = async () => {
      const { responses } = await client.request('DeleteTopics', 6, {
        topics: [{ name: null, topicId }],
        topicNames: [],
        timeoutMs: 1_000,
      })
      return responses
    }
    expect(await remove()).toMatchObject([{ errorCode: 'NONE', name: 'orders', topicId }])
    expect(await remove()).toMatchObject([{ errorCode: 'UNKNOWN_TOPIC_ID', name: null, topicId }])
    const { topics } = await client.request('Metadata', 12, { topics: null })
    expect(topics).toMatchObject([{ name: 'other' }])
  })

  it('a topic of the same name is a new one: another id, no records, no committed offsets', async () => {
    const topicId = await createTopic(client, 'orders')
    await produce(client, 'orders', records('old'))
    const topics = [
      { name: 'orders', partitions: [{ partitionIndex: 0, committedOffset: 1, committedMetadata: null }] },
    ]
    await client.request('OffsetCommit', 7, { groupId: 'g', topics })
    await client.request('DeleteTopics', 5, { topicNames: ['orders'], timeoutMs: 1_000 })
    expect(await createTopic(client, 'orders')).not.toBe(topicId)
    expect(await readAll('orders')).toEqual([])
    const committed = await client.request('OffsetFetch', 7, { groupId: 'g', topics: null })
    expect(committed.topics).toEqual([])
  })

  it('validateOnly checks and creates nothing', async () => {
    const create = async (numPartitions: number) => {
      const { topics } = await client.request('CreateTopics', 7, {
        topics: [{ name: 'orders', numPartitions, replicationFactor: 1, assignments: [], configs: [] }],
        timeoutMs: 1_000,
        validateOnly: true,
      })
      return topics[0]
    }
    expect(await create(3)).toMatchObject({ errorCode: 'NONE', numPartitions: 3 })
    expect(await create(0)).toMatchObject({ errorCode: 'INVALID_PARTITIONS', topicId: ZERO_UUID })
    expect((await client.request('Metadata', 12, { topics: null })).topics).toEqual([])
  })
})
