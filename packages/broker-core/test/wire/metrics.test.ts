// What a broker says of itself in numbers: counted over the wire, on a clock and a disk that do as they are told.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildRecordBatch, encodeAssignment, encodeSubscription } from '@goqueue/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openBroker, type Broker, type GroupMetrics, type RequestMetrics } from '../../src/index.ts'
import { MemoryFileSystem } from '../../src/storage/memory-file-system.ts'
import { VirtualRuntime } from '../../src/virtual-runtime.ts'
import { commit, joinAlone, NO_MEMBER, passed } from './group-fixture.ts'
import { framed, WireClient } from './wire-client.ts'
import { batch, createTopic, produce } from './wire-fixture.ts'
import * as wireV1 from './wire-v1-client.ts'

let broker: Broker
let runtime: VirtualRuntime
let disk: MemoryFileSystem
let client: WireClient

beforeEach(async () => {
  runtime = new VirtualRuntime()
  disk = new MemoryFileSystem({ wallClockMs: () => runtime.wallClockMs() })
  broker = await openBroker({ memory: true, runtime, fileSystem: disk, connectionsMaxIdleMs: 60_000 })
  client = new WireClient(broker)
  await createTopic(client, 'orders', 2)
})

afterEach(() => broker.close())

const records = (...values: string[]) => batch(runtime.wallClockMs(), ...values)
const batchWithTimes = (compression: 'none' | 'gzip', ...timestamps: number[]) =>
  buildRecordBatch({
    records: timestamps.map((timestampMs) => ({ key: null, value: 'x', headers: [], timestampMs })),
    compression,
  })
const requestsOf = (api: RequestMetrics['api']) => broker.metrics().requests.find((one) => one.api === api)
const groupOf = (groupId: string): GroupMetrics | undefined =>
  broker.metrics().groups.find((group) => group.groupId === groupId)

describe('connections', () => {
  it('are counted while they are open, and by what ended them', async () => {
    const malformed = new WireClient(broker)
    malformed.sendRaw(framed(Buffer.from([0x7f, 0x7f, 0, 0, 0, 0, 0, 1])))
    await malformed.frame()
    const left = new WireClient(broker)
    await left.request('Metadata', 12, { topics: [] })
    left.close()
    await client.request('Metadata', 12, { topics: [] })
    expect(broker.metrics().connections).toMatchObject({
      open: 1,
      heldBack: 0,
      openedTotal: 3,
      endedTotal: { malformed: 1, closed: 1, idle: 0 },
    })
    runtime.advance(60_000)
    expect(broker.metrics().connections).toMatchObject({ open: 0, endedTotal: { idle: 1 } })
  })

  it('a request that does not arrive in time ends its connection as late', async () => {
    client.sendRaw(Buffer.from([0, 0, 0, 100, 0]))
    await new WireClient(broker).request('Metadata', 12, { topics: [] })
    expect(broker.metrics().requestMemory.usedBytes).toBeGreaterThan(0)
    runtime.advance(30_000)
    expect(broker.metrics().connections.endedTotal).toMatchObject({ late: 1, idle: 0 })
    expect(broker.metrics().requestMemory.usedBytes).toBe(0)
  })

  it('closing the broker ends the rest as shutdown', async () => {
    await broker.close()
    expect(broker.metrics().connections).toMatchObject({ open: 0, endedTotal: { shutdown: 1, closed: 0 } })
  })
})

