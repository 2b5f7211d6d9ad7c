// What Go Queue's document on consumer groups says, sentence by sentence: docs/from-go.md names each of these tests.
import { roundrobin, type ApiName, type Assignor } from '@goqueue/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Client, ConsumerRecord, GroupConsumer, GroupConsumerOptions } from '../../src/index.ts'
import { frameOf, ScriptedBroker } from '../scripted-broker.ts'
import { World } from '../world.ts'

let world: World
let client: Client

beforeEach(async () => {
  world = await World.open()
  client = world.client()
  await world.run(client.admin().createTopic({ name: 'my-topic', partitions: 4 }))
})
afterEach(() => world.close())

function consumer(consumerId: string, options: Partial<GroupConsumerOptions> = {}, of = client): GroupConsumer {
  return of.groupConsumer({ groupId: 'my-group', consumerId, topics: ['my-topic'], ...options })
}

/** consumer-1, consumer-2 and consumer-3, who join in turn and have all noticed each other. */
async function three(): Promise<[GroupConsumer, GroupConsumer, GroupConsumer]> {
  const members = [consumer('consumer-1'), consumer('consumer-2'), consumer('consumer-3')] as const
  for (const member of members) await world.run(member.joinGroup())
  await world.pass(2_000)
  return [...members]
}

/** A consumer that tells when it sends which request, and that can be killed. */
function watched(consumerId: string, options: Partial<GroupConsumerOptions> = {}) {
  const sent: { name: ApiName; atMs: number }[] = []
  const { client: mortal, kill } = world.mortalClient({}, (name) => sent.push({ name, atMs: world.runtime.nowMs() }))
  return { member: consumer(consumerId, options, mortal), kill, sent }
}

async function next(member: GroupConsumer): Promise<ConsumerRecord> {
  return ((await world.run(member[Symbol.asyncIterator]().next())) as { value: ConsumerRecord }).value
}

/** A group without members and offsets is gone. */
const groups = () => world.run(client.admin().listGroups())
const describeGroup = () => world.run(client.admin().describeGroup('my-group'))
const shares = (members: readonly GroupConsumer[]) => members.map((each) => each.getAssignment()['my-topic'] ?? [])

describe('the life of a group', () => {
  it('The first consumer that joins creates the group', async () => {
    expect(await groups()).toEqual([])
    await world.run(consumer('consumer-1').joinGroup())
    expect(await groups()).toMatchObject([{ groupId: 'my-group' }])
  })

  it('A consumer sends JoinGroup', async () => {
    const { member, sent } = watched('consumer-1')
    await world.run(member.joinGroup())
    expect(sent.map(({ name }) => name)).toContain('JoinGroup')
    expect(shares([member])).toEqual([[0, 1, 2, 3]])
  })

  it('The first consumer that joins is the leader', async () => {
    const asked: string[] = []
    const assignor = (consumerId: string): Assignor => ({
      ...roundrobin,
      assign: (input) => {
        asked.push(consumerId)
        return roundrobin.assign(input)
      },
    })
    await world.run(consumer('b', { assignors: [assignor('b')] }).joinGroup())
    await world.run(consumer('a', { assignors: [assignor('a')] }).joinGroup())
    expect(asked).toEqual(['b', 'b'])
  })

  it('The leader assigns the partitions', async () => {
    const { assignor } = await describeAfter(consumer('consumer-1', { assignors: ['range', 'roundrobin'] }))
    expect(assignor).toBe('range')
  })

  it('In the stable state all consume what they were assigned', async () => {
    const members = await three()
    await world.run(
      client
        .producer()
        .send([0, 1, 2, 3].map((partition) => ({ topic: 'my-topic', partition, value: `${partition}` }))),
    )
    const [first, second, third] = members
    expect(await Promise.all([next(second), next(third)])).toMatchObject([{ partition: 1 }, { partition: 2 }])
    const records = first[Symbol.asyncIterator]()
    const partitions = [await world.run(records.next()), await world.run(records.next())]
    expect(partitions.map(({ value }) => (value as ConsumerRecord).partition).sort()).toEqual([0, 3])
    expect((await describeGroup()).state).toBe('Stable')
  })

  it('A consumer that joins or leaves starts a rebalance', async () => {
    const [first, , third] = await three()
    const { generationId } = first
    await world.run(third.leaveGroup())
    await world.until(() => first.generationId > generationId)
    await world.pass(1_000)
    expect(shares([first, third])).toEqual([[0, 2], []])
  })
})

