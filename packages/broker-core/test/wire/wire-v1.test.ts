// The original Go Queue dialect on the broker's one port: its recorded requests, its groups, and the two dialects side by side.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildRecordBatch, encodeSubscription } from '@goqueue/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openBroker, type Broker } from '../../src/index.ts'
import { VirtualRuntime } from '../../src/virtual-runtime.ts'
import { WireClient } from './wire-client.ts'
import { createTopic, produce as produceBatch } from './wire-fixture.ts'
import {
  commitOffset,
  exchange,
  fetch,
  fetchOffset,
  heartbeat,
  joinGroup,
  leaveGroup,
  produce,
} from './wire-v1-client.ts'

let broker: Broker
let runtime: VirtualRuntime

beforeEach(async () => {
  runtime = new VirtualRuntime()
  broker = await openBroker({ memory: true, runtime })
})

afterEach(() => broker.close())

async function recorded(name: string): Promise<{ ours: string; original: string }> {
  const file = new URL('../../../protocol/test/golden/wire-v1.json', import.meta.url)
  const { exchanges } = JSON.parse(await readFile(file, 'utf8')) as {
    exchanges: { name: string; request: string; originalResponse: string }[]
  }
  const exact = exchanges.find((candidate) => candidate.name === name)
  const found = exact ?? exchanges.find((candidate) => candidate.name.startsWith(name))
  if (found === undefined) throw new Error(`no recorded exchange '${name}'`)
  const ours = await exchange(broker, Buffer.from(found.request, 'hex'))
  return { ours: ours.toString('hex'), original: found.originalResponse }
}

/** The recorded request, answered as the original did. */
async function expectAsRecorded(name: string): Promise<void> {
  const { ours, original } = await recorded(name)
  expect(ours, name).toBe(original)
}

async function expectAnswer(name: string, hex: string): Promise<void> {
  const { ours } = await recorded(name)
  expect(ours, name).toBe(hex)
}

describe('the recorded session of the original client', () => {
  it('is answered as recorded, or better where the original was wrong', async () => {
    await expectAsRecorded('create-topic orders/4 (new)')
    // The code stands in the first two bytes, where the client reads it.
    await expectAnswer('create-topic orders/4 (exists', '0000000a00010000000000000000')
    await expectAsRecorded("produce orders/0 'hello'")
    await expectAsRecorded("produce orders/1 'a','bb','ccc'")
    await expectAnswer('produce missing topic', '0000000a00000000000000000002')
    await expectAnswer('produce unknown partition', '0000000a00000000000000000003')
    await expectAsRecorded('fetch orders/1 from 0')
    // At the end of the log there is nothing to read yet, and that is no error.
    await expectAnswer('fetch orders/1 from 3', '0000001a00066f7264657273000000010000000000000000000300000000')
    await expectAnswer('fetch orders/1 from 99', '0000001a00066f7264657273000000010006000000000000006300000000')
    await expectAnswer('fetch missing topic', '0000001b00076d697373696e67000000000002000000000000000000000000')
    await expectAsRecorded('describe-topic missing')
    await expectAsRecorded('topic-info missing')
    await expectAsRecorded('fetch-offset g1 (no such group)')
    await expectAsRecorded('fetch-offset g1 orders/0 (nothing')
    const first = await recorded('join-group g1 consumer-1')
    // The original's order of partitions is that of a Go map.
    expect(first.ours).toBe(first.original.replace(/0000000400000001.*$/, '0000000400000000000000010000000200000003'))
    await expectAsRecorded('commit-offset g1 orders/0 100')
    await expectAsRecorded('fetch-offset g1 orders/0')
    // The joiner is given its share at once.
    const second = await recorded('join-group g1 consumer-2')
    expect(second.ours).toContain('0000000100066f7264657273000000020000000100000003')
    // Consumer-1 holds the generation before that: it is told so.
    await expectAnswer('heartbeat consumer-1', '000000020002')
    await expectAsRecorded('heartbeat consumer-2')
    await expectAsRecorded('leave-group consumer-2')
    await expectAsRecorded('leave-group consumer-1')
    await expectAnswer('leave-group consumer-1 again', '000000020002')
    await expectAnswer('leave-group unknown group', '000000020003')
    await expectAnswer('commit-offset unknown group', '000000020003')
    await expectAsRecorded('delete-topic orders')
    await expectAsRecorded('delete-topic orders again')
  })

  it('lists, describes and sums up topics in the recorded layout', async () => {
    await recorded('create-topic orders/4 (new)')
    const seconds = Math.floor(runtime.wallClockMs() / 1_000)
    const created = seconds.toString(16).padStart(16, '0')
    await expectAnswer(
      'list-topics',
      `0000002e00000000000100066f72646572730000000400000001${created}00000000000000000000000000000000`,
    )
    await recorded("produce orders/0 'hello'")
    const info = (await recorded('topic-info orders')).ours
    expect(info.slice(0, 52)).toBe('0000001e000000066f7264657273000000040000000000000001')
    const description = (await recorded('describe-topic orders')).ours
    expect(description.length).toBe((await recorded('describe-topic orders')).original.length)
  })
})

