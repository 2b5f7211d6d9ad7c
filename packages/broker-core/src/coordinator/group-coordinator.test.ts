// The coordinator over a store that can be held up and made to fail, on a virtual clock.
import type { ErrorCode, JoinGroupRequest, OffsetCommitRequest, OffsetFetchRequest } from '@goqueue/protocol'
import { describe, expect, it } from 'vitest'
import { DifficultStore } from '../../test/difficult-store.ts'
import type { BrokerEvent } from '../broker-event.ts'
import type { MetadataSnapshot } from '../store/metadata-store.ts'
import { VirtualRuntime } from '../virtual-runtime.ts'
import { GroupCoordinator } from './group-coordinator.ts'
import { groupDefaults } from './group-defaults.ts'
import type { CoordinatorOptions } from './group-defaults.ts'

class Bench {
  readonly store: DifficultStore
  readonly runtime: VirtualRuntime
  readonly events: BrokerEvent[] = []
  /** The generations that were told as rebalanced. */
  readonly rebalances: number[] = []
  readonly topics = new Map([['orders', 4]])
  /** How much later than the virtual clock the process wakes up. */
  lateMs = 0
  coordinator: GroupCoordinator
  private readonly options: CoordinatorOptions

  private constructor(store: DifficultStore, snapshot: MetadataSnapshot, options: Partial<CoordinatorOptions>) {
    this.store = store
    this.runtime = new VirtualRuntime()
    this.options = { ...groupDefaults, ...options }
    this.coordinator = this.load(snapshot)
  }

  static async open(options: Partial<CoordinatorOptions> = {}): Promise<Bench> {
    const store = new DifficultStore()
    return new Bench(store, await store.load(), options)
  }

  private load(snapshot: MetadataSnapshot): GroupCoordinator {
    const { runtime } = this
    return GroupCoordinator.load({
      snapshot,
      store: this.store,
      runtime: {
        nowMs: () => runtime.nowMs() + this.lateMs,
        wallClockMs: () => runtime.wallClockMs(),
        setAlarm: (delayMs, callback) => runtime.setAlarm(delayMs, callback),
        randomUuid: () => runtime.randomUuid(),
        random: () => runtime.random(),
      },
      options: this.options,
      report: (event) => this.events.push(event),
      partitionCount: (topic) => this.topics.get(topic) ?? 0,
      rebalanced: ({ generationId }) => this.rebalances.push(generationId),
    })
  }

  /** A crash: memory is gone, the store is not. */
  async restart(): Promise<void> {
    this.coordinator = this.load(await this.store.load())
  }

  join(overrides: Partial<JoinGroupRequest> = {}, apiVersion = 3) {
    return this.coordinator.joinGroup(
      {
        groupId: 'group',
        sessionTimeoutMs: 10_000,
        rebalanceTimeoutMs: 30_000,
        memberId: '',
        groupInstanceId: null,
        protocolType: 'consumer',
        protocols: [{ name: 'range', metadata: Buffer.from([0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]) }],
        reason: null,
        ...overrides,
      },
      context(apiVersion),
    )
  }

  sync(memberId: string, generationId: number, assignments: { memberId: string; assignment: Buffer }[] = []) {
    const request = {
      groupId: 'group',
      generationId,
      memberId,
      groupInstanceId: null,
      protocolType: null,
      protocolName: null,
    }
    return this.coordinator.syncGroup({ ...request, assignments }, context(3))
  }

  async heartbeat(memberId: string, generationId: number, groupId = 'group'): Promise<ErrorCode> {
    const request = { groupId, generationId, memberId, groupInstanceId: null }
    return (await this.coordinator.heartbeat(request, context(3))).errorCode ?? 'NONE'
  }

