// Typed topics against a real broker on virtual time: what the producer writes, refuses, and in which order.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  topic,
  type Client,
  type ConsumerRecord,
  type GoQueueError,
  type SchemaResult,
  type StandardSchema,
} from '../../src/index.ts'
import { decodeRecord } from '../../src/typed-record.ts'
import { World } from '../world.ts'

let world: World
let client: Client

beforeEach(async () => {
  world = await World.open()
  client = world.client()
  await world.run(client.admin().createTopic({ name: 'orders', partitions: 4 }))
})
afterEach(() => world.close())

const orders = topic('orders', {
  key: z.string(),
  value: z.object({ id: z.number(), placedAt: z.string().transform((text) => new Date(text)) }),
})

/** A schema that lets numbers pass when the test says so. */
class Gate implements StandardSchema<number> {
  readonly waiting = new Map<number, (result: SchemaResult<number>) => void>()
  readonly '~standard' = {
    version: 1,
    vendor: 'tests',
    validate: (value: unknown) =>
      new Promise<SchemaResult<number>>((resolve) => this.waiting.set(value as number, resolve)),
  } as const

  pass(value: number): void {
    this.waiting.get(value)!({ value })
  }

  refuse(value: number): void {
    this.waiting.get(value)!({ issues: [{ message: `not ${value}` }] })
  }
}

async function refusalOf(sent: Promise<unknown>): Promise<GoQueueError> {
  return (await world.run(
    sent.then(
      () => null,
      (error: unknown) => error,
    ),
  )) as GoQueueError
}

/** Everything in the topic, in the order of each partition. */
async function written(): Promise<ConsumerRecord[]> {
  const { partitionDetails } = await world.run(client.admin().describeTopic('orders'))
  const consumer = client.consumer()
  consumer.assign(partitionDetails.map(({ partition }) => ({ topic: 'orders', partition })))
  const records: ConsumerRecord[] = []
  const iterator = consumer.records()
  for (let left = partitionDetails.reduce((sum, { endOffset }) => sum + endOffset, 0); left > 0; left--)
    records.push(((await world.run(iterator.next())) as { value: ConsumerRecord }).value)
  await consumer.close()
  return records
}

async function values(): Promise<(string | undefined)[]> {
  return (await written()).map(({ value }) => value?.toString())
}

describe('send to a typed topic', () => {
  it('writes JSON values and text keys, and a reader with the same schemas gets their output', async () => {
    const value = { id: 7, placedAt: '2031-01-01T00:00:00.000Z' }
    await world.run(client.producer().send({ topic: orders, key: 'customer-7', value, headers: [['h', 'x']] }))
    const [record] = await written()
    expect(record!.key?.toString()).toBe('customer-7')
    expect(record!.value?.toString()).toBe(JSON.stringify(value))
    expect(record!.headers).toEqual([['h', Buffer.from('x')]])
    expect(decodeRecord(orders, record!)).toMatchObject({
      key: 'customer-7',
      value: { id: 7, placedAt: new Date('2031-01-01') },
    })
  })

  it('finds the same partition for a key as a plain record does', async () => {
    const producer = client.producer()
    for (const key of ['foo', 'bar', 'ü', 'customer-7']) {
      const typed = await world.run(producer.send({ topic: orders, key, value: { id: 1, placedAt: '2031-01-01' } }))
      const plain = await world.run(producer.send({ topic: 'orders', key, value: '' }))
      expect(typed.partition).toBe(plain.partition)
    }
  })

  it('a null value is a tombstone and a null key is none', async () => {
    const states = topic('orders', { key: z.string().nullable(), value: z.object({}).nullable() })
    await world.run(client.producer().send([{ topic: states, value: null, partition: 0 }]))
    expect(await written()).toMatchObject([{ key: null, value: null }])
  })

  it('sends none of the records of a call when one does not fit, and names it', async () => {
    const producer = client.producer()
    const fits = { topic: orders, key: 'k', value: { id: 1, placedAt: '2031-01-01' } }
    const bad = { topic: orders, key: 'k', value: { id: 'x' as unknown as number, placedAt: '2031-01-01' } }
    const error = await refusalOf(producer.send([fits, { topic: 'orders', value: 'plain' }, bad]))
    expect(error).toMatchObject({ code: 'INVALID_RECORD', retriable: false })
    expect(error.message).toMatch(/^send: record 2 to 'orders': value\.id: Invalid input: expected number/)
    expect((await refusalOf(producer.send(bad))).message).toMatch(/^send to 'orders': value\.id: /)
    await world.run(producer.flush())
    expect(await values()).toEqual([])
    expect(await world.run(producer.send([fits, { topic: 'orders', value: 'plain' }]))).toHaveLength(2)
  })
})

