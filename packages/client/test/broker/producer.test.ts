// The producer against a real broker on virtual time.
import { MemoryFileSystem } from '@goqueue/broker-core/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { topic, type Client, type ConsumerRecord, type ProducerOptions } from '../../src/index.ts'
import { World } from '../world.ts'

let world: World
let client: Client

beforeEach(async () => {
  world = await World.open()
  client = world.client()
  await world.run(client.admin().createTopic({ name: 'orders', partitions: 4 }))
})
afterEach(() => world.close())

/** Everything in the topic, in the order of each partition. */
async function readAll(topic = 'orders'): Promise<ConsumerRecord[]> {
  const { partitionDetails } = await world.run(client.admin().describeTopic(topic))
  const expected = partitionDetails.reduce((sum, { beginOffset, endOffset }) => sum + endOffset - beginOffset, 0)
  const consumer = client.consumer()
  consumer.assign(partitionDetails.map(({ partition }) => ({ topic, partition, offset: 'earliest' as const })))
  const records: ConsumerRecord[] = []
  const iterator = consumer[Symbol.asyncIterator]()
  while (records.length < expected)
    records.push(((await world.run(iterator.next())) as { value: ConsumerRecord }).value)
  await consumer.close()
  return records
}

describe('send', () => {
  it('gives the place of a record, and an array of places for an array', async () => {
    const producer = client.producer()
    expect(await world.run(producer.send({ topic: 'orders', partition: 2, value: 'a' }))).toEqual({
      partition: 2,
      offset: 0,
    })
    const records = [3, 2, 2, 0].map((partition) => ({ topic: 'orders', partition, value: 'b' }))
    expect(await world.run(producer.send(records))).toEqual([
      { partition: 3, offset: 0 },
      { partition: 2, offset: 1 },
      { partition: 2, offset: 2 },
      { partition: 0, offset: 0 },
    ])
    expect(await world.run(producer.send([]))).toEqual([])
  })

  it('carries key, value, headers and timestamp, with null where null was given', async () => {
    await world.run(
      client.producer().send([
        {
          topic: 'orders',
          partition: 0,
          key: 'k',
          value: Buffer.from([0, 255]),
          headers: new Map([
            ['a', 'x'],
            ['b', null],
          ]) as Iterable<readonly [string, string | null]>,
          timestampMs: world.runtime.wallClockMs() - 5,
        },
        { topic: 'orders', partition: 0, value: null },
      ]),
    )
    const [first, second] = await readAll()
    expect(first).toMatchObject({ offset: 0, timestampMs: world.runtime.wallClockMs() - 5 })
    expect([first!.key?.toString(), first!.value]).toEqual(['k', Buffer.from([0, 255])])
    expect(first!.headers.map(([name, value]) => [name, value?.toString() ?? null])).toEqual([
      ['a', 'x'],
      ['b', null],
    ])
    expect(second).toMatchObject({ offset: 1, key: null, value: null, headers: [] })
  })

  it("one key goes to one partition, the one that Kafka's own producer chooses", async () => {
    const places = await world.run(
      client.producer().send(['foo', 'bar', 'foo'].map((key) => ({ topic: 'orders', key, value: 'x' }))),
    )
    // murmur2('foo') and murmur2('bar') of the Java client, modulo 4 partitions.
    expect(places[0]!.partition).toBe(places[2]!.partition)
    expect(places.map(({ partition }) => partition)).toMatchInlineSnapshot(`
      [
        0,
        1,
        0,
      ]
    `)
  })

  it.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const)(
    '%s records come back as they went',
    async (compression) => {
      const producer = client.producer({ compression })
      const values = Array.from({ length: 100 }, (_, i) => `value ${i} `.repeat(10))
      await world.run(producer.send(values.map((value) => ({ topic: 'orders', partition: 1, value }))))
      expect((await readAll()).map(({ value }) => value!.toString())).toEqual(values)
    },
  )

  it.each<[string, ProducerOptions, number]>([
    ['acks 1', { acks: 1 }, 0],
    ['acks 0', { acks: 0 }, -1],
    ['no idempotence', { idempotent: false }, 0],
    ['a linger', { lingerMs: 20 }, 0],
  ])('works with %s', async (_, options, offset) => {
    const producer = client.producer(options)
    expect(await world.run(producer.send({ topic: 'orders', partition: 0, value: 'x' }))).toEqual({
      partition: 0,
      offset,
    })
    await world.pass(100)
    expect(await readAll()).toHaveLength(1)
  })

  it('a batch that is larger than the topic allows is split until it fits, in order and without duplicates', async () => {
    await world.run(
      client.admin().createTopic({ name: 'small', partitions: 1, configs: { 'max.message.bytes': 2_000 } }),
    )
    const values = Array.from({ length: 100 }, (_, i) => `${i}`.padStart(100, '.'))
    const places = await world.run(client.producer().send(values.map((value) => ({ topic: 'small', value }))))
    expect(places.map(({ offset }) => offset)).toEqual(values.map((_, i) => i))
    expect((await readAll('small')).map(({ value }) => value!.toString())).toEqual(values)
  })

  it('a record that is larger than the topic allows is refused, and what comes after it is written', async () => {
    await world.run(
      client.admin().createTopic({ name: 'small', partitions: 1, configs: { 'max.message.bytes': 2_000 } }),
    )
    const producer = client.producer()
    const large = producer.send({ topic: 'small', value: 'x'.repeat(5_000) })
    large.catch(() => {})
    const behind = producer.send({ topic: 'small', value: 'y' })
    await expect(world.run(large)).rejects.toMatchObject({ code: 'MESSAGE_TOO_LARGE', kafkaCode: 10 })
    expect(await world.run(behind)).toEqual({ partition: 0, offset: 0 })
    expect(await world.run(producer.send({ topic: 'small', value: 'z' }))).toEqual({ partition: 0, offset: 1 })
  })
})

