// Fetch over the wire: how long it waits, what ends the wait, and how much it gives.
import { type RequestInput, type ResponseOf } from '@goqueue/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openBroker, type Broker } from '../../src/index.ts'
import { VirtualRuntime } from '../../src/virtual-runtime.ts'
import { WireClient } from './wire-client.ts'
import { batch, createTopic, produce, valuesIn } from './wire-fixture.ts'

let broker: Broker
let runtime: VirtualRuntime
let client: WireClient
let other: WireClient

beforeEach(async () => {
  runtime = new VirtualRuntime()
  broker = await openBroker({ memory: true, runtime, fetchMaxWaitMs: 10_000, maxWaitingFetches: 2 })
  client = new WireClient(broker)
  other = new WireClient(broker)
  await createTopic(client, 'orders', 2)
})

afterEach(() => broker.close())

const records = (...values: string[]) => batch(runtime.wallClockMs(), ...values)
const batchBytes = batch(0, 'a').length

type FetchOptions = Partial<Omit<RequestInput<'Fetch'>, 'topics'>> & {
  topic?: string
  partitions?: readonly number[]
  fetchOffset?: number
  partitionMaxBytes?: number
}

function fetchRequest(options: FetchOptions = {}): RequestInput<'Fetch'> {
  const { topic = 'orders', partitions = [0], fetchOffset = 0, partitionMaxBytes = 1_000_000, ...rest } = options
  return {
    maxWaitMs: 500,
    minBytes: 1,
    topics: [{ topic, partitions: partitions.map((partition) => ({ partition, fetchOffset, partitionMaxBytes })) }],
    ...rest,
  }
}

/** A Fetch under way, and whether it has been answered. */
function startFetch(options: FetchOptions = {}, from = client) {
  const fetch = { isAnswered: false, answer: from.request('Fetch', 12, fetchRequest(options)) }
  const note = () => (fetch.isAnswered = true)
  fetch.answer.then(note, note) // a rejection is for whoever awaits the answer
  return fetch
}