describe('the assignment', () => {
  it("three consumers that join in turn end with Go Queue's example", async () => {
    expect(shares(await three())).toEqual([[0, 3], [1], [2]])
  })
})

describe('heartbeats and failures', () => {
  it('A consumer sends a heartbeat every SessionTimeout/3', async () => {
    for (const [options, everyMs] of [
      [{ sessionTimeoutMs: 30_000 }, 1_000],
      [{ sessionTimeoutMs: 30_000, heartbeatIntervalMs: 10_000 }, 10_000],
    ] as const) {
      const { member, sent } = watched(`every-${everyMs}`, options)
      await world.run(member.joinGroup())
      await world.pass(60_000)
      const beats = sent.filter(({ name }) => name === 'Heartbeat').map(({ atMs }) => atMs)
      expect(beats[2]! - beats[1]!).toBe(everyMs)
      await world.run(member.leaveGroup())
    }
  })

  it('The broker looks for expired consumers every 30 seconds', async () => {
    // It need not: the deadline of a consumer is its own, not the next multiple of anything.
    const { member, kill, sent } = watched('consumer-1', { sessionTimeoutMs: 7_777 })
    await world.run(member.joinGroup())
    await groups() // so that no connection has to be made later, which the clock would not wait for
    await world.pass(1_500)
    const lastHeardMs = sent.findLast(({ name }) => name === 'Heartbeat')!.atMs
    kill()
    await world.pass(lastHeardMs + 7_776 - world.runtime.nowMs())
    expect(await groups()).toHaveLength(1)
    await world.pass(lastHeardMs + 7_777 - world.runtime.nowMs())
    expect(await groups()).toEqual([])
  })

  it('A consumer without a heartbeat for SessionTimeout is removed', async () => {
    const { member, kill } = watched('consumer-1')
    await world.run(member.joinGroup())
    expect(await groups()).toHaveLength(1)
    kill()
    await world.pass(30_000)
    expect(await groups()).toEqual([])
  })

  it('Its removal starts a rebalance', async () => {
    const { member, kill } = watched('consumer-1')
    const other = consumer('consumer-2')
    await world.run(Promise.all([member.joinGroup(), other.joinGroup()]))
    kill()
    await world.until(() => shares([other])[0]?.length === 4)
  })
})

describe('offsets', () => {
  it('Every group has offsets of its own', async () => {
    const mine = consumer('consumer-1')
    const theirs = consumer('consumer-1', { groupId: 'their-group' })
    await world.run(Promise.all([mine.joinGroup(), theirs.joinGroup()]))
    await world.run(mine.commitOffset('my-topic', 0, 100))
    expect(await world.run(theirs.fetchCommittedOffset('my-topic', 0))).toBeNull()
  })

  it('Offsets are kept by group, topic and partition', async () => {
    const member = consumer('consumer-1')
    await world.run(member.joinGroup())
    await world.run(member.commitOffset('my-topic', 0, 100, 'processed successfully'))
    await world.run(member.commitOffset('my-topic', 1, 7))
    expect(await world.run(member.fetchCommitted('my-topic', 0))).toEqual({
      offset: 100,
      metadata: 'processed successfully',
    })
    expect(await world.run(member.fetchCommittedOffset('my-topic', 1))).toBe(7)
    expect(await world.run(member.fetchCommittedOffset('my-topic', 2))).toBeNull()
  })

  it('Offsets are committed by hand', async () => {
    await world.run(client.producer().send({ topic: 'my-topic', partition: 0, value: 'one' }))
    const member = consumer('consumer-1')
    const record = await next(member)
    await world.pass(60_000)
    expect(await world.run(member.fetchCommittedOffset('my-topic', 0))).toBeNull()
    await world.run(member.commit(record))
    expect(await world.run(member.fetchCommittedOffset('my-topic', 0))).toBe(1)
  })

  it('A consumer goes on from the last commit', async () => {
    await world.run(
      client.producer().send(['a', 'b', 'c'].map((value) => ({ topic: 'my-topic', partition: 0, value }))),
    )
    const before = consumer('consumer-1')
    expect(String((await next(before)).value)).toBe('a') // where nothing is committed, the first record
    await world.run(before.commitOffset('my-topic', 0, 2))
    await world.run(before.leaveGroup())
    expect(String((await next(consumer('consumer-2'))).value)).toBe('c')
  })
})