  /** Commits one offset and returns the error code of its partition. */
  async commit(
    offset: number,
    overrides: Partial<OffsetCommitRequest> & { partition?: number; metadata?: string } = {},
  ) {
    const { partition = 0, metadata = 'note', ...rest } = overrides
    const partitions = [
      {
        partitionIndex: partition,
        committedOffset: offset,
        committedLeaderEpoch: 3,
        commitTimestamp: -1,
        committedMetadata: metadata,
      },
    ]
    const response = await this.coordinator.offsetCommit(
      {
        groupId: 'group',
        generationIdOrMemberEpoch: -1,
        memberId: '',
        groupInstanceId: null,
        retentionTimeMs: -1,
        topics: [{ name: 'orders', partitions }],
        ...rest,
      },
      context(7),
    )
    return response.topics[0]?.partitions[0]?.errorCode
  }

  fetch(overrides: Partial<OffsetFetchRequest> = {}, apiVersion = 7) {
    const topics = [{ name: 'orders', partitionIndexes: [0] }]
    return this.coordinator.offsetFetch(
      { groupId: 'group', topics, groups: [], requireStable: true, ...overrides },
      context(apiVersion),
    )
  }

  /** The committed offset of a partition of `orders`. */
  offset(): number | undefined {
    return this.fetch().topics?.[0]?.partitions[0]?.committedOffset
  }

  /** A group of one member, Stable in generation 1. */
  async stable(overrides: Partial<JoinGroupRequest> = {}): Promise<string> {
    const joining = this.join(overrides)
    this.runtime.advance(100)
    const { memberId, generationId = 0 } = await joining
    await this.sync(memberId, generationId, [{ memberId, assignment: Buffer.from('all') }])
    return memberId
  }

  state(groupId = 'group'): string {
    return this.coordinator.describeGroup(groupId, 5).groupState
  }
}

function context(apiVersion: number) {
  return { apiVersion, clientId: 'client', clientHost: '/127.0.0.1' }
}

/** Whether a promise has been answered by now. */
async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const nothing = Symbol('nothing')
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve()
  return (await Promise.race([promise, Promise.resolve(nothing)])) === nothing
}