describe('groups of the original dialect', () => {
  beforeEach(() => recorded('create-topic orders/4 (new)'))

  it('three consumers that join in turn, and again after a refused heartbeat, end with the assignment of the documents', async () => {
    const names = ['consumer-1', 'consumer-2', 'consumer-3']
    const generations = new Map<string, number>()
    const shares = new Map<string, unknown>()
    const enter = async (name: string) => {
      const joined = await joinGroup(broker, { groupId: 'g', consumerId: name, topics: ['orders'] })
      generations.set(name, joined.generation)
      shares.set(name, joined.assignment)
    }
    for (const name of names) await enter(name)
    for (const name of names) {
      const refused = await heartbeat(broker, 'g', name, generations.get(name) ?? 0)
      expect(refused).toBe(name === 'consumer-3' ? 0 : 2)
      if (refused !== 0) await enter(name)
    }
    expect(Object.fromEntries(shares)).toEqual({
      'consumer-1': { orders: [0, 3] },
      'consumer-2': { orders: [1] },
      'consumer-3': { orders: [2] },
    })
    for (const name of names) expect(await heartbeat(broker, 'g', name, generations.get(name) ?? 0)).toBe(0)
  })

  it('a silent consumer expires at its session timeout and its partitions go to the others', async () => {
    await joinGroup(broker, { groupId: 'g', consumerId: 'silent', topics: ['orders'], sessionTimeoutMs: 1_000 })
    await joinGroup(broker, { groupId: 'g', consumerId: 'alive', topics: ['orders'], sessionTimeoutMs: 60_000 })
    runtime.advance(999)
    expect(await heartbeat(broker, 'g', 'alive', 2)).toBe(0)
    runtime.advance(1)
    expect(await heartbeat(broker, 'g', 'alive', 2)).toBe(2)
    const again = await joinGroup(broker, { groupId: 'g', consumerId: 'alive', topics: ['orders'] })
    expect(again).toMatchObject({ errorCode: 0, generation: 3, assignment: { orders: [0, 1, 2, 3] } })
    expect(await heartbeat(broker, 'g', 'silent', 2)).toBe(2)
  })

  it('N16: a consumer id over 1 KiB is refused', async () => {
    const joined = (consumerId: string) => joinGroup(broker, { groupId: 'billing', consumerId, topics: ['orders'] })
    expect((await joined('x'.repeat(1_025))).errorCode).toBe(1)
    expect((await joined('x'.repeat(1_024))).errorCode).toBe(0)
  })

  it('N18: a session timeout outside 1 s to 30 min, and a topic that is not there, are refused', async () => {
    const join = (options: object) =>
      joinGroup(broker, { groupId: 'g', consumerId: 'c', topics: ['orders'], ...options })
    expect(await join({ sessionTimeoutMs: 999 })).toMatchObject({ errorCode: 1 })
    expect(await join({ sessionTimeoutMs: 1_800_001 })).toMatchObject({ errorCode: 1 })
    expect(await join({ topics: ['missing'] })).toMatchObject({ errorCode: 3 })
    expect(await join({ groupId: '' })).toMatchObject({ errorCode: 1 })
    expect(await heartbeat(broker, 'g', 'c', 1)).toBe(3)
  })
})

describe('both dialects on one broker', () => {
  let kafka: WireClient

  beforeEach(async () => {
    await recorded('create-topic orders/4 (new)')
    kafka = new WireClient(broker)
  })

  async function kafkaJoin(groupId: string, memberId = '') {
    return kafka.request('JoinGroup', 5, {
      groupId,
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 10_000,
      memberId,
      protocolType: 'consumer',
      protocols: [{ name: 'roundrobin', metadata: encodeSubscription({ topics: ['orders'] }) }],
    })
  }

  it('read each other’s records', async () => {
    const records = buildRecordBatch({
      records: [{ key: 'k', value: 'from kafka', headers: [], timestampMs: runtime.wallClockMs() }],
      compression: 'lz4',
    })
    await kafka.request('Produce', 9, {
      acks: -1,
      timeoutMs: 1_000,
      topicData: [{ name: 'orders', partitionData: [{ index: 2, records }] }],
    })
    expect(await produce(broker, 'orders', 2, ['from go', ''])).toEqual({ errorCode: 0, baseOffset: 1 })
    expect(await fetch(broker, 'orders', 2, 0)).toEqual({
      errorCode: 0,
      nextOffset: 3,
      messages: ['from kafka', 'from go', ''],
    })
    expect(await fetch(broker, 'orders', 2, 1, 1)).toEqual({ errorCode: 0, nextOffset: 2, messages: ['from go'] })
  })

  it('share offsets, but a group belongs to the dialect of its live members', async () => {
    await joinGroup(broker, { groupId: 'g', consumerId: 'go', topics: ['orders'] })
    expect(await kafkaJoin('g')).toMatchObject({ errorCode: 'INCONSISTENT_GROUP_PROTOCOL' })
    expect(await commitOffset(broker, 'g', 'orders', 0, 7)).toBe(0)
    const described = await kafka.request('DescribeGroups', 5, { groups: ['g'] })
    expect(described.groups).toMatchObject([
      { groupState: 'Stable', protocolType: 'consumer', protocolData: 'roundrobin', members: [{ memberId: 'go' }] },
    ])
    await leaveGroup(broker, 'g', 'go')

    const { memberId } = await kafkaJoin('g')
    const joining = kafkaJoin('g', memberId)
    expect(await joinGroup(broker, { groupId: 'g', consumerId: 'go', topics: ['orders'] })).toMatchObject({
      errorCode: 2,
    })
    expect(await commitOffset(broker, 'g', 'orders', 0, 9)).toBe(2)
    expect(await fetchOffset(broker, 'g', 'orders', 0)).toEqual({ errorCode: 0, offset: 7 })
    runtime.advance(100)
    const joined = await joining
    expect(joined.errorCode).toBe('NONE')
    // The generation goes on where the other dialect left it.
    expect(joined.generationId).toBeGreaterThan(2)
  })
})