describe('requests', () => {
  it('are counted by API, with the bytes of what was asked and answered', async () => {
    const before = requestsOf('Metadata')
    expect(before).toBeUndefined()
    await client.request('Metadata', 12, { topics: [] })
    await client.request('Metadata', 12, { topics: [] })
    const { requestsTotal, requestBytesTotal, responseBytesTotal, errorsTotal } = requestsOf('Metadata')!
    expect(requestsTotal).toBe(2)
    // api key, version, correlation id, 'wire-client' with its length, no tags, and a body of at least one byte
    expect(requestBytesTotal).toBeGreaterThan(2 * (2 + 2 + 4 + 2 + 11 + 1))
    expect(responseBytesTotal).toBeGreaterThan(0)
    expect(errorsTotal.size).toBe(0)
  })

  it('each refused partition counts under its error code, wherever the answer has it', async () => {
    await produce(client, 'nowhere', records('a'))
    await produce(client, 'orders', records('a'), { partition: 9 })
    await produce(client, 'orders', records('a'))
    expect(requestsOf('Produce')).toMatchObject({ requestsTotal: 3 })
    expect([...requestsOf('Produce')!.errorsTotal]).toEqual([['UNKNOWN_TOPIC_OR_PARTITION', 2]])
    await client.request('JoinGroup', 5, {
      groupId: '',
      sessionTimeoutMs: 10_000,
      memberId: '',
      protocolType: 'consumer',
      protocols: [],
    })
    expect([...requestsOf('JoinGroup')!.errorsTotal]).toEqual([['INVALID_GROUP_ID', 1]])
  })

  it('a commit of an old generation is counted under the error that refused it', async () => {
    const member = await joinAlone(broker, runtime, 'billing')
    expect(await commit(client, 'billing', { 0: 1 }, { ...member, generationId: 99 })).toBe('ILLEGAL_GENERATION')
    expect([...requestsOf('OffsetCommit')!.errorsTotal]).toEqual([['ILLEGAL_GENERATION', 1]])
  })

  it('of the original dialect are counted as one API', async () => {
    const listTopics = Buffer.from([0, 0, 0, 10, 0, 1])
    const answer = await wireV1.exchange(broker, listTopics, { end: true })
    expect(requestsOf('wire-v1')).toMatchObject({
      requestsTotal: 1,
      responseBytesTotal: answer.length,
      errorsTotal: new Map(),
    })
  })

  it('of the original dialect that are refused are counted by its error codes, wherever these stand', async () => {
    await wireV1.produce(broker, 'orders', 0, ['a'])
    await wireV1.fetch(broker, 'orders', 0, 0)
    expect(requestsOf('wire-v1')!.errorsTotal).toEqual(new Map())
    await wireV1.produce(broker, 'missing', 0, ['a'])
    await wireV1.fetch(broker, 'orders', 9, 0)
    await wireV1.fetch(broker, 'orders', 0, 9)
    await wireV1.commitOffset(broker, 'nobody', 'orders', 0, 1)
    expect(requestsOf('wire-v1')!.errorsTotal).toEqual(new Map(Object.entries({ 2: 1, 3: 2, 6: 1 })))
  })
})