describe('errors', () => {
  it('a topic that does not exist is an error 3, soon', async () => {
    const startMs = world.runtime.nowMs()
    const sending = world.run(client.producer().send({ topic: 'nowhere', value: 'x' }))
    await expect(sending).rejects.toMatchObject({ code: 'UNKNOWN_TOPIC_OR_PARTITION', errorCode: 3 })
    expect(world.runtime.nowMs() - startMs).toBeLessThanOrEqual(1_000)
  })

  it('a partition that does not exist is an error that says which do', async () => {
    const sending = world.run(client.producer().send({ topic: 'orders', partition: 4, value: 'x' }))
    await expect(sending).rejects.toThrow(/orders\[4\].*partitions 0 to 3/)
  })

  it('a record that was read can be sent on as it is', async () => {
    const producer = client.producer()
    await world.run(producer.send({ topic: 'orders', key: 'k', value: 'v', headers: [['h', 'x']], partition: 2 }))
    const [read] = await readAll()
    await world.run(client.admin().createTopic({ name: 'archive', partitions: 4 }))
    expect(await world.run(producer.send({ ...read!, topic: 'archive' }))).toEqual({ partition: 2, offset: 0 })
    const [sentOn] = await readAll('archive')
    const { key, value, headers, timestampMs } = read!
    expect(sentOn).toMatchObject({ key, value, headers, timestampMs })
  })

  it('a topic that is created after the first failure is found', async () => {
    const producer = client.producer()
    await expect(world.run(producer.send({ topic: 'later', value: 'x' }))).rejects.toThrow(/UNKNOWN_TOPIC/)
    await world.run(world.client().admin().createTopic({ name: 'later' }))
    expect(await world.run(producer.send({ topic: 'later', value: 'x' }))).toEqual({ partition: 0, offset: 0 })
  })

  it.each([
    [{ value: 7 }, /record 0: value must be a string/],
    [{ value: 'x', key: {} }, /key must be/],
    [{ value: 'x', timestampMs: 1.5 }, /timestampMs must be/],
    [{ value: 'x', headers: [['h', 1]] }, /header 'h' must be/],
    [{ value: 'x', partition: -1 }, /partition -1/],
  ])('%j is refused, with the whole call', async (wrong, message) => {
    const producer = client.producer()
    const records = [
      { topic: 'orders', value: 'fine' },
      { topic: 'orders', ...wrong },
    ].reverse()
    await expect(world.run(producer.send(records as never))).rejects.toThrow(message)
    await world.run(producer.flush())
    expect(await readAll()).toEqual([])
  })

  it('what cannot be delivered in time is an error that says whether it may have been written', async () => {
    const producer = client.producer({ deliveryTimeoutMs: 10_000 })
    await world.run(producer.send({ topic: 'orders', value: 'x' }))
    world.isReachable = false
    world.cut()
    await world.settle()
    const startMs = world.runtime.nowMs()
    await expect(world.run(producer.send({ topic: 'orders', value: 'y' }))).rejects.toMatchObject({
      code: 'DELIVERY_TIMEOUT',
      message: expect.stringMatching(/orders\[\d\] was not acknowledged within 10000 ms; it was not written/),
    })
    expect(world.runtime.nowMs() - startMs).toBeLessThanOrEqual(20_000)
  })
})

