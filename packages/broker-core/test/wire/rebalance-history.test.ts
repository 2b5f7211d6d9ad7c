// Why groups rebalanced, read over the wire from the internal topic that keeps it.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeAssignment, encodeSubscription, readRecords, splitBatches } from '@goqueue/protocol'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openBroker, type Broker, type BrokerOptions } from '../../src/index.ts'
import { VirtualRuntime } from '../../src/virtual-runtime.ts'
import { passed } from './group-fixture.ts'
import { WireClient } from './wire-client.ts'
import { batch, createTopic, produce } from './wire-fixture.ts'
import { exchange, joinGroup, leaveGroup } from './wire-v1-client.ts'

const TOPIC = '__goqueue_rebalances'

class World {
  readonly broker: Broker
  readonly runtime: VirtualRuntime
  readonly client: WireClient

  private constructor(broker: Broker, runtime: VirtualRuntime) {
    this.broker = broker
    this.runtime = runtime
    this.client = new WireClient(broker)
  }

  static async open(options: BrokerOptions = { memory: true }): Promise<World> {
    const runtime = new VirtualRuntime()
    const broker = await openBroker({ runtime, groupInitialRebalanceDelayMs: 0, ...options })
    onTestFinished(() => broker.close())
    return new World(broker, runtime)
  }

  /** Lets everything that is on its way arrive. */
  passed(delayMs = 0): Promise<void> {
    return passed(this.broker, this.runtime, delayMs)
  }

  /** The first join of an empty group is answered when the others have had time to come: none here. */
  async formed(joining: Promise<void>): Promise<void> {
    await this.passed()
    await joining
  }

  /** Every record, oldest first: its key and its value, once there are so many. */
  async history(count: number): Promise<{ key: string; value: Record<string, unknown> }[]> {
    for (let turn = 0; turn < 100; turn += 1) {
      const { responses } = await this.client.request('Fetch', 12, {
        maxWaitMs: 0,
        minBytes: 0,
        topics: [{ topic: TOPIC, partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1_000_000 }] }],
      })
      const records = responses[0]?.partitions[0]?.records ?? Buffer.alloc(0)
      const found = [...splitBatches(records)].flatMap(({ batch }) =>
        [...readRecords(batch)].map(({ key, value }) => ({
          key: String(key),
          value: JSON.parse(String(value)) as Record<string, unknown>,
        })),
      )
      if (found.length >= count) return found
    }
    throw new Error(`there are not ${count} records`)
  }
}

/** A member of `g` with a connection of its own. */
class Member {
  readonly wire: WireClient
  readonly consumerId: string | null
  memberId = ''
  generationId = -1

  constructor(world: World, consumerId: string | null) {
    this.wire = new WireClient(world.broker)
    this.consumerId = consumerId
  }

  /** Sends a JoinGroup; `joined` is its answer. */
  async join({ topics = ['orders'], protocolType = 'consumer', reason = null as string | null } = {}): Promise<void> {
    const { memberId, generationId, errorCode } = await this.wire.request('JoinGroup', 9, {
      groupId: 'g',
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 20_000,
      memberId: this.memberId,
      groupInstanceId: this.consumerId,
      protocolType,
      protocols: [{ name: 'range', metadata: encodeSubscription({ topics }) }],
      reason,
    })
    this.memberId = memberId
    this.generationId = generationId
    if (errorCode === 'MEMBER_ID_REQUIRED') return this.join({ topics, protocolType, reason })
    if (errorCode !== 'NONE') throw new Error(`the join was refused: ${errorCode}`)
  }

  /** As leader it brings what each member gets. */
  async sync(...assignments: readonly { member: Member; partitions: number[] }[]): Promise<void> {
    await this.syncBytes(
      assignments.map(({ member, partitions }) => ({
        memberId: member.memberId,
        assignment: encodeAssignment(new Map([['orders', partitions]])),
      })),
    )
  }

