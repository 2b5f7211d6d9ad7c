// What a hostile or broken client can do to a broker: lose its own connection, and nothing else.
import { apis, buildRecordBatch, encodeRequest, type ErrorCode } from '@goqueue/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openBroker, type Broker, type BrokerEvent } from '../../src/index.ts'
import { VirtualRuntime } from '../../src/virtual-runtime.ts'
import { framed, WireClient } from './wire-client.ts'

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
    socketRequestMaxBytes: 1_000_000,
    queuedMaxRequestBytes: 3_000_000,
    messageMaxBytes: 100_000,
  })
  canary = new WireClient(broker)
  await canary.request('CreateTopics', 7, {
    topics: [{ name: 'orders', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }],
    timeoutMs: 1_000,
  })
})

afterEach(async () => {
  const { topics } = await canary.request('Metadata', 12, { topics: null })
  expect(topics.map((topic) => topic.name)).toContain('orders')
  await broker.close()
})

function batch(...values: string[]): Buffer {
  return buildRecordBatch({
    records: values.map((value) => ({ key: null, value, headers: [], timestampMs: runtime.wallClockMs() })),
    compression: 'none',
  })
}

async function produce(
  client: WireClient,
  records: Buffer | null,
): Promise<{ errorCode: ErrorCode; baseOffset: number }> {
  const { responses } = await client.request('Produce', 9, {
    acks: -1,
    timeoutMs: 1_000,
    topicData: [{ name: 'orders', partitionData: [{ index: 0, records }] }],
  })
  const answer = responses[0]?.partitionResponses[0]
  if (answer === undefined) throw new Error('the broker answered for no partition')
  return answer
}

async function expectClosed(client: WireClient, reason: RegExp): Promise<void> {
  expect(await client.frame()).toBeNull()
  expect(events.at(-1)).toMatchObject({ kind: 'connection-closed', message: expect.stringMatching(reason) })
}

describe('frames', () => {
  it.each([
    ['negative', 'ffffffff', /frame size -1: allowed are 8 to 1000000/],
    ['zero', '000000000000', /frame size 0/],
    ['too large', '7fffffff', /frame size 2147483647/],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n').toString('hex'), /it reads as HTTP/],
    ['TLS', '16030102000100', /it reads as a TLS handshake/],
  ])('N1: a %s size closes the connection without an answer', async (_name, hex, reason) => {
    const client = new WireClient(broker)
    client.sendRaw(Buffer.from(hex, 'hex'))
    await expectClosed(client, reason)
  })

  it('N2: announced bytes are not held; over the budget the largest unfinished request gives way', async () => {
    const clients = Array.from({ length: 3 }, () => new WireClient(broker))
    for (const [index, client] of clients.entries()) {
      const size = Buffer.alloc(4)
      size.writeInt32BE(1_000_000)
      client.sendRaw(Buffer.concat([size, Buffer.alloc(900_000 + index)]))
    }
    expect(broker.connectionCount).toBe(4)
    const fourth = new WireClient(broker)
    fourth.sendRaw(Buffer.concat([Buffer.from('000f4240', 'hex'), Buffer.alloc(999_000)]))
    await expectClosed(fourth, /all requests together hold \d+ bytes: 3000000 are allowed/)
    expect(broker.connectionCount).toBe(4)
    for (const client of clients) client.close()
  })

  it('N4: a request that does not arrive whole in time costs its connection', async () => {
    const client = new WireClient(broker)
    client.sendRaw(Buffer.from('000000ff0012', 'hex'))
    await canary.request('Metadata', 12, { topics: [] })
    runtime.advance(29_999)
    expect(broker.connectionCount).toBe(2)
    runtime.advance(1)
    await expectClosed(client, /did not arrive whole within 30000 ms/)
  })

  it('N7: bytes behind the end of a request close the connection', async () => {
    const client = new WireClient(broker)
    const frame = encodeRequest('Metadata', 1, { correlationId: 1, clientId: null }, { topics: null })
    client.sendRaw(framed(Buffer.concat([frame.subarray(4), Buffer.from([0])])))
    await expectClosed(client, /MetadataRequest v1: 1 bytes left over/)
  })

  it('N5 N6: a length beyond the request closes the connection, naming the field', async () => {
    const client = new WireClient(broker)
    client.sendRaw(framed(Buffer.from('0003000100000001ffff7fffffff', 'hex')))
    await expectClosed(client, /MetadataRequest v1, topics: array of 2147483647 elements/)
  })
})

