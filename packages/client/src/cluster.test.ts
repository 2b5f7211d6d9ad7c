// The cluster of several brokers: leaders and coordinators move, brokers die, and calls find their way.
import { VirtualRuntime } from '@goqueue/broker-core/testing'
import { buildRecordBatch, type ErrorCode, type ResponseInput } from '@goqueue/protocol'
import { beforeEach, describe, expect, it } from 'vitest'
import { ScriptedBroker } from '../test/scripted-broker.ts'
import { Client } from './client.ts'
import type { Dial } from './connection.ts'

const TOPIC_ID = '11111111-1111-4111-8111-111111111111'

const RECORDS = buildRecordBatch({
  records: [{ key: null, value: 'x', headers: [], timestampMs: 0 }],
  compression: 'none',
})

let runtime: VirtualRuntime
/** Node id of the leader of orders[0], and of the coordinator of every group. */
let leader: number
let coordinator: number
let dead: Set<number>
let brokers: Map<number, ScriptedBroker>
let produced: number[]
let committed: number[]
let leadersAnswer: ErrorCode
/** What OffsetFetch says of the partition, one answer after the other; then NONE. */
let offsetErrors: ErrorCode[]
let fetchedFrom: number[]

const metadata = (): ResponseInput<'Metadata'> => ({
  brokers: [1, 2, 3]
    .filter((nodeId) => !dead.has(nodeId))
    .map((nodeId) => ({ nodeId, host: `b${nodeId}`, port: 9092 })),
  controllerId: 1,
  topics: [
    {
      name: 'orders',
      topicId: TOPIC_ID,
      partitions: [{ partitionIndex: 0, leaderId: leader, replicaNodes: [], isrNodes: [] }],
    },
  ],
})

function broker(nodeId: number): ScriptedBroker {
  return new ScriptedBroker({
    Metadata: (request) => request.answer(metadata()),
    InitProducerId: (request) => request.answer({ producerId: 5, producerEpoch: 0 }),
    Produce: (request) => {
      const isLeader = nodeId === leader
      if (isLeader) produced.push(nodeId)
      const errorCode = isLeader ? leadersAnswer : 'NOT_LEADER_OR_FOLLOWER'
      request.answer({
        responses: [{ name: 'orders', partitionResponses: [{ index: 0, errorCode, baseOffset: isLeader ? 7 : -1 }] }],
      })
    },
    Fetch: (request) => {
      fetchedFrom.push(nodeId)
      const records = nodeId === leader ? RECORDS : null
      const errorCode = nodeId === leader ? 'NONE' : 'NOT_LEADER_OR_FOLLOWER'
      const partitions = [
        { partitionIndex: 0, errorCode, highWatermark: 1, abortedTransactions: null, records } as const,
      ]
      request.answer({ responses: [{ topicId: TOPIC_ID, partitions }] })
    },
    FindCoordinator: (request) => {
      const [key = ''] = request.body.coordinatorKeys
      request.answer({
        coordinators: [{ key, nodeId: coordinator, host: `b${coordinator}`, port: 9092, errorMessage: null }],
      })
    },
    OffsetFetch: (request) => {
      const isCoordinator = nodeId === coordinator
      if (isCoordinator) committed.push(nodeId)
      const errorCode = isCoordinator ? 'NONE' : 'NOT_COORDINATOR'
      const error = offsetErrors.shift() ?? 'NONE'
      const committedOffset = error === 'NONE' ? 42 : -1
      const partitions = [{ partitionIndex: 0, committedOffset, metadata: '', errorCode: error }]
      request.answer({
        groups: [{ groupId: 'g', errorCode, topics: isCoordinator ? [{ name: 'orders', partitions }] : [] }],
      })
    },
  })
}

const dial: Dial = ({ host }) => {
  const nodeId = Number(host.slice(1))
  if (dead.has(nodeId)) throw new Error('refused')
  return brokers.get(nodeId)!.dial()
}

/** The promise's outcome, letting as much time pass as it needs. */
async function run<T>(promise: Promise<T>): Promise<T> {
  let isSettled = false
  const settled = () => (isSettled = true)
  promise.then(settled, settled)
  while (!isSettled) {
    for (let i = 0; i < 12; i++) await new Promise((resume) => setImmediate(resume))
    if (!isSettled) runtime.advance(Math.max(0, runtime.nextAlarmMs - runtime.nowMs()))
  }
  return promise
}