describe('what it is like', () => {
  it('All operations are safe to call concurrently', async () => {
    const member = consumer('consumer-1')
    await world.run(Promise.all([member.joinGroup(), member.joinGroup()]))
    await world.run(Promise.all([1, 2, 3].map((offset) => member.commitOffset('my-topic', 0, offset))))
    expect(await world.run(member.fetchCommittedOffset('my-topic', 0))).toBe(3)
  })

  it('Read-write locks keep contention low', async () => {
    // There are none: a held JoinGroup keeps nobody waiting.
    const first = consumer('consumer-1', { heartbeatIntervalMs: 10_000 })
    await world.run(first.joinGroup())
    const held = consumer('consumer-2').joinGroup()
    await world.settle()
    const startMs = world.runtime.nowMs()
    await world.run(first.commitOffset('my-topic', 0, 1))
    expect(world.runtime.nowMs()).toBe(startMs)
    await world.run(held)
  })

  it('Few round trips', async () => {
    const { member, sent } = watched('consumer-1')
    await world.run(member.joinGroup())
    await world.run(Promise.all(Array.from({ length: 100 }, (_, index) => member.commitOffset('my-topic', 0, index))))
    expect(sent.filter(({ name }) => name === 'OffsetCommit').length).toBeLessThanOrEqual(2)
  })

  it('A failure is found and dealt with within 30 seconds', async () => {
    const { member, kill } = watched('consumer-1', { sessionTimeoutMs: 6_000 })
    const other = consumer('consumer-2')
    await world.run(Promise.all([member.joinGroup(), other.joinGroup()]))
    await world.pass(3_000)
    kill()
    expect(await world.until(() => shares([other])[0]?.length === 4)).toBeLessThanOrEqual(7_000)
  })
})

describe('errors', () => {
  it('The protocol could not be parsed', async () => {
    const broker = new ScriptedBroker({
      Metadata: ({ correlationId, send }) => send(frameOf(correlationId, Buffer.from([0, 0]))),
    })
    const confused = world.client({ dial: broker.dial })
    const error = { code: 'DECODE_ERROR', errorCode: 1 }
    await expect(world.run(confused.admin().listTopics())).rejects.toMatchObject(error)
  })

  it('An internal error of the server', async () => {
    const member = consumer('consumer-1')
    await world.run(member.joinGroup())
    await world.run(member.leaveGroup())
    const error = { code: 'NOT_ASSIGNED', errorCode: 2 }
    await expect(world.run(member.commitOffset('my-topic', 0, 1))).rejects.toMatchObject(error)
    world.isReachable = false
    world.cut()
    const unreachable = { code: 'CONNECTION_FAILED', errorCode: 2 }
    await expect(world.run(client.admin().listTopics())).rejects.toMatchObject(unreachable)
  })

  it('The consumer group or topic does not exist', async () => {
    const topic = { code: 'UNKNOWN_TOPIC_OR_PARTITION', errorCode: 3 }
    await expect(world.run(client.admin().describeTopic('none'))).rejects.toMatchObject(topic)
    const group = { code: 'GROUP_ID_NOT_FOUND', errorCode: 3 }
    await expect(world.run(client.admin().deleteGroup('none'))).rejects.toMatchObject(group)
  })
})