describe('joining through the coordinator', () => {
  it('takes a member from JoinGroup to its assignment', async () => {
    const bench = await Bench.open()
    const joining = bench.join({}, 9)
    const required = await joining
    expect(required).toMatchObject({ errorCode: 'MEMBER_ID_REQUIRED', protocolName: null })
    expect(required.memberId).toMatch(/^client-[0-9a-f-]{36}$/)
    const second = bench.join({ memberId: required.memberId }, 9)
    expect(await isPending(second)).toBe(true)
    bench.runtime.advance(100)
    const joined = await second
    expect(joined).toMatchObject({
      errorCode: 'NONE',
      generationId: 1,
      leader: required.memberId,
      protocolName: 'range',
    })
    const { memberId } = joined
    const synced = await bench.sync(memberId, 1, [{ memberId, assignment: Buffer.from('all') }])
    expect(synced).toMatchObject({ errorCode: 'NONE', protocolType: 'consumer', assignment: Buffer.from('all') })
    expect(await bench.heartbeat(memberId, 1)).toBe('NONE')
  })

  it('gives an old client a string where newer ones get null', async () => {
    const bench = await Bench.open()
    expect(await bench.join({ memberId: 'ghost' }, 6)).toMatchObject({
      errorCode: 'UNKNOWN_MEMBER_ID',
      protocolName: '',
    })
    expect(await bench.join({ memberId: 'ghost' }, 7)).toMatchObject({ protocolName: null })
  })

  it('I13: a static member that comes back with the same topics in other bytes starts no rebalance', async () => {
    const bench = await Bench.open()
    const metadata = (topics: readonly string[], userData: string) =>
      Buffer.concat([
        Buffer.from([0, 1, 0, 0, 0, topics.length]),
        ...topics.map((topic) => Buffer.concat([Buffer.from([0, topic.length]), Buffer.from(topic)])),
        Buffer.from(userData),
      ])
    const join = (topics: readonly string[], userData: string) =>
      bench.join({ groupInstanceId: 'a', protocols: [{ name: 'range', metadata: metadata(topics, userData) }] }, 5)
    const joining = join(['a', 'b'], 'one')
    bench.runtime.advance(100)
    await bench.sync((await joining).memberId, 1)
    expect(await join(['b', 'a'], 'two')).toMatchObject({ errorCode: 'NONE', generationId: 1 })
    expect(bench.state()).toBe('Stable')
    expect(await isPending(join(['a'], 'one'))).toBe(false)
    expect(bench.coordinator.describeGroup('group', 5).groupState).toBe('CompletingRebalance')
  })

  it('N16: refuses an empty group id and one over 255 bytes, whatever the request', async () => {
    const bench = await Bench.open()
    for (const groupId of ['', 'x'.repeat(256), 'ü'.repeat(128)]) {
      expect((await bench.join({ groupId })).errorCode).toBe('INVALID_GROUP_ID')
      expect(await bench.heartbeat('ghost', 1, groupId)).toBe('INVALID_GROUP_ID')
      expect(await bench.commit(1, { groupId })).toBe('INVALID_GROUP_ID')
      expect(bench.fetch({ groupId }).errorCode).toBe('INVALID_GROUP_ID')
      expect(bench.coordinator.describeGroup(groupId, 5).errorCode).toBe('INVALID_GROUP_ID')
      const leaving = { groupId, memberId: 'ghost', members: [] }
      expect((await bench.coordinator.leaveGroup(leaving, context(1))).errorCode).toBe('INVALID_GROUP_ID')
    }
    expect(await bench.commit(1, { groupId: 'ü'.repeat(127) })).toBe('NONE')
    expect((await bench.join({ memberId: 'x'.repeat(1025) })).errorCode).toBe('INVALID_REQUEST')
  })

  it('N17: takes names that mean something to JavaScript', async () => {
    const bench = await Bench.open()
    bench.topics.set('__proto__', 1)
    const topics = [
      {
        name: '__proto__',
        partitions: [
          {
            partitionIndex: 0,
            committedOffset: 5,
            committedLeaderEpoch: -1,
            commitTimestamp: -1,
            committedMetadata: null,
          },
        ],
      },
    ]
    expect(await bench.commit(0, { groupId: 'constructor', topics })).toBe('NONE')
    const fetched = bench.fetch({ groupId: 'constructor', topics: [{ name: '__proto__', partitionIndexes: [0] }] })
    expect(fetched.topics?.[0]?.partitions[0]).toMatchObject({ committedOffset: 5, metadata: '' })
    expect(bench.fetch({ groupId: 'toString' }).topics?.[0]?.partitions[0]?.committedOffset).toBe(-1)
  })

  it('has room for maxGroups groups; who is not there does not need any', async () => {
    const bench = await Bench.open({ maxGroups: 1 })
    await bench.commit(1)
    expect((await bench.join({ groupId: 'other' })).errorCode).toBe('POLICY_VIOLATION')
    expect(await bench.commit(1, { groupId: 'other' })).toBe('POLICY_VIOLATION')
    expect(await bench.heartbeat('ghost', 1, 'other')).toBe('UNKNOWN_MEMBER_ID')
    expect(await bench.commit(2)).toBe('NONE')
  })
})