describe('a broker whose disk has no room for records', () => {
  let free = 0
  const noRoom =
    /; Produce of orders\[0\]: KAFKA_STORAGE_ERROR, 1000 bytes of the disk are kept free .* and 0 are free: /

  beforeEach(async () => {
    await world.close()
    free = 0
    const fileSystem = Object.assign(new MemoryFileSystem(), { freeBytes: () => Promise.resolve(free) })
    world = await World.open({ fileSystem, logMinFreeBytes: 1_000 })
    client = world.client()
    await world.run(client.admin().createTopic({ name: 'orders', partitions: 1 }))
  })

  it.each([true, false])(
    'is tried again until it has room, in order and once each (idempotent: %j)',
    async (idempotent) => {
      const producer = client.producer({ idempotent, batchBytes: 100, lingerMs: 0 })
      const values = Array.from({ length: 20 }, (_, index) => `${index} ${'x'.repeat(80)}`)
      const sends = Promise.all(values.map((value) => producer.send({ topic: 'orders', value })))
      await world.pass(20_000)
      expect(world.broker.metrics().disk?.refusedAppendsTotal).toBeGreaterThan(10)
      free = 1e9
      expect((await world.run(sends)).map(({ offset }) => offset)).toEqual(values.map((_, index) => index))
      expect((await readAll()).map(({ value }) => String(value))).toEqual(values)
    },
  )

  it.each([0, 1, 2, 3, 4])(
    'S10: gets everything of a new producer in order and once, however room comes and goes (%i turns between sends)',
    async (turns) => {
      const { broker, runtime } = world
      for (let round = 0; round < 30; round++) {
        const topic = `orders-${round}`
        free = 1e9
        await broker.freeBytes()
        await world.run(client.admin().createTopic({ name: topic, partitions: 1 }))
        const producer = client.producer({ batchBytes: 100, lingerMs: 0 })
        await world.run(producer.send({ topic: 'orders', value: 'for a producer id' }))
        free = 1_000 + Math.floor(runtime.random() * 300)
        await broker.freeBytes()
        free = 1e9 // freed since that look, which the broker learns while batches are under way
        const values = Array.from({ length: 12 }, (_, index) => `${index} ${'x'.repeat(80)}`)
        const sends: Promise<{ offset: number }>[] = []
        for (const value of values) {
          sends.push(producer.send({ topic, value }))
          for (let turn = 0; turn < turns; turn++) {
            await new Promise((resume) => setImmediate(resume))
            if (runtime.random() < 0.5) await broker.freeBytes()
          }
          if (runtime.random() < 0.1) await world.pass(Math.floor(runtime.random() * 300))
          free = runtime.random() < 0.2 ? 1_000 + Math.floor(runtime.random() * 500) : 1e9
        }
        free = 1e9
        const places = await world.run(Promise.all(sends))
        expect(places.map(({ offset }) => offset)).toEqual(values.map((_, index) => index))
        expect((await readAll(topic)).map(({ value }) => String(value))).toEqual(values)
        await world.run(producer.close())
      }
    },
  )

  it('is given up when the delivery timeout is over, with what the broker says', async () => {
    const producer = client.producer({ deliveryTimeoutMs: 10_000 })
    const startMs = world.runtime.nowMs()
    await expect(world.run(producer.send({ topic: 'orders', value: 'x' }))).rejects.toMatchObject({
      code: 'DELIVERY_TIMEOUT',
      message: expect.stringMatching(noRoom) as string,
      cause: { code: 'KAFKA_STORAGE_ERROR', retriable: true },
    })
    expect(world.runtime.nowMs() - startMs).toBeGreaterThanOrEqual(10_000)
    free = 1e9
    expect(await world.run(producer.send({ topic: 'orders', value: 'y' }))).toEqual({ partition: 0, offset: 0 })
  })

  it('S10: takes the rest of a new producer, in order and once, when its first batches were given up', async () => {
    const producer = client.producer({ deliveryTimeoutMs: 5_000, batchBytes: 100, lingerMs: 0 })
    const values = Array.from({ length: 20 }, (_, index) => `${index} ${'x'.repeat(80)}`)
    const sends: Promise<boolean>[] = []
    for (const value of values) {
      sends.push(
        producer.send({ topic: 'orders', value }).then(
          () => true,
          () => false,
        ),
      )
      await world.pass(500)
    }
    free = 1e9
    const outcomes = await world.run(Promise.all(sends))
    const delivered = values.filter((_, index) => outcomes[index])
    expect(delivered.length).toBeGreaterThan(5)
    expect(delivered.length).toBeLessThan(15)
    expect((await readAll()).map(({ value }) => String(value))).toEqual(delivered)
  })
})

