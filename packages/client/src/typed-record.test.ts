import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { GoQueueError } from './errors.ts'
import type { ConsumerRecord } from './record.ts'
import type { SchemaIssue, SchemaResult, StandardSchema } from './standard-schema.ts'
import { topic, type Topic, type TopicOptions } from './topic.ts'
import { decodeRecord, encodeRecords } from './typed-record.ts'

const order = z.object({ id: z.string(), placedAt: z.string().transform((text) => new Date(text)) })
const orders = topic('orders', { value: order })

/** A schema of no vendor's, which answers what `answer` says. */
function schema<T>(answer: (value: unknown) => SchemaResult<T> | Promise<SchemaResult<T>>): StandardSchema<T> {
  return { '~standard': { version: 1, vendor: 'tests', validate: answer } }
}

function issues(...list: readonly SchemaIssue[]): { readonly issues: readonly SchemaIssue[] } {
  return { issues: list }
}

function read(key: string | null, value: string | Buffer | null): ConsumerRecord {
  return {
    topic: 'orders',
    partition: 3,
    offset: 17,
    timestampMs: 5,
    key: key === null ? null : Buffer.from(key),
    value: typeof value === 'string' ? Buffer.from(value) : value,
    headers: [['h', null]],
    signal: new AbortController().signal,
  }
}

/** What the call throws, or its promise rejects with. */
async function errorOf(call: () => unknown): Promise<GoQueueError> {
  try {
    await call()
  } catch (error) {
    expect(error).toBeInstanceOf(GoQueueError)
    expect(error).toMatchObject({ code: 'INVALID_RECORD', retriable: false })
    return error as GoQueueError
  }
  throw new Error('nothing was thrown')
}

/** The message of what a schema with this answer refuses, behind the place. */
async function refusal(answer: () => SchemaResult<never> | Promise<SchemaResult<never>>): Promise<string> {
  const { message } = await errorOf(() => decodeRecord(topic('orders', { value: schema(answer) }), read(null, '1')))
  return message.replace('orders[3] at offset 17: ', '')
}

describe('decodeRecord', () => {
  it("gives the schemas' output at once, and everything else as it was", () => {
    const record = read('card', '{"id":"7","placedAt":"2031-01-01T00:00:00Z","more":1}')
    const typed = topic('orders', { key: z.string().transform((text) => text.length), value: order })
    expect(decodeRecord(typed, record)).toEqual({
      ...record,
      key: 4,
      value: { id: '7', placedAt: new Date('2031-01-01') },
    })
  })

  it('leaves keys without a schema as they are', () => {
    const record = read('k', '{"id":"7","placedAt":"2031-01-01"}')
    expect(decodeRecord(orders, record)).toHaveProperty('key', record.key)
    expect(decodeRecord(orders, { ...record, key: null })).toHaveProperty('key', null)
  })

  it('reads text as it is and JSON keys as JSON where the topic says so', () => {
    const typed = topic('orders', {
      key: z.array(z.number()),
      keyFormat: 'json',
      value: z.string(),
      valueFormat: 'text',
    })
    expect(decodeRecord(typed, read('[1,2]', '"ü"'))).toMatchObject({ key: [1, 2], value: '"ü"' })
  })

  it('shows null to the schema as null, never as an empty text', async () => {
    const typed = topic('orders', { key: z.string().nullable(), value: order.nullable() })
    expect(decodeRecord(typed, read(null, null))).toMatchObject({ key: null, value: null })
    const strict = topic('orders', { key: z.string(), value: z.string(), valueFormat: 'text' })
    expect((await errorOf(() => decodeRecord(strict, read(null, '')))).message).toMatch(
      /^orders\[3\] at offset 17: key: /,
    )
    expect((await errorOf(() => decodeRecord(strict, read('', null)))).message).toMatch(
      /^orders\[3\] at offset 17: value: /,
    )
  })

  it('says where a record that does not fit is, and which part of it', async () => {
    const typed = topic('orders', { value: z.object({ lines: z.array(z.object({ 'unit price': z.number() })) }) })
    const error = await errorOf(() =>
      decodeRecord(typed, read(null, '{"lines":[{"unit price":1},{"unit price":"2"}]}')),
    )
    expect(error.message).toBe(
      'orders[3] at offset 17: value.lines[1]["unit price"]: Invalid input: expected number, received string',
    )
    expect(error.cause).toMatchObject([{ code: 'invalid_type', path: ['lines', 1, 'unit price'] }])
  })

  it('says what is wrong with JSON that is none', async () => {
    const error = await errorOf(() => decodeRecord(orders, read(null, '{"id":')))
    expect(error.message).toMatch(/^orders\[3\] at offset 17: value is not JSON: .*end of JSON/)
    expect(error.cause).toBeInstanceOf(SyntaxError)
  })

  it.each(['json', 'text'] as const)('refuses bytes that are not UTF-8 as %s', async (valueFormat) => {
    const typed = topic('orders', { value: z.any(), valueFormat })
    const { message } = await errorOf(() => decodeRecord(typed, read(null, Buffer.from([0x22, 0xff, 0x22]))))
    expect(message).toBe('orders[3] at offset 17: value is not UTF-8')
  })

  it('names the first issues, each with its path, and counts the others', async () => {
    const list = ['a', 'b', 'c', 'd', 'e'].map((key) => ({ message: `bad ${key}`, path: [{ key }] }))
    expect(await refusal(() => issues(...list.slice(0, 2)))).toBe('value.a: bad a; value.b: bad b')
    expect(await refusal(() => issues(...list))).toBe('value.a: bad a; value.b: bad b; value.c: bad c (and 2 more)')
    expect(await refusal(() => issues())).toBe('value does not fit its schema')
    expect(await refusal(() => issues({ message: 'bad', path: [Symbol('s'), '0'] }))).toBe('value[Symbol(s)]["0"]: bad')
  })

  it('waits for schemas that take their time, the key first', async () => {
    const asked: unknown[] = []
    const slow = schema<string>(async (value) => {
      asked.push(value)
      await null
      return { value: `${String(value)}!` }
    })
    const typed = topic('orders', { key: slow, value: slow })
    const decoded = decodeRecord(typed, read('k', '"v"'))
    expect(decoded).toBeInstanceOf(Promise)
    expect(await decoded).toMatchObject({ key: 'k!', value: 'v!', offset: 17 })
    expect(asked).toEqual(['k', 'v'])
    expect(await refusal(() => Promise.resolve(issues({ message: 'late' })))).toBe('value: late')
    const refined = topic('orders', { value: z.string().refine(() => Promise.resolve(false), 'taken') })
    expect((await errorOf(() => decodeRecord(refined, read(null, '"x"')))).message).toContain('value: taken')
  })

  it('makes what a schema throws the cause', async () => {
    const fault = new RangeError('broken')
    const throwing = schema<never>(() => {
      throw fault
    })
    for (const value of [throwing, schema<never>(() => Promise.reject(fault))]) {
      const error = await errorOf(() => decodeRecord(topic('orders', { value }), read(null, '1')))
      expect(error).toMatchObject({ cause: fault, message: 'orders[3] at offset 17: value: its schema threw: broken' })
    }
  })
})