describe('schemas that take their time', () => {
  const gate = new Gate()
  const slow = topic('orders', { value: gate })

  it('a later send does not overtake one whose schema is still at work, typed or plain', async () => {
    const producer = client.producer()
    await world.run(producer.send({ topic: 'orders', partition: 0, value: 'known' }))
    const sent = [
      producer.send({ topic: slow, partition: 0, value: 1 }),
      producer.send({ topic: slow, partition: 0, value: 2 }),
      producer.send({ topic: 'orders', partition: 0, value: 'plain' }),
    ]
    gate.pass(2)
    await world.settle()
    expect(await values()).toEqual(['known'])
    gate.pass(1)
    await world.run(Promise.all(sent))
    expect(await values()).toEqual(['known', '1', '2', 'plain'])
  })

  it('one that is refused late holds up nothing behind it', async () => {
    const producer = client.producer()
    const refused = producer.send([
      { topic: slow, partition: 0, value: 1 },
      { topic: slow, partition: 0, value: 2 },
    ])
    const behind = producer.send({ topic: 'orders', partition: 0, value: 'behind' })
    gate.pass(1)
    gate.refuse(2)
    expect(await refusalOf(refused)).toMatchObject({
      code: 'INVALID_RECORD',
      message: "send: record 1 to 'orders': value: not 2",
    })
    await world.run(behind)
    expect(await values()).toEqual(['behind'])
  })

  it('flush and close wait for them', async () => {
    const producer = client.producer({ lingerMs: 1_000 })
    const first = producer.send({ topic: slow, partition: 0, value: 1 })
    const flushed = producer.flush()
    gate.pass(1)
    await world.run(flushed)
    expect(await world.run(first)).toEqual({ partition: 0, offset: 0 })
    const second = producer.send({ topic: slow, partition: 0, value: 2 })
    const closed = producer.close()
    gate.pass(2)
    await world.run(closed)
    expect(await world.run(second)).toEqual({ partition: 0, offset: 1 })
  })

  it('one that never answers fails its send in time, and those behind it go', async () => {
    const producer = client.producer({ deliveryTimeoutMs: 3_000 })
    const stuck = producer.send({ topic: slow, partition: 0, value: 1 })
    const behind = producer.send({ topic: 'orders', partition: 0, value: 'behind' })
    const startMs = world.runtime.nowMs()
    expect(await refusalOf(stuck)).toMatchObject({ code: 'DELIVERY_TIMEOUT', retriable: true })
    expect(world.runtime.nowMs() - startMs).toBe(3_000)
    await world.run(behind)
    expect(await values()).toEqual(['behind'])
  })

  it('one that never answers does not keep the producer from closing', async () => {
    const producer = client.producer({ deliveryTimeoutMs: 4_000 })
    const stuck = producer.send({ topic: slow, partition: 0, value: 1 })
    const refused = refusalOf(stuck)
    await world.run(producer.close({ timeoutMs: 2_000 }))
    expect(await refused).toMatchObject({ code: 'CLOSED' })
    // Nothing of the send is left to be waited for; the broker's own alarms come later.
    expect(world.runtime.nextAlarmMs).toBeGreaterThan(4_000)
    gate.pass(1)
    await world.settle()
    expect(await values()).toEqual([])
  })
})