describe('logs', () => {
  it('say where they begin and end, and how much of them would survive a power cut', async () => {
    await produce(client, 'orders', records('a', 'b'))
    const [first, second] = broker.metrics().partitions
    expect(first).toMatchObject({
      topic: 'orders',
      partition: 0,
      logStartOffset: 0,
      highWatermark: 2,
      logEndOffset: 2,
      recordsNotDurable: 0,
      bytesNotDurable: 0,
      ageOfNotDurableMs: 0,
      condition: 'sound',
    })
    expect(first!.sizeBytes).toBe(records('a', 'b').length)
    expect(second).toMatchObject({ topic: 'orders', partition: 1, logEndOffset: 0, sizeBytes: 0 })
  })

  it('what is appended during a sync shares the next one', async () => {
    let release = () => {}
    disk.onOperation = ({ name }) =>
      name === 'fdatasync' ? new Promise<void>((resolve) => (release = resolve)) : undefined
    const waiting = produce(client, 'orders', records('a'))
    await passed(broker, runtime, 0)
    const others = ['b', 'c'].map((value) => produce(new WireClient(broker), 'orders', records(value)))
    await passed(broker, runtime, 0)
    expect(broker.metrics().partitions[0]).toMatchObject({ highWatermark: 0, logEndOffset: 3, recordsNotDurable: 3 })
    runtime.advance(7)
    disk.onOperation = undefined
    release()
    await Promise.all([waiting, ...others])
    expect(broker.metrics().partitions[0]).toMatchObject({ recordsNotDurable: 0, bytesNotDurable: 0 })
    const { flushMs, flushedBatches, flushFailuresTotal } = broker.metrics().log
    expect(flushMs).toMatchObject({ count: 2, sum: 7, max: 7 })
    expect(flushedBatches).toMatchObject({ count: 2, sum: 3, max: 2 })
    expect(flushFailuresTotal).toBe(0)
  })

  it('say how many bytes are not on the disk, and for how long, whether they wait for the write, the sync or the next one', async () => {
    const bytes = records('a').length
    const held: { name: string; release: () => void }[] = []
    disk.onOperation = ({ name }) =>
      name === 'fdatasync' || name === 'write' ? new Promise((release) => held.push({ name, release })) : undefined
    const letGo = async () => {
      const { name, release } = held.shift()!
      release()
      await passed(broker, runtime, 0)
      return name
    }
    const notDurable = () => {
      const { recordsNotDurable, bytesNotDurable, ageOfNotDurableMs } = broker.metrics().partitions[0]!
      return [recordsNotDurable, bytesNotDurable, ageOfNotDurableMs]
    }
    const produced = [produce(client, 'orders', records('a'))]
    await passed(broker, runtime, 5)
    expect(notDurable()).toEqual([1, bytes, 5]) // being written
    produced.push(produce(new WireClient(broker), 'orders', records('b')))
    await passed(broker, runtime, 3)
    expect(notDurable()).toEqual([2, 2 * bytes, 8]) // the second behind it
    expect(await letGo()).toBe('write')
    await passed(broker, runtime, 2)
    expect(notDurable()).toEqual([2, 2 * bytes, 10]) // the first being synced, the second being written
    for (let turn = 0; turn < 2; turn += 1) await letGo()
    expect(notDurable()).toEqual([1, bytes, 5]) // the first is durable
    disk.onOperation = undefined
    for (const { release } of held.splice(0)) release()
    await Promise.all(produced)
    expect(notDurable()).toEqual([0, 0, 0])
  })

  it('a sync that fails takes its log offline and is counted as a failure', async () => {
    disk.onOperation = ({ name }) => {
      if (name === 'fdatasync') throw Object.assign(new Error('EIO'), { code: 'EIO' })
    }
    expect((await produce(client, 'orders', records('a'))).errorCode).toBe('KAFKA_STORAGE_ERROR')
    const { partitions, log, eventsTotal } = broker.metrics()
    expect(partitions.map(({ condition }) => condition)).toEqual(['offline', 'sound'])
    expect(partitions[0]).toMatchObject({ recordsNotDurable: 1, bytesNotDurable: records('a').length })
    expect(log).toMatchObject({ flushFailuresTotal: 1, flushMs: { count: 0 } })
    expect(eventsTotal.get('log-failed')).toBe(1)
    disk.onOperation = undefined
  })
})

describe('the metadata store', () => {
  it('counts its transactions on the disk and the writes that shared them, and nothing in memory', async () => {
    expect(broker.metrics().store).toMatchObject({ commitMs: { count: 0 }, refusedWritesTotal: 0 })
    const dataDir = await mkdtemp(join(tmpdir(), 'goqueue-metrics-'))
    const durable = await openBroker({ dataDir })
    try {
      const before = durable.metrics().store.committedWrites
      const clients = ['a', 'b', 'c'].map((name) => ({ name, client: new WireClient(durable) }))
      await Promise.all(clients.map((one) => createTopic(one.client, one.name)))
      const { commitMs, committedWrites, refusedWritesTotal } = durable.metrics().store
      expect(committedWrites.sum - before.sum).toBe(3)
      expect(commitMs.count).toBe(committedWrites.count)
      expect(commitMs.max).toBeGreaterThan(0)
      expect(refusedWritesTotal).toBe(0)
    } finally {
      await durable.close()
      await rm(dataDir, { recursive: true })
    }
  })
})