  async syncBytes(assignments: { memberId: string; assignment: Buffer }[]): Promise<void> {
    const { errorCode } = await this.wire.request('SyncGroup', 4, { groupId: 'g', ...this.identity(), assignments })
    if (errorCode !== 'NONE') throw new Error(`the sync was refused: ${errorCode}`)
  }

  async heartbeat(): Promise<string> {
    return (await this.wire.request('Heartbeat', 4, { groupId: 'g', ...this.identity() })).errorCode
  }

  async leave(reason: string): Promise<void> {
    const { memberId, consumerId: groupInstanceId } = this
    await this.wire.request('LeaveGroup', 5, { groupId: 'g', members: [{ memberId, groupInstanceId, reason }] })
  }

  private identity() {
    const { memberId, generationId, consumerId: groupInstanceId } = this
    return { memberId, generationId, groupInstanceId }
  }
}

/** One member with all four partitions, in generation 1. */
async function alone(world: World, consumerId: string | null = 'consumer-1'): Promise<Member> {
  const member = new Member(world, consumerId)
  await world.formed(member.join({ reason: 'first deploy' }))
  await member.sync({ member, partitions: [0, 1, 2, 3] })
  return member
}

/** A second one beside it, with two partitions each, in the next generation. */
async function secondBeside(world: World, first: Member, consumerId: string | null = 'consumer-2'): Promise<Member> {
  const second = new Member(world, consumerId)
  const joining = second.join()
  await world.passed(300)
  await first.join()
  await joining
  const syncing = second.sync()
  await first.sync({ member: first, partitions: [0, 1] }, { member: second, partitions: [2, 3] })
  await syncing
  return second
}

