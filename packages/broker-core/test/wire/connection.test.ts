// One connection: what its bytes cost the broker's budget, whose fault a delay is, and that its end is an end.
import { Duplex } from 'node:stream'
import { encodeRequest } from '@goqueue/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openBroker, type Broker, type BrokerEvent } from '../../src/index.ts'
import { VirtualRuntime } from '../../src/virtual-runtime.ts'
import { WireClient } from './wire-client.ts'
import { batch, createTopic, produce, valuesIn } from './wire-fixture.ts'

const BUDGET_BYTES = 1_000_000

let broker: Broker
let runtime: VirtualRuntime
let events: BrokerEvent[]
let canary: WireClient

beforeEach(async () => {
  events = []
  runtime = new VirtualRuntime()
  broker = await openBroker({
    memory: true,
    runtime,
    report: (event) => events.push(event),
    queuedMaxRequestBytes: BUDGET_BYTES,
  })
  canary = new WireClient(broker)
  await createTopic(canary, 'orders')
})

afterEach(() => broker.close())

/** Whatever was on its way has arrived when a later request, there and back, has. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await canary.request('Metadata', 12, { topics: [] })
}

/** A request that needs all the budget but for `leftBytes`, and does not arrive whole. */
async function expectRoomForAllBut(leftBytes: number): Promise<void> {
  const client = new WireClient(broker)
  const size = Buffer.alloc(4)
  size.writeInt32BE(BUDGET_BYTES)
  client.sendRaw(Buffer.concat([size, Buffer.alloc(BUDGET_BYTES - leftBytes)]))
  await settle()
  expect(events.filter(({ message }) => message.includes('all requests together'))).toEqual([])
  client.close()
}

describe('the budget of request bytes', () => {
  it('N2: bytes behind the one request of the original dialect are not held for ever', async () => {
    for (let turn = 0; turn < 3; turn++) {
      const client = new WireClient(broker)
      // List topics; what follows arrives while that is being answered.
      client.wire.cork()
      client.sendRaw(Buffer.from('0000000a0001', 'hex'))
      client.sendRaw(Buffer.alloc(400_000))
      client.wire.uncork()
      await client.frame()
      client.close()
    }
    await expectRoomForAllBut(1_000)
  })

  it('N2: a request that has not been started gives way as an unfinished one does', async () => {
    const client = new WireClient(broker)
    client.send('Fetch', 12, {
      maxWaitMs: 50_000,
      minBytes: 1,
      topics: [{ topic: 'orders', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1_000 }] }],
    })
    // It waits, whole, behind the Fetch.
    client.send('Metadata', 12, { topics: Array.from({ length: 30_000 }, () => ({ name: 'orders' })) })
    await settle()
    const other = new WireClient(broker)
    other.sendRaw(Buffer.concat([Buffer.from('000f4240', 'hex'), Buffer.alloc(500_000)]))
    await settle()
    expect(await client.frame()).toBeNull()
    expect(events.at(-1)?.message).toMatch(/all requests together hold/)
    expect(broker.connectionCount).toBe(2)
    other.close()
  })

  it.each(['Fetch', 'JoinGroup'] as const)('N2: a %s that may be held for long is not a large one', async (name) => {
    const own = await openBroker({ memory: true, runtime, report: (event) => events.push(event) })
    const client = new WireClient(own)
    const much = 'x'.repeat(30_000)
    if (name === 'Fetch') {
      const topics = Array.from({ length: 150 }, () => ({ topic: much, partitions: [] }))
      client.send('Fetch', 12, { maxWaitMs: 50_000, minBytes: 1, topics })
    } else {
      client.send('JoinGroup', 5, {
        groupId: 'g',
        sessionTimeoutMs: 10_000,
        rebalanceTimeoutMs: 10_000,
        memberId: '',
        protocolType: 'consumer',
        protocols: [{ name: 'range', metadata: Buffer.alloc(4_500_000) }],
      })
    }
    expect(await client.frame()).toBeNull()
    expect(events.at(-1)?.message).toMatch(/of 45\d\d\d\d\d bytes: 4194304 are allowed/)
    await own.close()
  })

  it('N2: a connection that ends over an illegal size takes all its bytes with it', async () => {
    for (let turn = 0; turn < 500; turn++) {
      const client = new WireClient(broker)
      client.sendRaw(Buffer.from('ffffffff', 'hex'))
      await client.frame()
    }
    await expectRoomForAllBut(1_000)
  })
})