const makeClient = (addresses = ['b1:9092', 'b2:9092']) =>
  new Client({ brokers: addresses, dial, runtime, timeoutMs: 5_000 })

beforeEach(() => {
  runtime = new VirtualRuntime()
  leader = 2
  coordinator = 3
  dead = new Set()
  brokers = new Map([1, 2, 3].map((nodeId) => [nodeId, broker(nodeId)]))
  produced = []
  committed = []
  leadersAnswer = 'NONE'
  offsetErrors = []
  fetchedFrom = []
})

describe('bootstrap', () => {
  it('one broker of those named is enough', async () => {
    dead.add(1)
    expect(await run(makeClient().producer().send({ topic: 'orders', value: 'x' }))).toEqual({
      partition: 0,
      offset: 7,
    })
  })

  it('when none can be reached the error names the last one tried', async () => {
    dead = new Set([1, 2, 3])
    await expect(run(makeClient().admin().listTopics())).rejects.toMatchObject({
      code: 'CONNECTION_FAILED',
      message: expect.stringMatching(/cannot connect to b\d:9092: refused/) as string,
    })
  })

  it('however long it is tried, the error says what the broker did: refused', async () => {
    dead = new Set([1, 2, 3])
    // Some of these are over within an attempt, some while a broker that refused is left alone for a moment.
    for (let timeoutMs = 100; timeoutMs < 3_000; timeoutMs += 37) {
      const client = new Client({ brokers: ['b1:9092'], dial, runtime, timeoutMs })
      const group = client.groupConsumer({ groupId: 'g', topics: ['orders'] })
      const calls: (() => Promise<unknown>)[] = [
        () => client.admin().listTopics(),
        () => client.admin().listGroups(),
        () => group.fetchCommittedOffset('orders', 0),
      ]
      for (const call of calls) await expect(run(call())).rejects.toThrow(/cannot connect to b1:9092: refused/)
    }
  })

  it('when all brokers that were learnt are gone, those named by the user are asked again', async () => {
    const client = makeClient(['b1:9092'])
    await run(client.producer().send({ topic: 'orders', value: 'x' }))
    // The cluster has moved: behind the name there is another broker now.
    dead = new Set([2, 3])
    leader = 1
    for (const each of brokers.values()) for (const request of each.requests) request.cut()
    expect(await run(client.producer().send({ topic: 'orders', value: 'x' }))).toEqual({ partition: 0, offset: 7 })
    expect(produced).toEqual([2, 1])
  })
})

describe('leaders', () => {
  it('records go to the leader of their partition', async () => {
    await run(makeClient().producer().send({ topic: 'orders', value: 'x' }))
    expect(produced).toEqual([2])
  })

  it('a leader that has moved is found: NOT_LEADER_OR_FOLLOWER asks for the metadata anew', async () => {
    const producer = makeClient().producer()
    await run(producer.send({ topic: 'orders', value: 'x' }))
    leader = 3
    await run(producer.send({ topic: 'orders', value: 'y' }))
    expect(produced).toEqual([2, 3])
  })

  it('user-pain 8: a leader that dies is not asked for ever', async () => {
    const producer = makeClient().producer()
    await run(producer.send({ topic: 'orders', value: 'x' }))
    dead.add(2)
    leader = 1
    brokers.get(2)!.requests.at(-1)!.cut()
    await run(producer.send({ topic: 'orders', value: 'y' }))
    expect(produced).toEqual([2, 1])
  })
})

