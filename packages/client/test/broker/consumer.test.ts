// The consumer and the admin against a real broker on virtual time.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Client, Consumer, ConsumerOptions, ConsumerRecord } from '../../src/index.ts'
import { World } from '../world.ts'

let world: World
let client: Client

beforeEach(async () => {
  world = await World.open()
  client = world.client()
  await world.run(client.admin().createTopic({ name: 'orders', partitions: 2 }))
})
afterEach(() => world.close())

const produce = (count: number, partition = 0, from = 0) =>
  world.run(
    client
      .producer()
      .send(Array.from({ length: count }, (_, i) => ({ topic: 'orders', partition, value: String(from + i) }))),
  )

function reading(offset?: number | 'earliest' | 'latest', options: ConsumerOptions = {}): Consumer {
  const consumer = client.consumer(options)
  consumer.assign([{ topic: 'orders', partition: 0, offset }])
  return consumer
}

async function take(consumer: Consumer, count: number): Promise<ConsumerRecord[]> {
  const records: ConsumerRecord[] = []
  const iterator = consumer[Symbol.asyncIterator]()
  while (records.length < count) records.push(((await world.run(iterator.next())) as { value: ConsumerRecord }).value)
  return records
}

const offsets = (records: readonly ConsumerRecord[]) => records.map(({ offset }) => offset)

describe('where to start', () => {
  it('at the offset given, in the middle of a batch too', async () => {
    await produce(10)
    expect(offsets(await take(reading(7), 3))).toEqual([7, 8, 9])
  })

  it('at either end', async () => {
    await produce(3)
    expect(offsets(await take(reading('earliest'), 1))).toEqual([0])
    const latest = reading('latest')
    const next = take(latest, 1)
    await world.until(() => latest.position('orders', 0) !== null)
    await produce(1)
    expect(offsets(await next)).toEqual([3])
  })

  it.each([
    ['earliest', 0],
    ['latest', 3],
  ] as const)('the reset policy %s decides where no offset is given', async (autoOffsetReset, expected) => {
    await produce(3)
    const consumer = reading(undefined, { autoOffsetReset })
    await world.until(() => consumer.position('orders', 0) !== null)
    expect(consumer.position('orders', 0)).toBe(expected)
  })

  it.each([
    ['earliest', 0],
    ['latest', 3],
  ] as const)('the reset policy %s decides where the offset is not there', async (autoOffsetReset, expected) => {
    await produce(3)
    const consumer = reading(1_000, { autoOffsetReset })
    await world.until(() => consumer.position('orders', 0) !== 1_000 && consumer.position('orders', 0) !== null)
    expect(consumer.position('orders', 0)).toBe(expected)
  })

  it("with 'none' an offset that is not there is an error, and seek mends it", async () => {
    await produce(3)
    const consumer = reading(1_000, { autoOffsetReset: 'none' })
    await expect(take(consumer, 1)).rejects.toMatchObject({ code: 'OFFSET_OUT_OF_RANGE', kafkaCode: 1 })
    consumer.seek('orders', 0, 2)
    expect(offsets(await take(consumer, 1))).toEqual([2])
  })

  it('user-pain 4: a broker that cannot be reached never leads to the reset policy', async () => {
    await produce(10)
    const consumer = reading(8, { autoOffsetReset: 'earliest' })
    const next = take(consumer, 2)
    for (let i = 0; i < 5; i++) {
      world.isReachable = false
      world.cut()
      await world.pass(500)
      world.isReachable = true
      await world.pass(10)
    }
    expect(offsets(await next)).toEqual([8, 9])
  })
})

