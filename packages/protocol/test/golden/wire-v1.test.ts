// The original Go Queue dialect against bytes recorded from its own client and broker.
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  dialectOf,
  encodeRequest,
  parseWireV1Request,
  WireV1RequestError,
  wireV1CodeResponse,
  wireV1CreateTopicResponse,
  wireV1DeleteTopicResponse,
  wireV1DescribeTopicResponse,
  wireV1ErrorCodeOf,
  wireV1ErrorResponse,
  wireV1FetchOffsetResponse,
  wireV1FetchResponse,
  wireV1JoinGroupResponse,
  wireV1ListTopicsResponse,
  wireV1ProduceResponse,
  wireV1TopicInfoResponse,
} from '../../src/index.ts'

interface Exchange {
  readonly name: string
  readonly request: string
  readonly originalResponse: string
}

const { exchanges } = JSON.parse(readFileSync(new URL('./wire-v1.json', import.meta.url), 'utf8')) as {
  exchanges: readonly Exchange[]
}
const MAX_BYTES = 1_000_000

function exchange(name: string): Exchange {
  const found = exchanges.find((candidate) => candidate.name.startsWith(name))
  if (found === undefined) throw new Error(`no recorded exchange '${name}'`)
  return found
}

const request = (name: string) => parseWireV1Request(Buffer.from(exchange(name).request, 'hex'), MAX_BYTES).request
const response = (name: string) => exchange(name).originalResponse

describe('requests of the original client', () => {
  it.each(exchanges)('$name is recognised and parsed, and not one byte earlier', ({ request: hex }) => {
    const bytes = Buffer.from(hex, 'hex')
    expect(dialectOf(bytes.subarray(0, 5))).toBeNull()
    expect(dialectOf(bytes)).toBe('wire-v1')
    for (let length = 0; length < bytes.length; length++) {
      const parsed = parseWireV1Request(bytes.subarray(0, length), MAX_BYTES)
      expect(parsed).toMatchObject({ request: null })
      expect('neededBytes' in parsed && parsed.neededBytes).toBeGreaterThan(length)
    }
    expect(parseWireV1Request(bytes, MAX_BYTES).request).not.toBeNull()
  })

  it('say what they were sent to say', () => {
    expect(request('create-topic orders/4')).toEqual({ type: 'createTopic', name: 'orders', partitions: 4, replicas: 1 })
    expect(request('produce orders/1')).toEqual({
      type: 'produce',
      topic: 'orders',
      partition: 1,
      messages: ['a', 'bb', 'ccc'].map((text) => Buffer.from(text)),
    })
    expect(request('fetch orders/1 from 3')).toEqual({
      type: 'fetch',
      topic: 'orders',
      partition: 1,
      offset: 3,
      maxBytes: 1_048_576,
    })
    expect(request('join-group g1 consumer-1')).toEqual({
      type: 'joinGroup',
      groupId: 'g1',
      consumerId: 'consumer-1',
      clientId: 'go-queue-client',
      topics: ['orders'],
      sessionTimeoutMs: 3_000,
    })
    expect(request('heartbeat consumer-2')).toEqual({
      type: 'heartbeat',
      groupId: 'g1',
      consumerId: 'consumer-2',
      generation: 2,
    })
    expect(request('commit-offset g1')).toEqual({
      type: 'commitOffset',
      groupId: 'g1',
      topic: 'orders',
      partition: 0,
      offset: 100,
      metadata: 'processed successfully',
    })
    expect(request('fetch-offset g1 orders/0')).toEqual({ type: 'fetchOffset', groupId: 'g1', topic: 'orders', partition: 0 })
    expect(request('leave-group consumer-2')).toEqual({ type: 'leaveGroup', groupId: 'g1', consumerId: 'consumer-2' })
    expect(request('list-topics')).toEqual({ type: 'listTopics' })
    expect(request('describe-topic orders')).toEqual({ type: 'describeTopic', topic: 'orders' })
    expect(request('delete-topic orders')).toEqual({ type: 'deleteTopic', topic: 'orders' })
    expect(request('topic-info orders')).toEqual({ type: 'topicInfo', topic: 'orders' })
  })
})