describe('reading', () => {
  const read = (client: Client) => {
    const consumer = client.consumer()
    consumer.assign([{ topic: 'orders', partition: 0, offset: 0 }])
    return run(consumer[Symbol.asyncIterator]().next())
  }

  it('goes to the leader', async () => {
    expect(await read(makeClient())).toMatchObject({ value: { offset: 0 } })
    expect(fetchedFrom[0]).toBe(2)
  })

  it('user-pain 8: a leader that died before it was asked is not asked for ever', async () => {
    const client = makeClient()
    await run(client.producer().send({ topic: 'orders', value: 'x' }))
    dead.add(2)
    leader = 3
    brokers.get(2)!.requests.at(-1)!.cut()
    const startMs = runtime.nowMs()
    expect(await read(client)).toMatchObject({ value: { offset: 0 } })
    expect(fetchedFrom[0]).toBe(3)
    // Not when what was known of the topic has grown too old: at once.
    expect(runtime.nowMs() - startMs).toBeLessThanOrEqual(5_000)
  })
})

describe('outcomes', () => {
  it('DUPLICATE_SEQUENCE_NUMBER is a success', async () => {
    leadersAnswer = 'DUPLICATE_SEQUENCE_NUMBER'
    expect(await run(makeClient().producer().send({ topic: 'orders', value: 'x' }))).toMatchObject({ partition: 0 })
  })

  it('what is refused until time is up says with what, however many waited behind it', async () => {
    leadersAnswer = 'KAFKA_STORAGE_ERROR'
    const producer = makeClient().producer({ deliveryTimeoutMs: 3_000, maxInFlight: 1 })
    const sends = ['x', 'y', 'z'].map((value) => producer.send({ topic: 'orders', value }))
    for (const outcome of await run(Promise.allSettled(sends))) {
      expect(outcome).toMatchObject({
        reason: {
          code: 'DELIVERY_TIMEOUT',
          message: expect.stringContaining('KAFKA_STORAGE_ERROR') as string,
          cause: { code: 'KAFKA_STORAGE_ERROR' },
        },
      })
    }
  })

  it('what a retry cannot mend rejects at once, and says what the broker said', async () => {
    leadersAnswer = 'TOPIC_AUTHORIZATION_FAILED'
    await expect(run(makeClient().producer().send({ topic: 'orders', value: 'x' }))).rejects.toMatchObject({
      code: 'TOPIC_AUTHORIZATION_FAILED',
      path: 'orders[0]',
      retriable: false,
    })
    expect(produced).toEqual([2])
  })

  it('a call whose broker does not answer is over after timeoutMs', async () => {
    brokers.set(1, new ScriptedBroker({}))
    const startMs = runtime.nowMs()
    await expect(run(makeClient(['b1:9092']).admin().listTopics())).rejects.toMatchObject({ code: 'REQUEST_TIMEOUT' })
    expect(runtime.nowMs() - startMs).toBe(5_000)
  })
})

describe('coordinators', () => {
  const fetch = (client: Client) => run(client.admin().groupOffsets('g', [{ topic: 'orders', partition: 0 }]))

  it('are found, and remembered', async () => {
    const client = makeClient()
    await fetch(client)
    await fetch(client)
    expect(committed).toEqual([3, 3])
    const lookups = [...brokers.values()].flatMap(({ requests }) =>
      requests.filter(({ name }) => name === 'FindCoordinator'),
    )
    expect(lookups).toHaveLength(1)
  })

  it('user-pain 4: an error of one partition is tried again, or thrown, and never read as "nothing is committed"', async () => {
    offsetErrors = ['UNSTABLE_OFFSET_COMMIT', 'COORDINATOR_LOAD_IN_PROGRESS']
    expect(await fetch(makeClient())).toMatchObject([{ offset: 42 }])
    offsetErrors = ['TOPIC_AUTHORIZATION_FAILED']
    await expect(fetch(makeClient())).rejects.toMatchObject({ code: 'TOPIC_AUTHORIZATION_FAILED' })
  })

  it('NOT_COORDINATOR asks for the coordinator anew', async () => {
    const client = makeClient()
    await fetch(client)
    coordinator = 2
    expect(await fetch(client)).toMatchObject([{ offset: 42 }])
    expect(committed).toEqual([3, 2])
  })

  it('user-pain 8: a coordinator that dies is not asked for ever', async () => {
    const client = makeClient()
    await fetch(client)
    dead.add(3)
    coordinator = 1
    brokers.get(3)!.requests.at(-1)!.cut()
    expect(await fetch(client)).toMatchObject([{ offset: 42 }])
    expect(committed).toEqual([3, 1])
  })
})