describe('persist, then reply', () => {
  it('answers nobody before the assignment is durable, and a heartbeat in between waits too', async () => {
    const bench = await Bench.open()
    const joining = bench.join()
    bench.runtime.advance(100)
    const { memberId } = await joining
    bench.store.holdUp()
    const syncing = bench.sync(memberId, 1)
    const heartbeat = bench.heartbeat(memberId, 1)
    expect(await isPending(syncing)).toBe(true)
    expect(await isPending(heartbeat)).toBe(true)
    bench.store.letGo()
    expect((await syncing).errorCode).toBe('NONE')
    expect(await heartbeat).toBe('NONE')
  })

  it('serves an offset only after its transaction has committed', async () => {
    const bench = await Bench.open()
    await bench.commit(1)
    bench.store.holdUp()
    const committing = bench.commit(2)
    expect(await isPending(committing)).toBe(true)
    expect(bench.offset()).toBe(1)
    bench.store.letGo()
    expect(await committing).toBe('NONE')
    expect(bench.offset()).toBe(2)
  })

  it('I5: gives back after a crash what was acknowledged: members, assignments and offsets', async () => {
    const bench = await Bench.open()
    const memberId = await bench.stable()
    expect(await bench.commit(7, { memberId, generationIdOrMemberEpoch: 1 })).toBe('NONE')
    const before = bench.coordinator.describeGroup('group', 5)
    await bench.restart()
    expect(bench.coordinator.describeGroup('group', 5)).toEqual(before)
    expect(bench.offset()).toBe(7)
    bench.runtime.advance(9999)
    expect(await bench.heartbeat(memberId, 1)).toBe('NONE')
    expect(await bench.heartbeat(memberId, 0)).toBe('ILLEGAL_GENERATION')
  })

  it('forgets a group without members and offsets, in memory and in the store', async () => {
    const bench = await Bench.open()
    const memberId = await bench.stable()
    await bench.coordinator.leaveGroup({ groupId: 'group', memberId, members: [] }, context(1))
    expect(await isPending(Promise.resolve())).toBe(false)
    expect(bench.coordinator.listGroups({ states: [], types: [] })).toEqual([])
    expect((await bench.store.load()).groups).toEqual([])
    expect(bench.coordinator.describeGroup('group', 5)).toMatchObject({ errorCode: 'NONE', groupState: 'Dead' })
    expect(bench.coordinator.describeGroup('group', 6)).toMatchObject({ errorCode: 'GROUP_ID_NOT_FOUND' })
  })

  it('keeps an Empty group that has offsets, until its topic is deleted', async () => {
    const bench = await Bench.open()
    await bench.commit(1)
    expect(bench.state()).toBe('Empty')
    bench.coordinator.topicDeleted('orders')
    expect(bench.coordinator.listGroups({ states: [], types: [] })).toEqual([])
    expect(bench.offset()).toBe(-1)
  })
})

describe('a store write that fails', () => {
  it('leaves no word of the rebalance that it would have saved; one that is saved is told when it is durable', async () => {
    const bench = await Bench.open()
    const joining = bench.join()
    bench.runtime.advance(100)
    const { memberId, generationId = -1 } = await joining
    bench.store.holdUp()
    const syncing = bench.sync(memberId, generationId)
    expect(await isPending(syncing)).toBe(true)
    expect(bench.rebalances).toEqual([])
    bench.store.letGo()
    expect((await syncing).errorCode).toBe('NONE')
    expect(bench.rebalances).toEqual([1])
    bench.store.failNextWrites = 1
    const rejoin = await bench.join({ memberId })
    expect((await bench.sync(memberId, rejoin.generationId ?? -1)).errorCode).toBe('COORDINATOR_NOT_AVAILABLE')
    expect(bench.rebalances).toEqual([1])
  })

  it('drops the group, sends everyone who waits away, and has it back as it was saved', async () => {
    const bench = await Bench.open()
    const memberId = await bench.stable()
    await bench.commit(1, { memberId, generationIdOrMemberEpoch: 1 })
    const other = bench.join()
    bench.store.holdUp()
    bench.store.failNextWrites = 1
    const failing = bench.commit(2, { memberId, generationIdOrMemberEpoch: 1 })
    const behind = bench.commit(3, { memberId, generationIdOrMemberEpoch: 1 })
    bench.store.letGo()
    expect(await failing).toBe('COORDINATOR_NOT_AVAILABLE')
    expect(await behind).toBe('COORDINATOR_NOT_AVAILABLE')
    expect((await other).errorCode).toBe('COORDINATOR_NOT_AVAILABLE')
    expect(await isPending(Promise.resolve())).toBe(false)
    expect(bench.offset()).toBe(3)
    expect(await bench.heartbeat(memberId, 1)).toBe('NONE')
    expect(bench.events.map(({ kind }) => kind)).toEqual(['groupWriteFailed'])
  })

  it('answers COORDINATOR_LOAD_IN_PROGRESS until the group has been read again, and tries again for as long as it takes', async () => {
    const bench = await Bench.open()
    const memberId = await bench.stable()
    await bench.commit(1, { memberId, generationIdOrMemberEpoch: 1 })
    bench.store.failNextWrites = 1
    bench.store.failNextLoads = 2
    expect(await bench.commit(2, { memberId, generationIdOrMemberEpoch: 1 })).toBe('COORDINATOR_NOT_AVAILABLE')
    expect(await bench.heartbeat(memberId, 1)).toBe('COORDINATOR_LOAD_IN_PROGRESS')
    expect((await bench.join()).errorCode).toBe('COORDINATOR_LOAD_IN_PROGRESS')
    expect(bench.fetch().errorCode).toBe('COORDINATOR_LOAD_IN_PROGRESS')
    expect(bench.fetch({}, 1).topics?.[0]?.partitions[0]?.errorCode).toBe('COORDINATOR_LOAD_IN_PROGRESS')
    expect(bench.coordinator.describeGroup('group', 5).errorCode).toBe('COORDINATOR_LOAD_IN_PROGRESS')
    expect(bench.coordinator.ids()).toEqual(new Set(['group']))
    for (let attempt = 0; attempt < 2; attempt += 1) {
      await isPending(Promise.resolve())
      bench.runtime.advance(1000)
    }
    await isPending(Promise.resolve())
    expect(bench.offset()).toBe(1)
    expect(await bench.heartbeat(memberId, 1)).toBe('NONE')
  })

  it('leaves nothing behind of a group that was never saved', async () => {
    const bench = await Bench.open()
    bench.store.failNextWrites = 1
    expect(await bench.commit(1)).toBe('COORDINATOR_NOT_AVAILABLE')
    await isPending(Promise.resolve())
    expect(bench.coordinator.listGroups({ states: [], types: [] })).toEqual([])
    expect(await bench.commit(2)).toBe('NONE')
    expect(bench.offset()).toBe(2)
  })

  it('does not touch other groups', async () => {
    const bench = await Bench.open()
    await bench.commit(5, { groupId: 'other' })
    bench.store.failNextWrites = 1
    expect(await bench.commit(2)).toBe('COORDINATOR_NOT_AVAILABLE')
    expect(bench.fetch({ groupId: 'other' }).topics?.[0]?.partitions[0]?.committedOffset).toBe(5)
  })
})