describe('what is no record', () => {
  it.each<[unknown, RegExp]>([
    [{ value: 'x' }, /record 0: topic must be the name of a topic/],
    [{ topic: undefined, value: 'x' }, /record 0: topic must be/],
    [{ topic: '', value: 'x' }, /record 0: topic must be/],
    [{ topic: 'x'.repeat(40_000), value: 'x' }, /record 0: topic must be/],
    [null, /record 0: topic must be/],
    ['orders', /record 0: topic must be/],
    [[{ topic: 'orders', value: 'x' }, undefined], /record 1: topic must be/],
    [{ topic: 'orders', value: 'x', headers: { trace: 'abc' } }, /headers must be pairs .* \[\['trace', 'abc'\]\]/],
    [{ topic: 'orders', value: 'x', headers: [['trace']] }, /headers must be pairs/],
    [{ topic: 'orders', value: 'x', headers: 'trace' }, /headers must be pairs/],
    [
      { topic: 'orders', value: 'x', timestamp: 5 },
      /record 0: there is no field 'timestamp'; a record has topic, value, key, partition, timestampMs, headers$/,
    ],
    [{ topic: 'orders', messages: [{ value: 'x' }] }, /record 0: there is no field 'messages'/],
    [{ topic: topic('orders', { value: z.string() }), value: 'x', acks: 1 }, /record 0: there is no field 'acks'/],
  ])('%j is refused by name, and costs no later call anything', async (record, message) => {
    const fresh = world.client()
    await expect(world.run(fresh.producer().send(record as never))).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(message) as string,
    })
    expect(await world.run(fresh.producer().send({ topic: 'orders', partition: 0, value: 'x' }))).toMatchObject({
      partition: 0,
    })
  })

  it('a topic that is no name is refused by the admin too, and costs no later call anything', async () => {
    const admin = world.client().admin()
    for (const name of [undefined, 5, '']) {
      await expect(world.run(admin.describeTopic(name as never))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    }
    expect(await world.run(admin.describeTopic('orders'))).toMatchObject({ name: 'orders' })
  })
})

describe('waiting', () => {
  it('send waits while the buffer is full, and keeps the order', async () => {
    const producer = client.producer({ maxBufferedBytes: 1_000, maxInFlight: 1 })
    const values = Array.from({ length: 200 }, (_, i) => `${i}`)
    const sends = values.map((value) => producer.send({ topic: 'orders', partition: 0, value }))
    const places = await world.run(Promise.all(sends))
    expect(places.map(({ offset }) => offset)).toEqual(values.map((_, i) => i))
  })

  it('flush resolves when everything sent before it is delivered, lingering or not', async () => {
    const producer = client.producer({ lingerMs: 60_000 })
    const startMs = world.runtime.nowMs()
    void producer.send({ topic: 'orders', value: 'x' })
    await world.run(producer.flush())
    expect(world.runtime.nowMs()).toBe(startMs)
    expect(await readAll()).toHaveLength(1)
  })

  it('close delivers what was accepted and refuses what comes later', async () => {
    const producer = client.producer({ lingerMs: 60_000 })
    const sending = producer.send({ topic: 'orders', partition: 0, value: 'x' })
    await world.run(producer.close())
    expect(await world.run(sending)).toEqual({ partition: 0, offset: 0 })
    await expect(producer.send({ topic: 'orders', value: 'y' })).rejects.toMatchObject({ code: 'CLOSED' })
  })

  it('close gives up after its time, and says so to every send', async () => {
    const producer = client.producer()
    await world.run(producer.send({ topic: 'orders', value: 'x' }))
    world.isReachable = false
    world.cut()
    const sending = producer.send({ topic: 'orders', value: 'y' })
    sending.catch(() => {})
    await world.run(producer.close({ timeoutMs: 1_000 }))
    await expect(sending).rejects.toMatchObject({ code: 'CLOSED' })
  })

  it('a signal ends the wait with its reason', async () => {
    world.isReachable = false
    world.cut()
    const sending = client
      .producer()
      .send({ topic: 'other', value: 'x' }, { signal: AbortSignal.abort(new Error('enough')) })
    await expect(sending).rejects.toThrow('enough')
  })

  it('the shared producer is one, and one with options is new', () => {
    expect(client.producer()).toBe(client.producer())
    expect(client.producer({})).not.toBe(client.producer())
  })

  it('when the shared producer was closed, there is a new one', async () => {
    const closed = client.producer()
    await world.run(closed.close())
    expect(client.producer()).not.toBe(closed)
  })

  it('sends outlive a broker that cannot be reached for a while', async () => {
    const producer = client.producer()
    await world.run(producer.send({ topic: 'orders', partition: 0, value: 'before' }))
    world.isReachable = false
    world.cut()
    const sends = Array.from({ length: 20 }, (_, i) => producer.send({ topic: 'orders', partition: 0, value: `${i}` }))
    await world.pass(20_000)
    world.isReachable = true
    const places = await world.run(Promise.all(sends))
    expect(places.map(({ offset }) => offset)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1))
  })
})
