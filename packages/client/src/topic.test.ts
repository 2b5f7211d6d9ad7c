import { describe, expect, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import { GoQueueError } from './errors.ts'
import type { Producer } from './producer.ts'
import type { ConsumerRecord, ProducerRecord, RecordPlace } from './record.ts'
import type { StandardSchema } from './standard-schema.ts'
import { isTopic, topic, type RecordOf, type Topic, type TopicOptions, type TypedRecord } from './topic.ts'

const orders = topic('orders', {
  value: z.object({ id: z.string(), placedAt: z.string().transform((text) => new Date(text)) }),
})
const payments = topic('payments', { key: z.enum(['card', 'cash']), value: z.number().nullable() })

describe('topic', () => {
  it('keeps its name and schemas, values as JSON and keys as text unless it is told otherwise', () => {
    const value = z.string()
    const key = z.number()
    expect(topic('orders', { value })).toMatchObject({
      name: 'orders',
      key: null,
      valueFormat: 'json',
      keyFormat: 'text',
    })
    expect(topic('orders', { key, keyFormat: 'json', value, valueFormat: 'text' })).toMatchObject({
      key,
      value,
      valueFormat: 'text',
      keyFormat: 'json',
    })
  })

  it('is told from a name, a pattern and an object that looks like it', () => {
    expect(isTopic(orders)).toBe(true)
    for (const other of ['orders', /orders/, { ...orders }, null, undefined]) expect(isTopic(other)).toBe(false)
  })

  it('takes a schema that is a function', () => {
    const schema = Object.assign(() => {}, { '~standard': z.string()['~standard'] })
    expect(topic('orders', { value: schema }).value).toBe(schema)
  })

  it.each<[string, string, unknown]>([
    ['the name', '', { value: z.string() }],
    ['value', 'orders', {}],
    ['value', 'orders', { value: 'string' }],
    ['value', 'orders', { value: { '~standard': { version: 2, validate: () => {} } } }],
    ['key', 'orders', { value: z.string(), key: () => {} }],
    ['valueFormat', 'orders', { value: z.string(), valueFormat: 'avro' }],
    ['keyFormat', 'orders', { value: z.string(), key: z.string(), keyFormat: 'avro' }],
    ['keyFormat', 'orders', { value: z.string(), keyFormat: 'json' }],
  ])('refuses %s that is none, of %o: %o', (option, name, options) => {
    const make = () => topic(name, options as TopicOptions<StandardSchema, null>)
    expect(make).toThrow(GoQueueError)
    expect(make).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS', message: expect.stringContaining(option) }))
  })
})

describe('the types of a topic', () => {
  it('every topic is a Topic, and keeps its name', () => {
    expectTypeOf(orders).toExtend<Topic>()
    expectTypeOf(payments).toExtend<Topic>()
    expectTypeOf(orders.name).toEqualTypeOf<'orders'>()
    expectTypeOf<{ name: 'orders' }>().not.toExtend<Topic>()
  })

  it('a record to send has the input of the schemas', () => {
    expectTypeOf<TypedRecord<typeof orders>['value']>().toEqualTypeOf<{ id: string; placedAt: string }>()
    expectTypeOf<TypedRecord<typeof orders>['key']>().toEqualTypeOf<string | Uint8Array | null | undefined>()
    expectTypeOf<TypedRecord<typeof payments>['key']>().toEqualTypeOf<'card' | 'cash'>()
    expectTypeOf<TypedRecord<typeof payments>['value']>().toEqualTypeOf<number | null>()
    expectTypeOf<TypedRecord<typeof payments>['partition']>().toEqualTypeOf<number | undefined>()
    expectTypeOf<TypedRecord<'plain'>>().toEqualTypeOf<ProducerRecord>()
  })

  it('a record that is read has the output of the schemas', () => {
    expectTypeOf<RecordOf<typeof orders>['value']>().toEqualTypeOf<{ id: string; placedAt: Date }>()
    expectTypeOf<RecordOf<typeof orders>['key']>().toEqualTypeOf<Buffer | null>()
    expectTypeOf<RecordOf<typeof orders>['topic']>().toEqualTypeOf<'orders'>()
    expectTypeOf<RecordOf<typeof payments>['key']>().toEqualTypeOf<'card' | 'cash'>()
    expectTypeOf<RecordOf<string>>().toEqualTypeOf<ConsumerRecord>()
    expectTypeOf<RecordOf<'plain' | RegExp>>().toEqualTypeOf<ConsumerRecord>()
    expectTypeOf<RecordOf<Topic>['value']>().toEqualTypeOf<unknown>()
  })

  it('the name of its topic tells which of several a record is', () => {
    const total = (record: RecordOf<typeof orders | typeof payments>) => {
      if (record.topic === 'orders') {
        expectTypeOf(record.value.placedAt).toEqualTypeOf<Date>()
        return
      }
      expectTypeOf(record.key).toEqualTypeOf<'card' | 'cash'>()
      expectTypeOf(record.value).toEqualTypeOf<number | null>()
    }
    expectTypeOf(total).parameter(0).toExtend<ConsumerRecord<unknown, unknown>>()
  })

  it('send takes what the schemas take, alone and among others', () => {
    const sends = (producer: Producer, plain: ProducerRecord, many: readonly ProducerRecord[]) => [
      producer.send(plain),
      producer.send({ topic: 'plain', value: 'text' }),
      producer.send({ topic: orders, value: { id: '7', placedAt: '2031-01-01' } }),
      producer.send({ topic: orders, key: Buffer.of(7), partition: 2, value: { id: '7', placedAt: '2031-01-01' } }),
      producer.send({ topic: payments, key: 'cash', value: null }),
      producer.send(many),
      producer.send(['7', '8'].map((id) => ({ topic: orders, value: { id, placedAt: '2031-01-01' } }))),
      producer.send([
        { topic: orders, value: { id: '7', placedAt: '2031-01-01' } },
        { topic: payments, key: 'card', value: 3 },
        { topic: 'plain', key: 'k', value: Buffer.of(7) },
      ]),
    ]
    expectTypeOf(sends).returns.toEqualTypeOf<(Promise<RecordPlace> | Promise<RecordPlace[]>)[]>()
    const one = (producer: Producer) => producer.send({ topic: payments, key: 'cash', value: 1 })
    expectTypeOf(one).returns.toEqualTypeOf<Promise<RecordPlace>>()
    const array = (producer: Producer) => producer.send([{ topic: payments, key: 'cash', value: 1 }])
    expectTypeOf(array).returns.toEqualTypeOf<Promise<RecordPlace[]>>()
  })

  it('send refuses what the schemas would refuse', () => {
    const sends = (producer: Producer) => [
      // @ts-expect-error the id is no string
      producer.send({ topic: orders, value: { id: 7, placedAt: '2031-01-01' } }),
      // @ts-expect-error a Date is the output, not the input
      producer.send({ topic: orders, value: { id: '7', placedAt: new Date(0) } }),
      // @ts-expect-error the value is no order
      producer.send({ topic: orders, value: 'text' }),
      // @ts-expect-error orders have no tombstones
      producer.send({ topic: orders, value: null }),
      // @ts-expect-error the value is missing
      producer.send({ topic: orders }),
      // @ts-expect-error the key is missing
      producer.send({ topic: payments, value: 1 }),
      // @ts-expect-error no such key
      producer.send({ topic: payments, key: 'gold', value: 1 }),
      // @ts-expect-error no such property
      producer.send({ topic: payments, key: 'card', value: 1, valeu: 2 }),
      // @ts-expect-error the value of one topic in a record of another
      producer.send([
        { topic: payments, key: 'card', value: { id: '7', placedAt: '' } },
        { topic: orders, value: { id: '7', placedAt: '' } },
      ]),
      // @ts-expect-error one of many
      producer.send([7, 8].map((id) => ({ topic: orders, value: { id, placedAt: '2031-01-01' } }))),
      // @ts-expect-error plain values are text or bytes
      producer.send([{ topic: 'plain', value: 7 }]),
    ]
    expectTypeOf(sends).toBeFunction()
  })

  it('a schema that does not say its types gives and takes anything', () => {
    const validate = (value: unknown) => ({ value })
    const untyped = topic('untyped', { value: { '~standard': { version: 1, vendor: 'tests', validate } } })
    expectTypeOf<TypedRecord<typeof untyped>['value']>().toEqualTypeOf<unknown>()
    expectTypeOf<RecordOf<typeof untyped>['value']>().toEqualTypeOf<unknown>()
  })

  it('text is for schemas of strings', () => {
    const number = z.string().transform(Number)
    const sequence = topic('numbers', { key: number, value: number, valueFormat: 'text' })
    expectTypeOf<RecordOf<typeof sequence>['value']>().toEqualTypeOf<number>()
    const options = () => [
      // @ts-expect-error a number is no text
      topic('numbers', { value: z.number(), valueFormat: 'text' }),
      // @ts-expect-error keys are text
      topic('numbers', { key: z.number(), value: number }),
      topic('numbers', { key: z.number(), keyFormat: 'json', value: number }),
    ]
    expectTypeOf(options).toBeFunction()
  })
})