describe('hostile requests', () => {
  it('a negative length is answered with code 1 in the shape of its request', async () => {
    const answer = await exchange(broker, Buffer.from('000000030001ffff', 'hex'))
    expect(answer.readInt32BE(0)).toBe(answer.length - 4)
    expect(answer.readInt16BE(4)).toBe(1)
  })

  it('a request that its client cuts short is answered with code 1', async () => {
    const answer = await exchange(broker, Buffer.from('00000005000100026731', 'hex'), { end: true })
    expect(answer.toString('hex')).toBe('000000020001')
  })

  it('N4: one that never becomes whole costs its connection, and nothing else', async () => {
    const canary = new WireClient(broker)
    const slow = new WireClient(broker)
    slow.sendRaw(Buffer.from('000000050001000267', 'hex'))
    await canary.request('Metadata', 9, { topics: [] })
    runtime.advance(30_000)
    expect(await slow.frame()).toBeNull()
    await canary.request('Metadata', 9, { topics: [] })
  })

  it('a message over message.max.bytes is too large, several that fit together are not', async () => {
    await recorded('create-topic orders/4 (new)')
    const large = 'x'.repeat(1_000_000)
    expect(await produce(broker, 'orders', 0, [large, large])).toEqual({ errorCode: 0, baseOffset: 0 })
    expect(await produce(broker, 'orders', 0, ['x'.repeat(1_048_577)])).toMatchObject({ errorCode: 5 })
    expect(await fetch(broker, 'orders', 0, 2)).toEqual({ errorCode: 0, nextOffset: 2, messages: [] })
  })
})

describe('N10: a fetch', () => {
  const batchOf = (count: number, value: string) =>
    buildRecordBatch({
      records: Array.from({ length: count }, () => ({ key: null, value, headers: [], timestampMs: 0 })),
      compression: 'gzip',
    })

  async function produceBatches(...batches: Buffer[]): Promise<void> {
    const client = new WireClient(broker)
    await createTopic(client, 'orders')
    for (const records of batches) await produceBatch(client, 'orders', records)
  }

  it('gives a bounded number of messages, however small they are', async () => {
    await produceBatches(batchOf(150_000, ''))
    const first = await fetch(broker, 'orders', 0, 0)
    expect(first).toMatchObject({ errorCode: 0, nextOffset: 100_000 })
    expect(first.messages).toHaveLength(100_000)
    expect(await fetch(broker, 'orders', 0, 100_000)).toMatchObject({ errorCode: 0, nextOffset: 150_000 })
  })

  it('gives what stands before a batch that unfolds too far, and code 4 at that batch only', async () => {
    await produceBatches(batchOf(2, 'x'), batchOf(1, '0'.repeat(2_000_000)))
    expect(await fetch(broker, 'orders', 0, 0)).toEqual({ errorCode: 0, nextOffset: 2, messages: ['x', 'x'] })
    expect(await fetch(broker, 'orders', 0, 2)).toMatchObject({ errorCode: 4, nextOffset: 2 })
  })
})

it('I5: groups and offsets of the original dialect survive a restart of the broker', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'goqueue-wire-v1-'))
  try {
    const before = await openBroker({ dataDir })
    await exchange(before, Buffer.from('00000002000100066f72646572730000000400000001', 'hex'))
    await joinGroup(before, { groupId: 'g', consumerId: 'consumer-1', topics: ['orders'] })
    await joinGroup(before, { groupId: 'g', consumerId: 'consumer-2', topics: ['orders'] })
    expect(await commitOffset(before, 'g', 'orders', 3, 42)).toBe(0)
    await before.close()

    const after = await openBroker({ dataDir })
    expect(await fetchOffset(after, 'g', 'orders', 3)).toEqual({ errorCode: 0, offset: 42 })
    expect(await heartbeat(after, 'g', 'consumer-2', 2)).toBe(0)
    expect(await heartbeat(after, 'g', 'consumer-1', 1)).toBe(2)
    await after.close()
  } finally {
    await rm(dataDir, { recursive: true })
  }
})