describe('groups', () => {
  it('say their state, for how long, their members and how many rebalances there were', async () => {
    const member = await joinAlone(broker, runtime, 'billing')
    runtime.advance(3_000)
    expect(groupOf('billing')).toEqual({
      groupId: 'billing',
      state: 'Stable',
      timeInStateMs: 3_000,
      members: 1,
      rebalancesTotal: 1,
      offsets: [],
      assignments: [{ memberId: member.memberId, consumerId: null, clientId: 'wire-client', partitions: new Map() }],
    })
    await commit(client, 'billing', { 0: 0 }, member)
    runtime.advance(1_000)
    expect(groupOf('billing')).toMatchObject({ state: 'Stable', timeInStateMs: 4_000 })
    await client.request('LeaveGroup', 3, { groupId: 'billing', members: [{ memberId: member.memberId }] })
    expect(groupOf('billing')).toMatchObject({ state: 'Empty', timeInStateMs: 0, members: 0, rebalancesTotal: 2 })
  })

  it('of the original dialect say the same, each change of who owns what being a rebalance', async () => {
    for (const consumerId of ['consumer-1', 'consumer-2']) {
      await wireV1.joinGroup(broker, { groupId: 'shipping', consumerId, topics: ['orders'], sessionTimeoutMs: 6_000 })
    }
    expect(groupOf('shipping')).toMatchObject({ state: 'Stable', members: 2, rebalancesTotal: 2 })
    await wireV1.leaveGroup(broker, 'shipping', 'consumer-2')
    expect(groupOf('shipping')).toMatchObject({ state: 'Stable', members: 1, rebalancesTotal: 3 })
    await commit(client, 'shipping', { 0: 0 })
    runtime.advance(6_000)
    expect(broker.metrics().rebalancesTotal).toBe(4)
  })

  it('a member whose session ends leaves a group that is Empty since then', async () => {
    const member = await joinAlone(broker, runtime, 'billing')
    await commit(client, 'billing', { 0: 0 }, member)
    runtime.advance(10_000)
    runtime.advance(5_000)
    expect(groupOf('billing')).toMatchObject({ state: 'Empty', timeInStateMs: 5_000, members: 0, rebalancesTotal: 2 })
  })

  it('the total of rebalances keeps those of groups that are gone', async () => {
    const { memberId } = await joinAlone(broker, runtime, 'passing')
    await client.request('LeaveGroup', 3, { groupId: 'passing', members: [{ memberId }] })
    await passed(broker, runtime, 0)
    expect(groupOf('passing')).toBeUndefined()
    expect(broker.metrics().rebalancesTotal).toBe(2)
  })

  it('lag is what lies between the committed offset and the high watermark, and never negative', async () => {
    await produce(client, 'orders', records('a', 'b', 'c'))
    await commit(client, 'billing', { 0: 1, 1: 5 })
    expect(groupOf('billing')!.offsets).toEqual([
      { topic: 'orders', partition: 0, committedOffset: 1, lag: 2 },
      { topic: 'orders', partition: 1, committedOffset: 5, lag: 0 },
    ])
  })
})

describe('assignments', () => {
  const assignmentsOf = (groupId: string) => groupOf(groupId)!.assignments
  const both = new Map([['orders', [0, 1]]])

  it('are what the leader gave, by member; none while the group rebalances', async () => {
    const assignment = encodeAssignment(both)
    const { memberId } = await joinAlone(broker, runtime, 'billing', { groupInstanceId: 'consumer-1', assignment })
    const member = { memberId, consumerId: 'consumer-1', clientId: 'wire-client', partitions: both }
    expect(assignmentsOf('billing')).toEqual([member])
    const { members } = await joinTwo('billing')
    expect(members).toBe(2)
    expect(assignmentsOf('billing')).toEqual([])
  })

  it('of the original dialect are those of the broker itself', async () => {
    for (const consumerId of ['consumer-1', 'consumer-2']) {
      await wireV1.joinGroup(broker, { groupId: 'shipping', consumerId, topics: ['orders'] })
    }
    const share = (consumerId: string, partition: number) => {
      return { memberId: consumerId, consumerId, clientId: 'go', partitions: new Map([['orders', [partition]]]) }
    }
    expect(assignmentsOf('shipping')).toEqual([share('consumer-1', 0), share('consumer-2', 1)])
  })

  it('of anything but consumers, and what nobody can read, are left out', async () => {
    await joinAlone(broker, runtime, 'workers', { protocolType: 'connect', assignment: encodeAssignment(both) })
    await joinAlone(broker, runtime, 'broken', { assignment: Buffer.from([0, 1, 2]) })
    expect([assignmentsOf('workers'), assignmentsOf('broken')]).toEqual([[], []])
  })

  /** A second member comes, and nobody answers its rebalance. */
  async function joinTwo(groupId: string): Promise<GroupMetrics> {
    new WireClient(broker).send('JoinGroup', 3, {
      groupId,
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 10_000,
      memberId: '',
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: encodeSubscription({ topics: ['orders'] }) }],
    })
    await passed(broker, runtime, 0)
    return groupOf(groupId)!
  }
})