describe('the topic of rebalances', () => {
  it('tells who joined, what moved and how long it took', async () => {
    const world = await World.open()
    const first = await alone(world)
    const second = await secondBeside(world, first)
    const records = await world.history(2)
    expect(records.map(({ key }) => key)).toEqual(['g', 'g'])
    expect(records[0]?.value).toEqual({
      version: 1,
      groupId: 'g',
      generationId: 1,
      state: 'Stable',
      settledMs: world.runtime.wallClockMs() - 300,
      tookMs: 0,
      protocolType: 'consumer',
      assignor: 'range',
      memberCount: 1,
      causes: [
        {
          kind: 'join',
          memberId: first.memberId,
          consumerId: 'consumer-1',
          clientId: 'wire-client',
          clientHost: '/127.0.0.1',
          reason: 'first deploy',
        },
      ],
      causeCount: 1,
      moved: [0, 1, 2, 3].map((partition) => ({ topic: 'orders', partition, from: null, to: 'consumer-1' })),
      movedCount: 4,
    })
    expect(records[1]?.value).toMatchObject({
      generationId: 2,
      settledMs: world.runtime.wallClockMs(),
      tookMs: 300,
      memberCount: 2,
      causes: [{ kind: 'join', memberId: second.memberId, consumerId: 'consumer-2', reason: null }],
      moved: [2, 3].map((partition) => ({ topic: 'orders', partition, from: 'consumer-1', to: 'consumer-2' })),
    })
  })

  it('tells of three that joined together, of one that expired, of one that left and of one that subscribed anew', async () => {
    const world = await World.open({ memory: true, groupInitialRebalanceDelayMs: 100 })
    const members = ['a', 'b', 'c'].map((consumerId) => new Member(world, consumerId))
    const [a, b, c] = members as [Member, Member, Member]
    const joins = members.map((member) => member.join())
    await world.passed(100)
    await world.passed(100)
    await Promise.all(joins)
    const syncs = [b.sync(), c.sync()]
    await a.sync({ member: a, partitions: [0] }, { member: b, partitions: [1] }, { member: c, partitions: [2] })
    await Promise.all(syncs)

    await world.passed(6_000)
    await Promise.all([a.heartbeat(), b.heartbeat()])
    await world.passed(4_000) // nobody has heard of c
    expect(await a.heartbeat()).toBe('REBALANCE_IN_PROGRESS')
    await Promise.all([a.join(), b.join()])
    const syncing = b.sync()
    await a.sync({ member: a, partitions: [0, 2] }, { member: b, partitions: [1] })
    await syncing

    await b.leave('scaled in')
    await a.join()
    await a.sync({ member: a, partitions: [0, 1, 2] })

    await a.join({ topics: ['orders', 'payments'], reason: 'new topic' })
    await a.sync({ member: a, partitions: [0, 1, 2] })

    const values = (await world.history(4)).map(({ value }) => value)
    const causes = values.map((value) =>
      (value['causes'] as { kind: string; consumerId: string; reason: string | null }[]).map(
        ({ kind, consumerId, reason }) => [kind, consumerId, reason],
      ),
    )
    expect(causes).toEqual([
      [
        ['join', 'a', null],
        ['join', 'b', null],
        ['join', 'c', null],
      ],
      [['sessionTimeout', 'c', null]],
      [['leave', 'b', 'scaled in']],
      [['subscriptionChange', 'a', 'new topic']],
    ])
    expect(values.map(({ moved }) => moved)).toEqual([
      [0, 1, 2].map((partition) => ({ topic: 'orders', partition, from: null, to: 'abc'[partition] })),
      [{ topic: 'orders', partition: 2, from: 'c', to: 'a' }],
      [{ topic: 'orders', partition: 1, from: 'b', to: 'a' }],
      [],
    ])
  })

  it('tells when the last member has left, and calls dynamic members by their member ids', async () => {
    const world = await World.open()
    const member = await alone(world, null)
    await member.leave('closing')
    expect((await world.history(2))[1]?.value).toMatchObject({
      generationId: 2,
      state: 'Empty',
      assignor: null,
      memberCount: 0,
      causes: [{ kind: 'leave', memberId: member.memberId, consumerId: null, reason: 'closing' }],
      moved: [0, 1, 2, 3].map((partition) => ({ topic: 'orders', partition, from: member.memberId, to: null })),
    })
  })

  it('says only who is in it of a group whose assignments are not those of consumers, or cannot be read', async () => {
    const world = await World.open()
    const member = new Member(world, null)
    await world.formed(member.join({ protocolType: 'connect' }))
    await member.syncBytes([{ memberId: member.memberId, assignment: encodeAssignment(new Map([['orders', [0]]])) }])
    await member.leave('changing sides')
    const consumer = new Member(world, null)
    await world.formed(consumer.join())
    await consumer.syncBytes([{ memberId: consumer.memberId, assignment: Buffer.from('not an assignment') }])
    const values = (await world.history(3)).map(({ value }) => value)
    expect(values).toMatchObject([
      { protocolType: 'connect', memberCount: 1, moved: null, movedCount: null },
      { state: 'Empty', memberCount: 0, moved: null },
      { protocolType: 'consumer', memberCount: 1, moved: null },
    ])
  })

  it('goes on after a restart of the broker, in the same topic', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'goqueue-rebalances-'))
    onTestFinished(() => rm(dataDir, { recursive: true, force: true }))
    const before = await World.open({ dataDir })
    const first = await alone(before)
    await before.broker.close()
    const after = await World.open({ dataDir })
    expect(await after.history(1)).toMatchObject([{ value: { generationId: 1 } }])
    const again = new Member(after, 'consumer-1')
    await again.join({ topics: ['orders', 'payments'] })
    await again.sync({ member: again, partitions: [0] })
    expect(await after.history(2)).toMatchObject([
      { value: { causes: [{ memberId: first.memberId }] } },
      {
        value: {
          // Numbers that may have been given before the restart are not given again.
          generationId: 102,
          causes: [{ kind: 'staticTakeover', memberId: again.memberId }],
          moved: [1, 2, 3].map((partition) => ({ topic: 'orders', partition, from: 'consumer-1', to: null })),
        },
      },
    ])
  })

  it('tells of groups of the original dialect too, by consumer id, and is not listed in that dialect', async () => {
    const world = await World.open()
    await createTopic(world.client, 'orders', 2)
    await joinGroup(world.broker, { groupId: 'g', consumerId: 'consumer-1', topics: ['orders'] })
    await joinGroup(world.broker, { groupId: 'g', consumerId: 'consumer-2', topics: ['orders'] })
    await leaveGroup(world.broker, 'g', 'consumer-1')
    const values = (await world.history(3)).map(({ value }) => value)
    expect(values).toMatchObject([
      { generationId: 1, tookMs: 0, assignor: 'roundrobin', causes: [{ kind: 'join', consumerId: 'consumer-1' }] },
      {
        generationId: 2,
        memberCount: 2,
        moved: [{ topic: 'orders', partition: 1, from: 'consumer-1', to: 'consumer-2' }],
      },
      { generationId: 3, causes: [{ kind: 'leave' }], moved: [{ partition: 0, from: 'consumer-1', to: 'consumer-2' }] },
    ])
    const listed = await exchange(world.broker, Buffer.from('0000000a0001', 'hex')) // list-topics
    expect(listed.includes('orders')).toBe(true)
    expect(listed.includes(TOPIC)).toBe(false)
  })

  it('does not hold up a group, and says so, when it cannot be written', async () => {
    const events: { kind: string; groupId?: unknown }[] = []
    const world = await World.open({
      memory: true,
      report: (event) => events.push(event),
      maxPartitions: 1,
    })
    await createTopic(world.client, 'orders')
    const member = await alone(world)
    await secondBeside(world, member)
    await world.passed()
    expect(events.filter(({ kind }) => kind === 'rebalanceNotRecorded')).toMatchObject([
      { level: 'warn', groupId: 'g', generationId: 1 },
      { level: 'warn', groupId: 'g', generationId: 2 },
    ])
    expect(await member.heartbeat()).toBe('NONE')
  })
})