describe('encodeRecords', () => {
  const encode = (typed: Topic, key: unknown, value: unknown) => encodeRecords([{ topic: typed, key, value }], false)

  it('passes plain records through, untouched and at once', () => {
    const records = [{ topic: 'orders', value: 'x' }]
    expect(encodeRecords(records, true)).toBe(records)
  })

  it('writes the input, not the output, and keeps partition, time and headers', () => {
    const value = { id: '7', placedAt: '2031-01-01' }
    const others = { partition: 2, timestampMs: 9, headers: [['h', null]] as const }
    expect(
      encodeRecords(
        [
          { topic: orders, key: 'k', value, ...others },
          { topic: 'plain', value: 'x' },
        ],
        true,
      ),
    ).toEqual([
      { topic: 'orders', key: 'k', value: JSON.stringify(value), ...others },
      { topic: 'plain', value: 'x' },
    ])
  })

  it('a null, and a key left out, is null on the wire, never JSON', () => {
    const typed = topic('orders', { key: z.null(), keyFormat: 'json', value: z.null() })
    expect(encodeRecords([{ topic: typed, value: null }], true)).toEqual([{ topic: 'orders', key: null, value: null }])
  })

  it.each<[string, TopicOptions<StandardSchema, StandardSchema | null>, unknown, unknown, string]>([
    ['the value', { value: order }, null, { id: 7, placedAt: '' }, "send to 'orders': value.id: Invalid input"],
    ['the key', { key: z.enum(['a']), value: order }, 'b', {}, "send to 'orders': key: Invalid input"],
    [
      'a key that is missing',
      { key: z.string(), value: z.any() },
      undefined,
      1,
      "send to 'orders': key: Invalid input",
    ],
    ['text that is none', { key: z.any(), value: z.any() }, 7, 1, "send to 'orders': key must be a string or null"],
    [
      'undefined',
      { value: z.any() },
      null,
      undefined,
      "send to 'orders': value cannot be written as JSON: it is undefined",
    ],
    ['what JSON has no word for', { value: z.any() }, null, 7n, "send to 'orders': value cannot be written as JSON: "],
    [
      'what comes back from JSON as something else',
      { value: z.date() },
      null,
      new Date(0),
      "send to 'orders': value: ",
    ],
  ])('refuses %s', async (_, options, key, value, message) => {
    const error = await errorOf(() => encode(topic('orders', options), key, value))
    expect(error.message.slice(0, message.length)).toBe(message)
  })

  it('sends what was validated, whatever becomes of the value meanwhile', async () => {
    const slow = schema<{ id: string }>((value) => Promise.resolve({ value: value as { id: string } }))
    const value = { id: 'before' }
    const encoded = encode(topic('orders', { value: slow }), null, value)
    value.id = 'after'
    expect(await encoded).toEqual([{ topic: 'orders', key: null, value: '{"id":"before"}' }])
  })

  it('a record refused at once leaves no rejection of an earlier one that nobody hears of', async () => {
    const late = topic('late', { value: schema<number>(() => Promise.reject(new Error('late'))) })
    const records = [
      { topic: late, value: 1 },
      { topic: orders, value: { id: 7, placedAt: '' } },
    ]
    const error = await errorOf(() => encodeRecords(records, true))
    expect(error.message).toMatch(/^send: record 1 to 'orders': value\.id: /)
  })
})