describe('the one alarm', () => {
  it('expires members of any group exactly at their deadline, and is not set when nothing is due', async () => {
    const bench = await Bench.open()
    expect(bench.runtime.alarmCount).toBe(0)
    await bench.stable()
    const joining = bench.join({ groupId: 'other', sessionTimeoutMs: 6000 })
    bench.runtime.advance(100)
    await joining
    expect(bench.runtime.alarmCount).toBe(1)
    bench.runtime.advance(5999)
    expect(bench.state('other')).toBe('CompletingRebalance')
    bench.runtime.advance(1)
    expect(bench.state('other')).toBe('Empty')
    bench.runtime.advance(3899)
    expect(bench.state()).toBe('Stable')
    bench.runtime.advance(1)
    expect(bench.state()).toBe('Empty')
    await isPending(Promise.resolve())
    expect(bench.state()).toBe('Dead')
    bench.runtime.advance(1000)
    expect(bench.runtime.alarmCount).toBe(0)
  })

  it('expires a member exactly at the deadline that its last heartbeat or commit has set', async () => {
    const bench = await Bench.open()
    const memberId = await bench.stable()
    bench.runtime.advance(9_000)
    expect(await bench.heartbeat(memberId, 1)).toBe('NONE')
    bench.runtime.advance(9_000)
    expect(await bench.commit(1, { memberId, generationIdOrMemberEpoch: 1 })).toBe('NONE')
    bench.runtime.advance(9_999)
    expect(bench.state()).toBe('Stable')
    bench.runtime.advance(1)
    expect(bench.state()).toBe('Empty')
  })

  it('expires a member at that deadline though the one before, put off because the process stood still, was later', async () => {
    const bench = await Bench.open({ groupMinSessionTimeoutMs: 1 })
    const memberId = await bench.stable({ sessionTimeoutMs: 300 })
    bench.lateMs = 60_000
    bench.runtime.advance(300)
    expect(await bench.heartbeat(memberId, 1)).toBe('NONE')
    bench.runtime.advance(299)
    expect(bench.state()).toBe('Stable')
    bench.runtime.advance(1)
    await isPending(Promise.resolve())
    expect(bench.state()).toBe('Dead')
  })

  it('I23: expires nobody because the process stood still', async () => {
    const bench = await Bench.open()
    const memberId = await bench.stable()
    bench.lateMs = 60_000
    bench.runtime.advance(1000)
    expect(bench.state()).toBe('Stable')
    expect(await bench.heartbeat(memberId, 1)).toBe('NONE')
    bench.runtime.advance(9999)
    expect(bench.state()).toBe('Stable')
    bench.runtime.advance(1)
    await isPending(Promise.resolve())
    expect(bench.state()).toBe('Dead')
  })

  it('close answers who waits, takes no more requests and leaves no alarm behind', async () => {
    const bench = await Bench.open()
    const joining = bench.join()
    await bench.coordinator.close()
    expect((await joining).errorCode).toBe('COORDINATOR_NOT_AVAILABLE')
    expect((await bench.join()).errorCode).toBe('COORDINATOR_NOT_AVAILABLE')
    expect(bench.runtime.alarmCount).toBe(0)
  })
})