describe('best practices', () => {
  it('A SessionTimeout of 30 to 60 seconds', async () => {
    await expect(world.run(consumer('consumer-1', { sessionTimeoutMs: 5_999 }).joinGroup())).rejects.toMatchObject({
      code: 'INVALID_SESSION_TIMEOUT',
    })
    const { member, kill } = watched('consumer-2')
    await world.run(member.joinGroup())
    kill()
    await world.pass(29_000)
    expect((await describeGroup()).members).toHaveLength(1)
  })

  it('Check the error of every call', async () => {
    const member = consumer('consumer-1')
    await expect(world.run(member.commitOffset('my-topic', 0, 1))).rejects.toThrow('is not assigned to this member')
  })

  it('Call LeaveGroup before the program ends', async () => {
    const [first, second] = await three()
    await world.run(second.leaveGroup())
    const dynamic = client.groupConsumer({ groupId: 'my-group', topics: ['my-topic'] })
    await world.run(dynamic.joinGroup())
    await world.run(dynamic.close())
    await world.pass(1_000)
    const { members } = await describeGroup()
    expect(members.map(({ consumerId }) => consumerId).sort()).toEqual(['consumer-1', 'consumer-3'])
    expect(shares([first])[0]).toHaveLength(2)
  })

  it('At least as many partitions as consumers', async () => {
    const members = [1, 2, 3, 4, 5].map((number) => consumer(`consumer-${number}`))
    await world.run(Promise.all(members.map((member) => member.joinGroup())))
    await world.pass(2_000)
    expect(shares(members)).toEqual([[0], [1], [2], [3], []])
    await world.run(members[0]!.leaveGroup())
    await world.pass(2_000)
    expect(shares(members)).toEqual([[], [0], [1], [2], [3]])
  })
})

describe('what was planned next', () => {
  it('More assignment strategies (Range, Sticky, …)', async () => {
    for (const assignor of ['range', 'sticky', 'cooperative-sticky']) {
      const member = consumer('consumer-1', { assignors: [assignor] })
      expect((await describeAfter(member)).assignor).toBe(assignor)
      await world.run(member.leaveGroup())
      await world.run(member.close())
    }
  })

  it('An API to manage groups (ListGroups, DescribeGroup, …)', async () => {
    const [first] = await three()
    expect(await groups()).toMatchObject([{ groupId: 'my-group', state: 'Stable' }])
    expect((await describeGroup()).members).toHaveLength(3)
    await world.run(client.admin().removeMembers('my-group'))
    await world.run(first.leaveGroup())
  })

  it('Automatic commits', async () => {
    await world.run(client.producer().send({ topic: 'my-topic', partition: 0, value: 'one' }))
    const member = consumer('consumer-1')
    let handled = 0
    const running = member.run({ handler: () => (handled += 1) })
    await world.until(() => handled === 1)
    await world.run(member.leaveGroup())
    await world.run(running)
    const looping = consumer('consumer-2', { autoCommit: true })
    await world.run(client.producer().send([2, 3].map(() => ({ topic: 'my-topic', partition: 0, value: 'x' }))))
    const records = looping[Symbol.asyncIterator]()
    await world.run(records.next())
    await world.run(records.next())
    await world.pass(5_000)
    expect(await world.run(looping.fetchCommittedOffset('my-topic', 0))).toBe(2)
  })

  it('Lag', async () => {
    await world.run(client.producer().send([1, 2, 3].map(() => ({ topic: 'my-topic', partition: 0, value: 'x' }))))
    const member = consumer('consumer-1')
    await world.run(member.joinGroup())
    await world.run(member.commitOffset('my-topic', 0, 1))
    expect(await world.run(member.lag())).toMatchObject({ lag: 2 })
    expect(await world.run(client.admin().lag('my-group'))).toMatchObject({ lag: 2 })
  })

  it('Offsets of a group can be reset', async () => {
    const member = consumer('consumer-1')
    await world.run(member.joinGroup())
    await world.run(member.commitOffset('my-topic', 0, 5))
    await world.run(member.leaveGroup())
    await world.run(client.admin().alterGroupOffsets('my-group', [{ topic: 'my-topic', partition: 0, offset: 2 }]))
    expect(await world.run(member.fetchCommittedOffset('my-topic', 0))).toBe(2)
  })
})

async function describeAfter(member: GroupConsumer) {
  await world.run(member.joinGroup())
  return describeGroup()
}