describe('time behind', () => {
  const ages = async () =>
    Object.fromEntries((await broker.timeBehind()).map(({ partition, ageMs }) => [partition, ageMs]))

  it('is the age of the first record that is not committed past, and 0 where there is none', async () => {
    await produce(client, 'orders', records('a'))
    runtime.advance(1_000)
    await produce(client, 'orders', records('b'))
    runtime.advance(500)
    await commit(client, 'billing', { 0: 0, 1: 0 })
    expect(await ages()).toEqual({ 0: 1_500, 1: 0 })
    runtime.advance(100)
    expect(await ages()).toEqual({ 0: 1_600, 1: 0 })
    await commit(client, 'billing', { 0: 1 })
    expect(await ages()).toEqual({ 0: 600, 1: 0 })
    await commit(client, 'billing', { 0: 2 }, NO_MEMBER)
    expect(await ages()).toEqual({ 0: 0, 1: 0 })
  })

  it('counts from the record at the committed offset, not from the first one of its batch', async () => {
    const nowMs = runtime.wallClockMs()
    await produce(client, 'orders', batchWithTimes('none', nowMs - 9_000, nowMs - 4_000))
    await commit(client, 'billing', { 0: 1 })
    expect(await ages()).toEqual({ 0: 4_000 })
  })

  it('a compressed batch is not unfolded for it: its first record stands for all', async () => {
    const nowMs = runtime.wallClockMs()
    await produce(client, 'orders', batchWithTimes('gzip', nowMs - 9_000, nowMs - 4_000))
    await commit(client, 'billing', { 0: 1 })
    expect(await ages()).toEqual({ 0: 9_000 })
  })

  it('what cannot be looked up in time is looked up the next time, each place in its turn', async () => {
    await produce(client, 'orders', records('a'))
    await produce(client, 'orders', records('b'), { partition: 1 })
    const nowMs = runtime.nowMs.bind(runtime)
    let asked = 0
    runtime.nowMs = () => nowMs() + 50 * asked++ // each look at the clock takes a quarter of the time there is
    const seen = new Set<string>()
    for (let round = 0; round < 12; round++) {
      for (const groupId of ['first', 'second', 'third', 'fourth', 'fifth', 'sixth']) {
        await commit(client, groupId, { 0: 0, 1: 0 })
      }
      const found = await broker.timeBehind()
      expect(found.length).toBeLessThan(12)
      for (const { groupId, partition } of found) seen.add(`${groupId}-${partition}`)
    }
    expect(seen.size).toBe(12)
  })

  it('what was deleted before anybody processed it is waited for no more', async () => {
    await produce(client, 'orders', records('a'))
    runtime.advance(1_000)
    await produce(client, 'orders', records('b'))
    await commit(client, 'billing', { 0: 0 })
    expect(await ages()).toEqual({ 0: 1_000 })
    await client.request('DeleteRecords', 2, {
      topics: [{ name: 'orders', partitions: [{ partitionIndex: 0, offset: 1 }] }],
      timeoutMs: 1_000,
    })
    expect(await ages()).toEqual({ 0: 0 })
    expect(groupOf('billing')!.offsets[0]).toMatchObject({ lag: 2 })
  })
})