describe('OffsetCommit', () => {
  it('keeps offset, leader epoch and metadata, and when it was committed', async () => {
    const bench = await Bench.open()
    await bench.commit(42)
    expect(bench.fetch().topics).toEqual([
      {
        name: 'orders',
        partitions: [
          { partitionIndex: 0, committedOffset: 42, committedLeaderEpoch: 3, metadata: 'note', errorCode: 'NONE' },
        ],
      },
    ])
    const committedMs = bench.runtime.wallClockMs()
    expect((await bench.store.load()).offsets).toMatchObject([{ offset: 42, committedMs, expireMs: null }])
  })

  it('I14: takes a retention time of -1 for none, and keeps another', async () => {
    const bench = await Bench.open()
    await bench.commit(1, { retentionTimeMs: 5000 })
    expect((await bench.store.load()).offsets[0]?.expireMs).toBe(bench.runtime.wallClockMs() + 5000)
    await bench.commit(1, { retentionTimeMs: -1 })
    expect((await bench.store.load()).offsets[0]?.expireMs).toBeNull()
  })

  it('refuses what does not exist, and N19: metadata over 4,096 bytes, each for itself', async () => {
    const bench = await Bench.open()
    expect(await bench.commit(1, { partition: 4 })).toBe('UNKNOWN_TOPIC_OR_PARTITION')
    expect(await bench.commit(1, { metadata: 'ü'.repeat(2049) })).toBe('OFFSET_METADATA_TOO_LARGE')
    expect(bench.store.written).toEqual([])
    expect(bench.coordinator.listGroups({ states: [], types: [] })).toEqual([])
    expect(await bench.commit(1, { metadata: 'ü'.repeat(2048) })).toBe('NONE')
  })

  it('keeps a negative offset as it is, as Kafka does: to kafkajs it says that the reset policy decides', async () => {
    const bench = await Bench.open()
    await bench.commit(5)
    expect(await bench.commit(-2)).toBe('NONE')
    expect(bench.offset()).toBe(-2)
    expect(bench.coordinator.wireV1.committedOffset('group', 'orders', 0)).toBeNull()
  })

  it('gives the error of the group to every partition, the unknown ones too', async () => {
    const bench = await Bench.open()
    await bench.stable()
    expect(await bench.commit(1, { partition: 4 })).toBe('UNKNOWN_MEMBER_ID')
  })

  it('keeps the order of fifty committers that wait for one slow store', async () => {
    const bench = await Bench.open()
    bench.store.holdUp()
    const commits = Array.from({ length: 50 }, (_, index) => bench.commit(index + 1))
    bench.store.letGo()
    expect(new Set(await Promise.all(commits))).toEqual(new Set(['NONE']))
    expect(bench.offset()).toBe(50)
  })
})

