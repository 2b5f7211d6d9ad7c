// Lag of a group as admin and member observe it, against a real broker on virtual time, where ages are exact.
import { buildRecordBatch } from '@goqueue/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Client, type Admin } from '../../src/index.ts'
import { ScriptedBroker } from '../scripted-broker.ts'
import { World } from '../world.ts'

let world: World
let client: Client
let admin: Admin

beforeEach(async () => {
  world = await World.open()
  client = world.client()
  admin = client.admin()
  await world.run(admin.createTopic({ name: 'orders', partitions: 2 }))
})
afterEach(() => world.close())

/** Records in one batch, each written an age ago. */
function send(partition: number, ...agesMs: number[]) {
  const nowMs = world.runtime.wallClockMs()
  const records = agesMs.map((ageMs) => ({ topic: 'orders', partition, value: 'x', timestampMs: nowMs - ageMs }))
  return world.run(client.producer().send(records))
}

const commit = (partition: number, offset: number) =>
  world.run(admin.alterGroupOffsets('g', [{ topic: 'orders', partition, offset }]))

describe('admin.lag', () => {
  it('counts records, and reads how old the first is, in the middle of a batch too', async () => {
    await send(0, 9_000, 7_000, 5_000)
    await send(0, 3_000)
    await send(1, 4_000)
    await commit(0, 1)
    await commit(1, 1)
    expect(await world.run(admin.lag('g'))).toEqual({
      groupId: 'g',
      state: 'Empty',
      observedAtMs: world.runtime.wallClockMs(),
      lag: 3,
      timeBehindMs: 7_000,
      drainMs: null,
      members: [],
      partitions: [
        {
          topic: 'orders',
          partition: 0,
          committedOffset: 1,
          logStartOffset: 0,
          logEndOffset: 4,
          owner: null,
          lag: 3,
          timeBehindMs: 7_000,
          drainMs: null,
        },
        {
          topic: 'orders',
          partition: 1,
          committedOffset: 1,
          logStartOffset: 0,
          logEndOffset: 1,
          owner: null,
          lag: 0,
          timeBehindMs: 0,
          drainMs: 0,
        },
      ],
    })
  })

  it('with the observation before says how long it will take', async () => {
    await send(0, ...Array.from({ length: 10 }, () => 0))
    await commit(0, 2)
    const previous = await world.run(admin.lag('g'))
    await world.pass(2_000)
    await commit(0, 6)
    expect(await world.run(admin.lag('g', { previous }))).toMatchObject({ lag: 4, timeBehindMs: 2_000, drainMs: 2_000 })
  })

  it('where the committed record was deleted, the first that is left tells the age', async () => {
    await send(0, 9_000)
    await send(0, 6_000)
    await send(0, 3_000)
    await commit(0, 0)
    await world.run(admin.deleteRecords([{ topic: 'orders', partition: 0, before: 2 }]))
    expect(await world.run(admin.lag('g'))).toMatchObject({ lag: 3, timeBehindMs: 3_000 })
  })

  it('of a partition that is gone is not known, and does not count', async () => {
    await world.run(admin.createTopic({ name: 'payments', partitions: 1 }))
    await send(0, 1_000)
    const member = client.groupConsumer({ groupId: 'g', topics: ['orders', 'payments'] })
    await world.run(member.joinGroup())
    await world.run(admin.deleteTopic('payments'))
    const { lag, partitions } = await world.run(admin.lag('g'))
    expect(lag).toBe(1)
    expect(partitions.find(({ topic }) => topic === 'payments')).toMatchObject({
      logStartOffset: null,
      logEndOffset: null,
      owner: member.memberId,
      lag: null,
      timeBehindMs: null,
      drainMs: null,
    })
  })

  it('rejects for a group that is not there', async () => {
    await expect(world.run(admin.lag('nobody'))).rejects.toMatchObject({ code: 'GROUP_ID_NOT_FOUND' })
  })
})

describe('group.lag', () => {
  it('has the share of each member, counts from the start what nobody has committed, and learns the pace by itself', async () => {
    const sentAtMs = world.runtime.wallClockMs()
    await send(0, ...Array.from({ length: 8 }, () => 1_000))
    await send(1, 0)
    const group = client.groupConsumer({ groupId: 'g', consumerId: 'consumer-1', topics: ['orders'] })
    await world.run(group.joinGroup())
    const first = await world.run(group.lag())
    const timeBehindMs = first.observedAtMs - sentAtMs + 1_000
    expect(first).toMatchObject({ state: 'Stable', lag: 9, timeBehindMs, drainMs: null })
    expect(first.members).toEqual([
      expect.objectContaining({
        memberId: group.memberId,
        consumerId: 'consumer-1',
        lag: 9,
        timeBehindMs,
      }),
    ])
    expect(first.partitions.map(({ owner, committedOffset, lag }) => [owner, committedOffset, lag])).toEqual([
      [group.memberId, null, 8],
      [group.memberId, null, 1],
    ])
    await world.run(group.commitOffset('orders', 0, 1))
    await world.run(group.commitOffset('orders', 1, 1))
    await world.run(group.lag())
    await world.pass(1_000)
    await world.run(group.commitOffset('orders', 0, 3))
    const third = await world.run(group.lag())
    expect(third).toMatchObject({ lag: 5, drainMs: 2_500, members: [{ lag: 5, drainMs: 2_500 }] })
    expect(await world.run(group.lag({ previous: null }))).toMatchObject({ lag: 5, drainMs: null })
  })

  it('rejects once the member is closed', async () => {
    const group = client.groupConsumer({ groupId: 'g', topics: ['orders'] })
    await world.run(group.close())
    await expect(world.run(group.lag())).rejects.toMatchObject({ code: 'CLOSED' })
  })
})

