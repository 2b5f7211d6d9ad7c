// Reading typed topics: what records are, at compile time and at run time, and what becomes of those that do not fit.
import { afterEach, beforeEach, describe, expect, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import { topic, type Client, type ConsumerRecord, type StandardSchema } from '../../src/index.ts'
import { World } from '../world.ts'

const orders = topic('orders', {
  key: z.string(),
  value: z.object({ id: z.number(), placedAt: z.string().transform((text) => new Date(text)) }),
})
const payments = topic('payments', { value: z.object({ cents: z.int() }).nullable() })

let world: World
let client: Client

beforeEach(async () => {
  world = await World.open()
  client = world.client()
  for (const name of ['orders', 'payments', 'plain']) {
    await world.run(client.admin().createTopic({ name, partitions: 1 }))
  }
})
afterEach(() => world.close())

const order = (id: number) => ({ topic: orders, key: `k${id}`, value: { id, placedAt: '2026-01-02T03:04:05Z' } })
const sendRaw = (name: string, value: string) => world.run(client.producer().send({ topic: name, value }))

describe('a group consumer', () => {
  it('gives records of a typed topic as what their schemas put out', async () => {
    await world.run(client.producer().send([order(1), order(2)]))
    const group = client.groupConsumer({ groupId: 'billing', topics: [orders] })
    const records = group.records()
    const next = async () => {
      const { value, done } = await world.run(records.next())
      if (done === true) throw new Error('ended')
      return value
    }
    const first = await next()
    expectTypeOf(first.value).toEqualTypeOf<{ id: number; placedAt: Date }>()
    expectTypeOf(first.key).toEqualTypeOf<string>()
    expect([first.key, first.value, first.topic, first.offset]).toEqual([
      'k1',
      { id: 1, placedAt: new Date('2026-01-02T03:04:05Z') },
      'orders',
      0,
    ])
    await world.run(group.commit(first))
    expect(await world.run(group.fetchCommittedOffset('orders', 0))).toBe(1)
    expect((await next()).value.id).toBe(2)
  })

  it('of several topics the name tells which type a record is of; others are bytes', async () => {
    await world.run(client.producer().send([order(1)]))
    await world.run(client.producer().send([{ topic: payments, value: { cents: 5 } }]))
    await sendRaw('plain', 'text')
    const group = client.groupConsumer({ groupId: 'billing', topics: [orders, payments] })
    const seen: (number | null)[] = []
    const run = group.run({
      handler: (record) => {
        if (record.topic === 'orders') expectTypeOf(record.value).toEqualTypeOf<{ id: number; placedAt: Date }>()
        else expectTypeOf(record.value).toEqualTypeOf<{ cents: number } | null>()
        seen.push(record.topic === 'orders' ? record.value.id : (record.value?.cents ?? null))
      },
    })
    await world.until(() => seen.length === 2)
    expect(seen.sort()).toEqual([1, 5])
    await world.run(Promise.all([group.close(), run]))
    const mixed = client.groupConsumer({ groupId: 'mixed', topics: ['plain'] })
    const { value } = await world.run(mixed.records().next())
    expectTypeOf(mixed.records()).toEqualTypeOf<AsyncIterableIterator<ConsumerRecord>>()
    expect((value as ConsumerRecord).value).toEqual(Buffer.from('text'))
  })

  it('a record that does not fit ends the iteration with its place and path; a new one goes on behind it', async () => {
    await sendRaw('payments', '{"cents":1}')
    await sendRaw('payments', '{"cents":"two"}')
    await sendRaw('payments', '{"cents":3}')
    const group = client.groupConsumer({ groupId: 'billing', topics: [payments] })
    const records = group.records()
    expect((await world.run(records.next())).value).toMatchObject({ value: { cents: 1 } })
    await expect(world.run(records.next())).rejects.toMatchObject({
      code: 'INVALID_RECORD',
      message: expect.stringMatching(/payments\[0\] at offset 1: value.*cents/) as string,
    })
    expect((await world.run(group.records().next())).value).toMatchObject({ value: { cents: 3 }, offset: 2 })
  })

  it('under run it is not tried again: it goes to the dead-letter topic as the bytes that it was', async () => {
    await sendRaw('payments', 'no JSON')
    await sendRaw('payments', '{"cents":2}')
    const group = client.groupConsumer({ groupId: 'billing', topics: [payments] })
    const seen: unknown[] = []
    const handler = ({ value }: { readonly value: unknown }) => void seen.push(value)
    const running = group.run({ handler, retry: { maxAttempts: 5 }, deadLetter: { topic: 'plain' } })
    await world.until(() => seen.length === 1)
    expect(seen).toEqual([{ cents: 2 }])
    const reader = client.consumer()
    reader.assign([{ topic: 'plain', partition: 0 }])
    const dead = (await world.run(reader.records().next())).value as ConsumerRecord
    expect(String(dead.value)).toBe('no JSON')
    const headers = new Map(dead.headers.map(([name, bytes]) => [name, String(bytes)]))
    expect(headers.get('goqueue-dead-attempts')).toBe('1')
    expect(headers.get('goqueue-dead-error')).toContain('payments[0] at offset 0')
    await world.run(Promise.all([group.close(), running]))
  })

  it('without a dead-letter topic run rejects with it', async () => {
    await sendRaw('payments', '{}')
    const group = client.groupConsumer({ groupId: 'billing', topics: [payments] })
    await expect(world.run(group.run({ handler: () => {} }))).rejects.toMatchObject({ code: 'INVALID_RECORD' })
    expect(await world.run(group.fetchCommittedOffset('payments', 0))).toBeNull()
  })

  it('a schema that takes its time is waited for, and the order stays', async () => {
    const late: StandardSchema<number> = {
      '~standard': {
        version: 1,
        vendor: 'tests',
        validate: (value) =>
          new Promise((resolve) => {
            const result = { value: value as number }
            world.runtime.setAlarm(10 - (value as number), () => resolve(result))
          }),
      },
    }
    for (const value of [1, 2, 3]) await sendRaw('plain', String(value))
    const group = client.groupConsumer({ groupId: 'billing', topics: [topic('plain', { value: late })] })
    const records = group.records()
    const seen: number[] = []
    for (let i = 0; i < 3; i++)
      seen.push(((await world.run(records.next())) as { value: { value: number } }).value.value)
    expect(seen).toEqual([1, 2, 3])
  })
})

describe('a consumer without a group', () => {
  it('reads typed topics that it was made for, and refuses others', async () => {
    await world.run(client.producer().send([order(7)]))
    const consumer = client.consumer({ topics: [orders] })
    consumer.assign([{ topic: 'orders', partition: 0 }])
    const { value, done } = await world.run(consumer.records().next())
    if (done === true) throw new Error('ended')
    expectTypeOf(value.value).toEqualTypeOf<{ id: number; placedAt: Date }>()
    expect(value.value.id).toBe(7)
    expect(() => consumer.assign([{ topic: 'plain', partition: 0 }])).toThrow(
      "plain[0]: this consumer was made for 'orders'",
    )
  })

  it('without topics it reads any, as bytes', async () => {
    await world.run(client.producer().send([order(7)]))
    const consumer = client.consumer()
    expectTypeOf(consumer.records()).toEqualTypeOf<AsyncIterableIterator<ConsumerRecord>>()
    consumer.assign([{ topic: 'orders', partition: 0 }])
    const { value } = await world.run(consumer.records().next())
    expect((value as ConsumerRecord).key).toEqual(Buffer.from('k7'))
  })
})