describe('api keys and versions', () => {
  it('N8: an unknown key and an unsupported version close the connection', async () => {
    const unknown = new WireClient(broker)
    unknown.sendRaw(framed(Buffer.from('03e8000000000001ffff', 'hex')))
    await expectClosed(unknown, /unknown api key 1000/)
    const version = new WireClient(broker)
    version.sendRaw(framed(Buffer.from('0003006300000001ffff', 'hex')))
    await expectClosed(version, /Metadata version 99: 0 to 12 are allowed/)
  })

  it('N8: an ApiVersions version above ours is answered in v0 with error 35 and all ranges (KIP-511)', async () => {
    const client = new WireClient(broker)
    client.sendRaw(framed(Buffer.from('001200630000002affff', 'hex')))
    const frame = await client.frame()
    expect(frame?.subarray(0, 6).toString('hex')).toBe('0000002a0023')
    expect(frame?.readInt32BE(6)).toBe(Object.keys(apis).length)
    await expect(client.request('ApiVersions', 0, {})).resolves.toMatchObject({ errorCode: 'NONE' })
  })

  it('ApiVersions v3 refuses a software name that could not be logged', async () => {
    const answer = await canary.request('ApiVersions', 3, { clientSoftwareName: 'a\nb', clientSoftwareVersion: '1' })
    expect(answer.errorCode).toBe('INVALID_REQUEST')
  })
})

describe('N9: record batches', () => {
  const good = () => batch('a', 'b')

  it.each([
    ['a wrong CRC', (bytes: Buffer) => bytes.writeUInt32BE(bytes.readUInt32BE(17) ^ 1, 17), 'CORRUPT_MESSAGE'],
    ['a length beyond the records', (bytes: Buffer) => bytes.writeInt32BE(5_000, 8), 'CORRUPT_MESSAGE'],
    ['a negative length', (bytes: Buffer) => bytes.writeInt32BE(-1, 8), 'CORRUPT_MESSAGE'],
    ['magic 1', (bytes: Buffer) => bytes.writeInt8(1, 16), 'UNSUPPORTED_FOR_MESSAGE_FORMAT'],
  ])('%s is refused by its code, and nothing is appended', async (_name, damage, errorCode) => {
    const bytes = good()
    damage(bytes)
    expect(await produce(canary, bytes)).toMatchObject({ errorCode })
    expect(await produce(canary, good())).toMatchObject({ errorCode: 'NONE', baseOffset: 0 })
  })

  it('a batch over message.max.bytes is refused', async () => {
    expect(await produce(canary, batch('x'.repeat(100_001)))).toMatchObject({ errorCode: 'MESSAGE_TOO_LARGE' })
  })

  it('no records at all are refused', async () => {
    expect(await produce(canary, null)).toMatchObject({ errorCode: 'INVALID_RECORD' })
    expect(await produce(canary, Buffer.alloc(0))).toMatchObject({ errorCode: 'INVALID_RECORD' })
  })
})