describe('the age of the oldest record, where a broker', () => {
  const TOPIC_ID = '00000000-0000-4000-8000-000000000001'
  const CONTROL_FLAG = 0x20
  const ATTRIBUTES_AT = 21

  /** A batch of one record, written an age ago at an offset. */
  function batch(baseOffset: number, ageMs: number): Buffer {
    const timestampMs = world.runtime.wallClockMs() - ageMs
    const record = { key: null, value: 'x', headers: [], timestampMs }
    return buildRecordBatch({ records: [record], compression: 'none', baseOffset })
  }

  function marker(baseOffset: number): Buffer {
    const control = batch(baseOffset, 60_000)
    control.writeInt16BE(CONTROL_FLAG, ATTRIBUTES_AT)
    return control
  }

  /** Lag of a group that has committed 5 in a log from 0 to 10, whose broker answers fetches like this. */
  async function lagWhere(fetched: (offset: number) => { records: Buffer | null; errorCode?: 'CORRUPT_MESSAGE' }) {
    const asked: number[] = []
    const broker = new ScriptedBroker({
      Metadata: (request) =>
        request.answer({
          brokers: [{ nodeId: 1, host: 'b1', port: 9092, rack: null }],
          clusterId: null,
          controllerId: 1,
          topics: [
            {
              errorCode: 'NONE',
              name: 'orders',
              topicId: TOPIC_ID,
              partitions: [{ errorCode: 'NONE', partitionIndex: 0, leaderId: 1, replicaNodes: [1], isrNodes: [1] }],
            },
          ],
        }),
      FindCoordinator: (request) =>
        request.answer({ coordinators: [{ key: 'g', nodeId: 1, host: 'b1', port: 9092, errorMessage: null }] }),
      DescribeGroups: (request) =>
        request.answer({
          groups: [{ groupId: 'g', groupState: 'Empty', protocolType: 'consumer', protocolData: '', members: [] }],
        }),
      OffsetFetch: (request) => {
        const partitions = [{ partitionIndex: 0, committedOffset: 5, metadata: '' }]
        request.answer({ groups: [{ groupId: 'g', topics: [{ name: 'orders', partitions }] }] })
      },
      ListOffsets: (request) => {
        const isLatest = request.body.topics[0]?.partitions[0]?.timestamp === -1
        const partitions = [{ partitionIndex: 0, offset: isLatest ? 10 : 0, timestamp: -1 }]
        request.answer({ topics: [{ name: 'orders', partitions }] })
      },
      Fetch: (request) => {
        const offset = request.body.topics[0]!.partitions[0]!.fetchOffset
        asked.push(offset)
        const partition = { partitionIndex: 0, highWatermark: 10, abortedTransactions: null, ...fetched(offset) }
        request.answer({ responses: [{ topicId: TOPIC_ID, partitions: [partition] }] })
      },
    })
    const scripted = new Client({ dial: broker.dial, runtime: world.runtime })
    const { lag, timeBehindMs } = await world.run(scripted.admin().lag('g'))
    await world.run(scripted.close())
    return { lag, timeBehindMs, asked }
  }

  it('has a marker of a transaction there, is that of the first record behind it', async () => {
    const answers = (offset: number) => ({ records: offset === 5 ? marker(5) : batch(6, 4_000) })
    expect(await lagWhere(answers)).toEqual({ lag: 5, timeBehindMs: 4_000, asked: [5, 6] })
  })

  it('answers batches that lie before the place asked for too, is not theirs', async () => {
    const records = Buffer.concat([batch(4, 9_000), batch(5, 4_000)])
    expect(await lagWhere(() => ({ records }))).toEqual({ lag: 5, timeBehindMs: 4_000, asked: [5] })
  })

  it('gives records without a time, is not known', async () => {
    const records = batch(5, world.runtime.wallClockMs() + 1)
    expect(await lagWhere(() => ({ records }))).toEqual({ lag: 5, timeBehindMs: null, asked: [5] })
  })

  it('has nothing to give, is not known', async () => {
    expect(await lagWhere(() => ({ records: null }))).toEqual({ lag: 5, timeBehindMs: null, asked: [5] })
  })

  it('gives what is damaged, or says that it is, is not known', async () => {
    const damaged = batch(5, 4_000)
    damaged[damaged.length - 1]! ^= 1
    expect(await lagWhere(() => ({ records: damaged }))).toEqual({ lag: 5, timeBehindMs: null, asked: [5] })
    const refused = { records: null, errorCode: 'CORRUPT_MESSAGE' } as const
    expect(await lagWhere(() => refused)).toEqual({ lag: 5, timeBehindMs: null, asked: [5] })
  })

  it('has nothing but markers, is given up for after a while', async () => {
    const { timeBehindMs, asked } = await lagWhere((offset) => ({ records: marker(offset) }))
    expect(timeBehindMs).toBeNull()
    expect(asked).toHaveLength(16)
  })
})