describe('deadlines', () => {
  it('N4: a peer that announces a request and sends nothing of it has no more time than others', async () => {
    const client = new WireClient(broker)
    client.sendRaw(Buffer.from('000000ff', 'hex'))
    await settle()
    runtime.advance(30_000)
    await settle()
    expect(events.at(-1)?.message).toMatch(/did not arrive whole within 30000 ms/)
    expect(await client.frame()).toBeNull()
  })

  it('N4: the time in which the broker itself does not read is not the peer’s', async () => {
    const client = new WireClient(broker)
    const fetch = encodeRequest(
      'Fetch',
      12,
      { correlationId: 1, clientId: null },
      {
        maxWaitMs: 50_000,
        minBytes: 1,
        topics: [{ topic: 'orders', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1_000 }] }],
      },
    )
    const metadata = encodeRequest('Metadata', 12, { correlationId: 2, clientId: null }, { topics: [] })
    // Behind the Fetch that waits stand a whole request and the beginning of a third.
    client.sendRaw(Buffer.concat([fetch, metadata, metadata.subarray(0, 7)]))
    await settle()
    runtime.advance(49_000)
    await settle()
    expect(events.filter(({ kind }) => kind === 'connection-closed')).toEqual([])
    runtime.advance(1_000)
    expect(await client.frame()).not.toBeNull()
    expect(await client.frame()).not.toBeNull()
    // Now the peer has its turn, and all of its time.
    runtime.advance(29_999)
    client.sendRaw(metadata.subarray(7))
    expect(await client.frame()).not.toBeNull()
    client.sendRaw(metadata.subarray(0, 7))
    await settle()
    runtime.advance(30_000)
    expect(await client.frame()).toBeNull()
    expect(events.at(-1)?.message).toMatch(/did not arrive whole within 30000 ms/)
  })
})

it('N14: answers that nobody takes leave others smaller ones, not the broker without memory', async () => {
  const own = await openBroker({ memory: true, runtime, fetchMaxBytes: 100_000 })
  const client = new WireClient(own)
  await createTopic(client, 'orders')
  const value = 'x'.repeat(9_900)
  for (let turn = 0; turn < 30; turn++) await produce(client, 'orders', batch(runtime.wallClockMs(), value))
  const request = {
    maxWaitMs: 0,
    minBytes: 1,
    // From there on the batches stand together in memory.
    topics: [{ topic: 'orders', partitions: [{ partition: 0, fetchOffset: 15, partitionMaxBytes: 1_000_000 }] }],
  }
  const fetchedValues = async () => {
    const { responses } = await client.request('Fetch', 12, request)
    return valuesIn(responses[0]?.partitions[0]?.records).length
  }
  expect(await fetchedValues()).toBe(10)
  const frame = encodeRequest('Fetch', 12, { correlationId: 1, clientId: null }, request)
  for (let peer = 0; peer < 3; peer++) {
    const wire = new Duplex({ read: () => undefined, write: () => undefined })
    own.serve(wire, { remoteAddress: '192.0.2.1', advertised: { host: 'localhost', port: 9092 } })
    for (let turn = 0; turn < 20; turn++) wire.push(frame)
  }
  await expect.poll(fetchedValues).toBe(1)
  runtime.advance(30_000)
  await expect.poll(fetchedValues).toBe(10)
  await own.close()
})

describe('the end', () => {
  it('N12: a peer that never takes the last answer loses its wire in time all the same', async () => {
    const alarms = runtime.alarmCount
    const wire = new Duplex({ read: () => undefined, write: () => undefined })
    broker.serve(wire, { remoteAddress: '192.0.2.1', advertised: { host: 'localhost', port: 9092 } })
    // List topics in the original dialect: its answer is the end of the connection.
    wire.push(Buffer.from('0000000a0001', 'hex'))
    await settle()
    expect(broker.connectionCount).toBe(1)
    runtime.advance(29_999)
    expect(wire.destroyed).toBe(false)
    runtime.advance(1)
    expect(wire.destroyed).toBe(true)
    await settle()
    expect(runtime.alarmCount).toBe(alarms)
  })
})