describe('responses have the layout of the original broker', () => {
  const createdSeconds = 0x6b02b112
  const orders = { name: 'orders', partitions: 4, createdSeconds, bytes: 0x1b, messages: 4 }
  const partition = (id: number, bytes: number, messages: number) => ({
    partition: id,
    leader: 0,
    bytes,
    messages,
    startOffset: 0,
    endOffset: messages,
  })

  it.each([
    ['produce orders/0', wireV1ProduceResponse(0, 0)],
    ['produce missing topic', wireV1ProduceResponse(5, 0)],
    ['create-topic orders/4 (new)', wireV1CreateTopicResponse(0)],
    ['list-topics', wireV1ListTopicsResponse([{ ...orders, bytes: 0, messages: 0 }])],
    [
      'fetch orders/1 from 0',
      wireV1FetchResponse({
        topic: 'orders',
        partition: 1,
        errorCode: 0,
        nextOffset: 3,
        messages: ['a', 'bb', 'ccc'].map((text) => Buffer.from(text)),
      }),
    ],
    ['fetch missing topic', wireV1ErrorResponse('fetch', 6)],
    [
      'describe-topic orders',
      wireV1DescribeTopicResponse(orders, [partition(0, 9, 1), partition(1, 18, 3), partition(2, 0, 0), partition(3, 0, 0)]),
    ],
    ['describe-topic missing', wireV1ErrorResponse('describeTopic', 2)],
    ['topic-info orders', wireV1TopicInfoResponse(orders)],
    ['topic-info missing', wireV1ErrorResponse('topicInfo', 2)],
    ['fetch-offset g1 (no such group)', wireV1ErrorResponse('fetchOffset', 3)],
    [
      'join-group g1 consumer-1',
      wireV1JoinGroupResponse({
        errorCode: 0,
        generation: 1,
        groupId: 'g1',
        consumerId: 'consumer-1',
        leader: 'consumer-1',
        members: [{ consumerId: 'consumer-1', clientId: 'go-queue-client' }],
        assignment: new Map([['orders', [1, 2, 3, 0]]]),
      }),
    ],
    ['commit-offset g1', wireV1CodeResponse(0)],
    ['delete-topic orders', wireV1DeleteTopicResponse('orders')],
    ['delete-topic orders again', wireV1ErrorResponse('deleteTopic', 2)],
    ['leave-group unknown group', wireV1ErrorResponse('leaveGroup', 2)],
  ] as const)('%s', (name, ours) => {
    const original = response(name)
    // The original hands partitions out in the random order of a Go map: the layout counts.
    if (name.startsWith('join-group')) expect(ours.length).toBe(original.length / 2)
    else expect(ours.toString('hex')).toBe(original)
  })

  it.each([
    ['produce orders/0', 'produce', 0],
    ['produce missing topic', 'produce', 5],
    ['fetch orders/1 from 0', 'fetch', 0],
    ['fetch missing topic', 'fetch', 6],
    ['join-group g1 consumer-1', 'joinGroup', 0],
    ['fetch-offset g1 (no such group)', 'fetchOffset', 3],
    ['leave-group unknown group', 'leaveGroup', 2],
    ['delete-topic orders again', 'deleteTopic', 2],
  ] as const)('%s has its error code where a client of %s reads it', (name, type, errorCode) => {
    expect(wireV1ErrorCodeOf(type, Buffer.from(response(name), 'hex'))).toBe(errorCode)
  })

  it('fetch-offset carries the committed offset', () => {
    expect(wireV1FetchOffsetResponse(0, 100).toString('hex')).toBe('0000000a00000000000000000064')
  })
})

describe('hostile requests', () => {
  const parse = (hex: string) => () => parseWireV1Request(Buffer.from(hex, 'hex'), MAX_BYTES)

  it.each([
    ['a negative string length', '000000030001ffff', 'joinGroup', /length -1 of group is negative/],
    ['a negative array length', '0000000300010001610001620001 63ffffffff'.replaceAll(' ', ''), 'joinGroup', /number of topics -1 is negative/],
    ['a message longer than its set', '00000000000100017400000000000000000500000009aa', 'produce', /message length 9 does not fit/],
    ['a set that is longer than allowed', '0000000000010001740000000000 7fffffff'.replaceAll(' ', ''), 'produce', /longer than 1000000 bytes/],
    ['an unknown compression', '0000000000010001740000000001 00000000'.replaceAll(' ', ''), 'produce', /compression 1/],
    ['an offset beyond 2^53', '00000001000100017400000000 7fffffffffffffff 00000001'.replaceAll(' ', ''), 'fetch', /offset .* is not a safe integer/],
    ['more topics than a join may name', '000000030001000167000163000161000003e9', 'joinGroup', /1001 topics: at most 1000/],
    ['another version', '000000030002', 'joinGroup', /version 2/],
  ])('%s is refused with the type of its answer', (_name, hex, type, message) => {
    expect(parse(hex)).toThrow(message)
    expect(parse(hex)).toThrow(expect.objectContaining({ type }))
  })

  it('any bytes give a request, nothing yet, or a WireV1RequestError', () => {
    const start = fc.integer({ min: -1, max: 14 }).map((type) => {
      const bytes = Buffer.alloc(6)
      bytes.writeInt32BE(type)
      bytes.writeInt16BE(1, 4)
      return bytes
    })
    const body = fc.array(fc.oneof(fc.constantFrom(0, 1, 2, 0x7f, 0xff), fc.nat(255)), { maxLength: 60 })
    fc.assert(
      fc.property(start, body, (head, tail) => {
        try {
          parseWireV1Request(Buffer.concat([head, Buffer.from(tail)]), 200)
        } catch (error) {
          expect(error).toBeInstanceOf(WireV1RequestError)
        }
      }),
      { numRuns: 3_000 },
    )
  })
})

it('no Kafka request is taken for one of the original dialect', () => {
  const header = { correlationId: 1, clientId: null }
  const shortest = [
    encodeRequest('ApiVersions', 0, header, {}),
    encodeRequest('Metadata', 0, header, { topics: [] }),
    encodeRequest('ListGroups', 0, header, {}),
    encodeRequest('Fetch', 4, header, { maxWaitMs: 0, minBytes: 0, topics: [] }),
  ]
  expect(dialectOf(Buffer.from('ffffffff', 'hex'))).toBe('kafka')
  for (const frame of shortest) expect(dialectOf(frame)).toBe('kafka')
})