describe('OffsetFetch', () => {
  it('answers -1 and no error where nothing is committed', async () => {
    const bench = await Bench.open()
    expect(bench.fetch({ groupId: 'nobody' })).toEqual({
      errorCode: 'NONE',
      topics: [
        {
          name: 'orders',
          partitions: [
            { partitionIndex: 0, committedOffset: -1, committedLeaderEpoch: -1, metadata: '', errorCode: 'NONE' },
          ],
        },
      ],
    })
  })

  it('answers everything the group has committed when asked for no topic in particular', async () => {
    const bench = await Bench.open()
    await bench.commit(1)
    await bench.commit(2, { partition: 3 })
    const { topics } = bench.fetch({ topics: null })
    expect(
      topics?.map(({ name, partitions }) => [
        name,
        ...partitions.map((one) => [one.partitionIndex, one.committedOffset]),
      ]),
    ).toEqual([['orders', [0, 1], [3, 2]]])
  })

  it('answers for many groups at once, from v8 on', async () => {
    const bench = await Bench.open()
    await bench.commit(1)
    const ask = (groupId: string) => ({ groupId, memberId: null, memberEpoch: -1, topics: null })
    const { groups } = bench.fetch({ groups: [ask('group'), ask('nobody'), ask('')] }, 8)
    expect(groups?.map(({ groupId, errorCode, topics }) => [groupId, errorCode, topics.length])).toEqual([
      ['group', 'NONE', 1],
      ['nobody', 'NONE', 0],
      ['', 'INVALID_GROUP_ID', 0],
    ])
  })
})

describe('LeaveGroup, DescribeGroups and ListGroups', () => {
  it('leave one by one below v3 and in batches from there', async () => {
    const bench = await Bench.open()
    await bench.stable({ groupInstanceId: 'a' })
    const leave = (
      memberId: string,
      members: { memberId: string; groupInstanceId: string | null }[],
      apiVersion: number,
    ) =>
      bench.coordinator.leaveGroup(
        { groupId: 'group', memberId, members: members.map((member) => ({ ...member, reason: null })) },
        context(apiVersion),
      )
    expect(await leave('ghost', [], 2)).toEqual({ errorCode: 'UNKNOWN_MEMBER_ID' })
    expect(
      await leave(
        '',
        [
          { memberId: '', groupInstanceId: 'b' },
          { memberId: '', groupInstanceId: 'a' },
        ],
        3,
      ),
    ).toEqual({
      errorCode: 'NONE',
      members: [
        { memberId: '', groupInstanceId: 'b', errorCode: 'UNKNOWN_MEMBER_ID' },
        { memberId: '', groupInstanceId: 'a', errorCode: 'NONE' },
      ],
    })
  })

  it('describe a Stable group in full, and a rebalancing one without what is not settled', async () => {
    const bench = await Bench.open()
    const memberId = await bench.stable({ groupInstanceId: 'a' })
    expect(bench.coordinator.describeGroup('group', 5)).toMatchObject({
      errorCode: 'NONE',
      groupState: 'Stable',
      protocolType: 'consumer',
      protocolData: 'range',
      members: [
        {
          memberId,
          groupInstanceId: 'a',
          clientId: 'client',
          clientHost: '/127.0.0.1',
          memberAssignment: Buffer.from('all'),
        },
      ],
    })
    const joining = bench.join()
    const described = bench.coordinator.describeGroup('group', 5)
    expect(described).toMatchObject({ groupState: 'PreparingRebalance', protocolData: '' })
    expect(described.members.map(({ memberAssignment }) => memberAssignment.length)).toEqual([0, 0])
    await bench.coordinator.close()
    await joining
  })

  it('list by state and type, in any case', async () => {
    const bench = await Bench.open()
    await bench.stable()
    await bench.commit(1, { groupId: 'simple' })
    const ids = (states: string[], types: string[] = []) =>
      bench.coordinator.listGroups({ states, types }).map(({ groupId }) => groupId)
    expect(ids([])).toEqual(['group', 'simple'])
    expect(ids(['stable'])).toEqual(['group'])
    expect(ids(['Empty', 'Dead'])).toEqual(['simple'])
    expect(ids([], ['Classic'])).toEqual(['group', 'simple'])
    expect(ids([], ['consumer'])).toEqual([])
    expect(bench.coordinator.listGroups({ states: ['Stable'], types: [] })).toEqual([
      { groupId: 'group', protocolType: 'consumer', groupState: 'Stable', groupType: 'classic' },
    ])
  })
})