describe('reading', () => {
  it('gives every record once and in order, however small the fetches are', async () => {
    for (let i = 0; i < 20; i++) await produce(5, i % 2, i * 5)
    const consumer = client.consumer({ maxBytes: 300, partitionMaxBytes: 100, maxBufferedBytes: 400 })
    consumer.assign([0, 1].map((partition) => ({ topic: 'orders', partition, offset: 'earliest' as const })))
    const records = await take(consumer, 100)
    for (const partition of [0, 1]) {
      const ofPartition = records.filter((record) => record.partition === partition)
      expect(offsets(ofPartition)).toEqual(Array.from({ length: 50 }, (_, i) => i))
    }
  })

  it('an idle partition does not hold a busy one up', async () => {
    await produce(200)
    const consumer = client.consumer({ maxWaitMs: 60_000, partitionMaxBytes: 1, maxBytes: 1 })
    consumer.assign([0, 1].map((partition) => ({ topic: 'orders', partition, offset: 'earliest' as const })))
    const startMs = world.runtime.nowMs()
    await take(consumer, 200)
    for (let i = 0; i < 5; i++) {
      await produce(1, 0, 200 + i)
      await take(consumer, 1)
    }
    expect(world.runtime.nowMs() - startMs).toBeLessThan(60_000)
  })

  it('break and go on: the next loop starts behind the last record', async () => {
    await produce(4)
    const consumer = reading('earliest')
    expect(offsets(await take(consumer, 2))).toEqual([0, 1])
    expect(offsets(await take(consumer, 2))).toEqual([2, 3])
  })

  it('seek drops what was fetched before', async () => {
    await produce(10)
    const consumer = reading('earliest')
    await take(consumer, 3)
    consumer.seek('orders', 0, 8)
    expect(offsets(await take(consumer, 1))).toEqual([8])
    consumer.seek('orders', 0, 'earliest')
    expect(offsets(await take(consumer, 1))).toEqual([0])
  })

  it('an answer to a fetch from before a seek is not delivered, whenever it comes', async () => {
    const consumer = reading('latest')
    const iterator = consumer[Symbol.asyncIterator]()
    let sent = 0
    for (let turns = 0; turns < 24; turns++) {
      // Parked at the end of the log: what is sent now is fetched from there, while the seek goes to the beginning.
      void client.producer().send({ topic: 'orders', partition: 0, value: String(sent++) })
      for (let i = 0; i < turns; i++) await new Promise((resume) => setImmediate(resume))
      consumer.seek('orders', 0, 0)
      for (let offset = 0; offset < sent; offset++) {
        const { value } = (await world.run(iterator.next())) as { value: ConsumerRecord }
        expect(value.offset).toBe(offset)
      }
      await world.settle()
    }
  })

  it("what is taken out of the assignment is not delivered any more, and its records' signal fires", async () => {
    await produce(5)
    await produce(5, 1)
    const consumer = reading('earliest')
    const [record] = await take(consumer, 1)
    consumer.assign([{ topic: 'orders', partition: 1, offset: 'earliest' }])
    expect(record!.signal.aborted).toBe(true)
    expect((await take(consumer, 5)).map(({ partition }) => partition)).toEqual([1, 1, 1, 1, 1])
    expect(() => consumer.seek('orders', 0, 0)).toThrow(expect.objectContaining({ code: 'NOT_ASSIGNED' }))
    expect(consumer.assignment()).toEqual([{ topic: 'orders', partition: 1 }])
  })

  it('I19: a loop over records at hand lets timers and sockets have their turn', async () => {
    await produce(2_000)
    const consumer = reading('earliest')
    let hadTurn = false
    const loop = (async () => {
      let count = 0
      for await (const record of consumer) {
        if (record.offset === 0) setImmediate(() => (hadTurn = true))
        if (++count === 2_000) return hadTurn
      }
      return false
    })()
    expect(await world.run(loop)).toBe(true)
  })

  it('close ends a loop that waits, and fires the signals', async () => {
    await produce(1)
    const consumer = reading('earliest')
    const [record] = await take(consumer, 1)
    const next = consumer[Symbol.asyncIterator]().next()
    await world.settle()
    await consumer.close()
    expect(await world.run(next)).toEqual({ done: true, value: undefined })
    expect(record!.signal.reason).toMatchObject({ code: 'CLOSED' })
  })

  it('a topic that does not exist is an error', async () => {
    const consumer = client.consumer()
    consumer.assign([{ topic: 'nowhere', partition: 0 }])
    await expect(take(consumer, 1)).rejects.toMatchObject({ code: 'UNKNOWN_TOPIC_OR_PARTITION', errorCode: 3 })
  })

  it.each([
    [{ topic: '', partition: 0 }],
    [{ topic: 'orders', partition: -1 }],
    [{ topic: 'orders', partition: 0, offset: -5 }],
    [{ topic: 'orders', partition: 0, offset: 'first' as 'earliest' }],
  ])('assign refuses %j', (partition) => {
    expect(() => client.consumer().assign([partition])).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })
})