describe('names and limits', () => {
  async function create(name: string): Promise<ErrorCode | undefined> {
    const { topics } = await canary.request('CreateTopics', 7, {
      topics: [{ name, numPartitions: 1, replicationFactor: -1, assignments: [], configs: [] }],
      timeoutMs: 1_000,
    })
    return topics[0]?.errorCode
  }

  it('N15: a topic name that is not Kafka’s is refused, and no path is made of it', async () => {
    for (const name of ['', '.', '..', '../x', 'a/b', 'a\0b', 'x'.repeat(250), 'ö']) {
      expect(await create(name), JSON.stringify(name)).toBe('INVALID_TOPIC_EXCEPTION')
    }
  })

  it('N17: names that mean something to JavaScript are names like others', async () => {
    for (const name of ['__proto__', 'constructor', 'toString']) {
      expect(await create(name)).toBe('NONE')
      const { topics } = await canary.request('Metadata', 9, { topics: [{ name }] })
      expect(topics).toMatchObject([{ errorCode: 'NONE', name, partitions: [{ partitionIndex: 0 }] }])
    }
    const { topics } = await canary.request('Metadata', 9, { topics: [{ name: 'hasOwnProperty' }] })
    expect(topics).toMatchObject([{ errorCode: 'UNKNOWN_TOPIC_OR_PARTITION' }])
  })

  it('N16: an empty group id and one over 255 bytes are refused', async () => {
    const join = (groupId: string) =>
      canary.request('JoinGroup', 3, {
        groupId,
        sessionTimeoutMs: 10_000,
        rebalanceTimeoutMs: 10_000,
        memberId: '',
        protocolType: 'consumer',
        protocols: [{ name: 'range', metadata: Buffer.alloc(0) }],
      })
    expect(await join('')).toMatchObject({ errorCode: 'INVALID_GROUP_ID' })
    expect(await join('g'.repeat(256))).toMatchObject({ errorCode: 'INVALID_GROUP_ID' })
  })

  it('N19: a member that offers absurdly many protocols, or one with an absurd name, is refused', async () => {
    const join = (names: readonly string[]) =>
      canary.request('JoinGroup', 3, {
        groupId: 'g',
        sessionTimeoutMs: 10_000,
        rebalanceTimeoutMs: 10_000,
        memberId: '',
        protocolType: 'consumer',
        protocols: names.map((name) => ({ name, metadata: Buffer.alloc(0) })),
      })
    expect(await join(Array.from({ length: 101 }, (_, index) => `assignor-${index}`))).toMatchObject({
      errorCode: 'INVALID_REQUEST',
    })
    expect(await join(['range', 'x'.repeat(1_025)])).toMatchObject({ errorCode: 'INVALID_REQUEST' })
    const { groups } = await canary.request('ListGroups', 4, { statesFilter: [] })
    expect(groups).toEqual([])
  })

  it.each([0, 5_999, 1_800_001, 2 ** 31 - 1, -1])(
    'N18: a session timeout of %i ms is refused',
    async (sessionTimeoutMs) => {
      const answer = await canary.request('JoinGroup', 5, {
        groupId: 'g',
        sessionTimeoutMs,
        rebalanceTimeoutMs: 10_000,
        memberId: '',
        protocolType: 'consumer',
        protocols: [{ name: 'range', metadata: Buffer.alloc(0) }],
      })
      expect(answer.errorCode).toBe('INVALID_SESSION_TIMEOUT')
    },
  )

  it('a transactional id is refused with a code that no client retries', async () => {
    const id = await canary.request('InitProducerId', 4, { transactionalId: 't', transactionTimeoutMs: 1_000 })
    expect(id).toMatchObject({ errorCode: 'INVALID_REQUEST', producerId: -1 })
    const { responses } = await canary.request('Produce', 9, {
      transactionalId: 't',
      acks: -1,
      timeoutMs: 1_000,
      topicData: [{ name: 'orders', partitionData: [{ index: 0, records: batch('a') }] }],
    })
    expect(responses[0]?.partitionResponses[0]).toMatchObject({ errorCode: 'INVALID_REQUEST', baseOffset: -1 })
    const coordinator = await canary.request('FindCoordinator', 3, { key: 't', keyType: 1 })
    expect(coordinator).toMatchObject({ errorCode: 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED' })
  })
})

it('N12: a peer that takes no answers is not sent more, and loses its connection in time', async () => {
  const records = batch('x'.repeat(90_000))
  for (let turn = 0; turn < 40; turn++) await produce(canary, records)
  const client = new WireClient(broker)
  client.wire.pause()
  for (let turn = 0; turn < 100; turn++) {
    client.send('Fetch', 11, {
      maxWaitMs: 0,
      minBytes: 0,
      topics: [{ topic: 'orders', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1_000_000 }] }],
    })
  }
  while (client.wire.readableLength === 0) await canary.request('Metadata', 12, { topics: [] })
  runtime.advance(30_000)
  await canary.request('Metadata', 12, { topics: [] })
  expect(broker.connectionCount).toBe(1)
  expect(events.at(-1)?.message).toMatch(/a response was not taken within 30000 ms/)
})