describe('an internal topic', () => {
  it('is made with the first rebalance, and shown as internal', async () => {
    const world = await World.open({ memory: true, autoCreateTopicsEnable: true })
    const ask = () => world.client.request('Metadata', 12, { topics: [{ name: TOPIC }], allowAutoTopicCreation: true })
    expect((await ask()).topics).toMatchObject([{ errorCode: 'UNKNOWN_TOPIC_OR_PARTITION' }])
    await alone(world)
    await world.passed()
    expect((await ask()).topics).toMatchObject([{ errorCode: 'NONE', isInternal: true, partitions: [{}] }])
  })

  it('cannot be created, grown, written, emptied or deleted by a client', async () => {
    const world = await World.open()
    const { client } = world
    const errorCode = 'INVALID_TOPIC_EXCEPTION'
    for (const name of [TOPIC, '__goqueue.rebalances']) {
      const topics = [{ name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }]
      const created = await client.request('CreateTopics', 7, { topics, timeoutMs: 1_000 })
      expect(created.topics).toMatchObject([{ errorCode, errorMessage: expect.stringContaining('internal') as string }])
    }
    await alone(world)
    await world.history(1)
    expect(await produce(client, TOPIC, batch(world.runtime.wallClockMs(), 'forged'))).toMatchObject({ errorCode })
    const grown = await client.request('CreatePartitions', 3, {
      topics: [{ name: TOPIC, count: 2, assignments: null }],
      timeoutMs: 1_000,
      validateOnly: false,
    })
    expect(grown.results).toMatchObject([{ errorCode }])
    const emptied = await client.request('DeleteRecords', 2, {
      topics: [{ name: TOPIC, partitions: [{ partitionIndex: 0, offset: 1 }] }],
      timeoutMs: 1_000,
    })
    expect(emptied.topics[0]?.partitions).toMatchObject([{ errorCode }])
    const deleted = await client.request('DeleteTopics', 5, { topicNames: [TOPIC], timeoutMs: 1_000 })
    expect(deleted.responses).toMatchObject([{ errorCode }])
    expect(await world.history(1)).toHaveLength(1)
  })
})