describe('admin', () => {
  it('creates, lists, describes and deletes topics', async () => {
    const admin = client.admin()
    await world.run(admin.createTopic({ name: 'a-topic', partitions: 3, configs: { 'retention.ms': 60_000 } }))
    await produce(3, 1)
    expect(await world.run(admin.listTopics())).toEqual([
      { name: 'a-topic', partitions: 3, isInternal: false },
      { name: 'orders', partitions: 2, isInternal: false },
    ])
    expect(await world.run(admin.describeTopic('orders'))).toMatchObject({
      name: 'orders',
      partitions: 2,
      partitionDetails: [
        { partition: 0, beginOffset: 0, endOffset: 0, leaderId: 1, leader: 'localhost:9092' },
        { partition: 1, beginOffset: 0, endOffset: 3 },
      ],
    })
    await world.run(admin.deleteTopic('a-topic'))
    expect((await world.run(admin.listTopics())).map(({ name }) => name)).toEqual(['orders'])
  })

  it('says what does not exist, or exists', async () => {
    const admin = client.admin()
    const missing = { code: 'UNKNOWN_TOPIC_OR_PARTITION', errorCode: 3 }
    await expect(world.run(admin.deleteTopic('nowhere'))).rejects.toMatchObject(missing)
    await expect(world.run(admin.describeTopic('nowhere'))).rejects.toMatchObject(missing)
    await expect(world.run(admin.createTopic({ name: 'orders' }))).rejects.toMatchObject({
      code: 'TOPIC_ALREADY_EXISTS',
    })
    await expect(world.run(admin.describeGroup('nobody'))).rejects.toMatchObject({
      code: 'GROUP_ID_NOT_FOUND',
      errorCode: 3,
    })
  })

  it('finds offsets by time', async () => {
    const startMs = world.runtime.wallClockMs()
    await produce(2)
    await world.pass(1_000)
    await produce(2, 0, 2)
    const places = [{ topic: 'orders', partition: 0 }]
    const at = async (when: number | 'earliest' | 'latest') =>
      (await world.run(client.admin().listOffsets(places, when)))[0]!.offset
    expect([await at('earliest'), await at('latest'), await at(startMs + 500), await at(startMs + 60_000)]).toEqual([
      0, 4, 2, -1,
    ])
  })

  it('describes a group with its members, and its offsets', async () => {
    const group = client.groupConsumer({ groupId: 'g', consumerId: 'consumer-1', topics: ['orders'] })
    await world.run(group.joinGroup())
    await world.run(group.commitOffset('orders', 1, 5, 'note'))
    expect(await world.run(client.admin().listGroups())).toEqual([
      { groupId: 'g', protocolType: 'consumer', state: 'Stable' },
    ])
    expect(await world.run(client.admin().describeGroup('g'))).toMatchObject({
      groupId: 'g',
      state: 'Stable',
      assignor: 'roundrobin',
      coordinator: 'localhost:9092',
      members: [{ consumerId: 'consumer-1', clientId: 'goqueue', assignment: { orders: [0, 1] } }],
    })
    expect(await world.run(client.admin().groupOffsets('g'))).toEqual([
      { topic: 'orders', partition: 1, offset: 5, metadata: 'note' },
    ])
    expect(await world.run(client.admin().groupOffsets('g', [{ topic: 'orders', partition: 0 }]))).toEqual([])
  })

  it('N17: a topic may be called __proto__', async () => {
    await world.run(client.admin().createTopic({ name: '__proto__', partitions: 1 }))
    const group = client.groupConsumer({ groupId: 'g', topics: ['__proto__'] })
    await world.run(group.joinGroup())
    expect(Object.entries(group.getAssignment())).toEqual([['__proto__', [0]]])
    expect(await world.run(client.producer().send({ topic: '__proto__', value: 'x' }))).toEqual({
      partition: 0,
      offset: 0,
    })
  })
})

describe('close', () => {
  it('closes all the client made; calls after it reject', async () => {
    const producer = client.producer()
    const consumer = reading('earliest')
    const next = consumer[Symbol.asyncIterator]().next()
    await world.settle()
    await world.run(client.close())
    expect(await next).toMatchObject({ done: true })
    await expect(producer.send({ topic: 'orders', value: 'x' })).rejects.toMatchObject({ code: 'CLOSED' })
    expect(() => client.producer()).toThrow(expect.objectContaining({ code: 'CLOSED' }))
    expect(world.wires.size).toBe(0)
  })

  it('leaves no alarm behind', async () => {
    const group = client.groupConsumer({ groupId: 'g', topics: ['orders'] })
    await world.run(group.joinGroup())
    await world.run(client.producer().send({ topic: 'orders', value: 'x' }))
    await world.run(client.close())
    await world.run(world.broker.close())
    expect(world.runtime.alarmCount).toBe(0)
  })
})