/** Whatever was on its way has arrived when a later request, there and back, has. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) await other.request('Metadata', 12, { topics: [] })
}

const partitionsOf = ({ responses }: ResponseOf<'Fetch'>) => responses[0]?.partitions ?? []
const valuesOf = (answer: ResponseOf<'Fetch'>) => partitionsOf(answer).map((partition) => valuesIn(partition.records))

describe('waiting', () => {
  it('at the end of the log it waits for as long as it was asked to, then answers with nothing', async () => {
    const fetch = startFetch()
    await settle()
    runtime.advance(499)
    await settle()
    expect(fetch.isAnswered).toBe(false)
    runtime.advance(1)
    expect(partitionsOf(await fetch.answer)).toMatchObject([
      { errorCode: 'NONE', highWatermark: 0, records: Buffer.alloc(0) },
    ])
  })

  it('an append wakes it', async () => {
    const fetch = startFetch()
    await settle()
    await produce(other, 'orders', records('a'))
    expect(valuesOf(await fetch.answer)).toEqual([['a']])
  })

  it('an append to another partition of the request wakes it too', async () => {
    const fetch = startFetch({ partitions: [0, 1] })
    await settle()
    await produce(other, 'orders', records('a'), { partition: 1 })
    expect(valuesOf(await fetch.answer)).toEqual([[], ['a']])
  })

  it('fewer bytes than it asked for leave it waiting, and more of them end that', async () => {
    const fetch = startFetch({ minBytes: batchBytes + 1 })
    await settle()
    await produce(other, 'orders', records('a'))
    await settle()
    expect(fetch.isAnswered).toBe(false)
    await produce(other, 'orders', records('b'))
    expect(valuesOf(await fetch.answer)).toEqual([['a', 'b']])
  })

  it('what is there when its time is up is given, though it is too little', async () => {
    await produce(other, 'orders', records('a'))
    const fetch = startFetch({ minBytes: 1_000_000 })
    await settle()
    expect(fetch.isAnswered).toBe(false)
    runtime.advance(500)
    expect(valuesOf(await fetch.answer)).toEqual([['a']])
  })

  it('minBytes 0, maxWaitMs 0 and a partition with an error do not wait', async () => {
    await startFetch({ minBytes: 0 }).answer
    await startFetch({ maxWaitMs: 0 }).answer
    expect(partitionsOf(await startFetch({ partitions: [0, 9] }).answer)).toMatchObject([
      { errorCode: 'NONE' },
      { errorCode: 'UNKNOWN_TOPIC_OR_PARTITION' },
    ])
  })

  it('nobody waits longer than the broker allows', async () => {
    const fetch = startFetch({ maxWaitMs: 2 ** 31 - 1 })
    await settle()
    runtime.advance(10_000)
    expect(valuesOf(await fetch.answer)).toEqual([[]])
  })

  it('N14: more waiting requests than the broker allows are answered at once', async () => {
    for (const waiting of [new WireClient(broker), new WireClient(broker)]) startFetch({}, waiting)
    await settle()
    expect(valuesOf(await startFetch().answer)).toEqual([[]])
  })

  it('N14: a partition that is named very often is waited for and answered once, and the last mention counts', async () => {
    const fetch = startFetch({ partitions: [...Array.from({ length: 10_000 }, () => 0), 1, 0] })
    await settle()
    await produce(other, 'orders', records('a'), { partition: 1 })
    expect(valuesOf(await fetch.answer)).toEqual([[], ['a']])
    const { responses } = await client.request('Fetch', 12, {
      maxWaitMs: 500,
      minBytes: 1,
      topics: [5, 0].map((fetchOffset) => ({
        topic: 'orders',
        partitions: [{ partition: 1, fetchOffset, partitionMaxBytes: 1_000 }],
      })),
    })
    expect(responses).toMatchObject([{ topic: 'orders', partitions: [{ partitionIndex: 1, errorCode: 'NONE' }] }])
  })

  it('N14: more bytes than one answer may have are not waited for', async () => {
    for (let turn = 0; turn < 20; turn++) await produce(other, 'orders', records('x'.repeat(900_000)))
    const fetch = startFetch({ minBytes: 2 ** 31 - 1, partitionMaxBytes: 2 ** 31 - 1 })
    expect(valuesOf(await fetch.answer)[0]).not.toEqual([])
  })

  it('a topic that is deleted ends the wait', async () => {
    const fetch = startFetch()
    await settle()
    await other.request('DeleteTopics', 5, { topicNames: ['orders'], timeoutMs: 1_000 })
    expect(partitionsOf(await fetch.answer)).toMatchObject([{ errorCode: 'UNKNOWN_TOPIC_OR_PARTITION' }])
  })

  it('a client that goes away leaves no alarm behind', async () => {
    const before = runtime.alarmCount
    const leaving = new WireClient(broker)
    startFetch({}, leaving).answer.catch(() => {})
    await settle()
    expect(runtime.alarmCount).toBeGreaterThan(before)
    leaving.close()
    await settle()
    expect(runtime.alarmCount).toBe(before)
  })

  it('a broker that closes answers those who wait', async () => {
    const fetch = startFetch()
    await settle()
    await broker.close()
    expect(valuesOf(await fetch.answer)).toEqual([[]])
  })
})

describe('how much', () => {
  beforeEach(async () => {
    for (const value of ['a', 'b', 'c']) await produce(client, 'orders', records(value))
    await produce(client, 'orders', records('d'), { partition: 1 })
  })

  it('whole batches, from the one that holds the offset', async () => {
    expect(valuesOf(await startFetch({ fetchOffset: 1 }).answer)).toEqual([['b', 'c']])
  })

  it('the first batch is given though it is larger than was asked for (KIP-74), and nothing behind it', async () => {
    expect(valuesOf(await startFetch({ partitions: [0, 1], maxBytes: 1 }).answer)).toEqual([['a'], []])
    expect(valuesOf(await startFetch({ partitionMaxBytes: 1 }).answer)).toEqual([['a']])
  })

  it('no more than the request and its partitions allow', async () => {
    const partitions = [0, 1]
    expect(valuesOf(await startFetch({ partitions, partitionMaxBytes: 2 * batchBytes }).answer)).toEqual([
      ['a', 'b'],
      ['d'],
    ])
    expect(valuesOf(await startFetch({ partitions, maxBytes: 3 * batchBytes }).answer)).toEqual([['a', 'b', 'c'], []])
  })

  it('an offset beyond the log is out of range, and the end of the log is not', async () => {
    expect(partitionsOf(await startFetch({ fetchOffset: 4 }).answer)).toMatchObject([
      { errorCode: 'OFFSET_OUT_OF_RANGE' },
    ])
    expect(partitionsOf(await startFetch({ fetchOffset: -1 }).answer)).toMatchObject([
      { errorCode: 'OFFSET_OUT_OF_RANGE' },
    ])
    expect(partitionsOf(await startFetch({ fetchOffset: 3, maxWaitMs: 0 }).answer)).toMatchObject([
      { errorCode: 'NONE', highWatermark: 3 },
    ])
  })
})

describe('sessions (KIP-227)', () => {
  it('a client that asks for one is told that it has none, and a request that names one is refused', async () => {
    expect(await startFetch({ sessionId: 0, sessionEpoch: 0, maxWaitMs: 0 }).answer).toMatchObject({ sessionId: 0 })
    expect(await startFetch({ sessionId: 7, sessionEpoch: 1 }).answer).toMatchObject({
      errorCode: 'FETCH_SESSION_ID_NOT_FOUND',
      responses: [],
    })
  })
})
