// The expiry of offsets, and the deletion of groups, over a store that stalls, fails and is read again at a restart.
import { describe, expect, it } from 'vitest'
import { DifficultStore } from '../../test/difficult-store.ts'
import type { BrokerEvent } from '../broker-event.ts'
import { VirtualRuntime } from '../virtual-runtime.ts'
import { GroupCoordinator } from './group-coordinator.ts'
import { groupDefaults } from './group-defaults.ts'

const HOUR_MS = 3_600_000
const SWEEP_MS = 60_000
const context = { apiVersion: 7, clientId: 'client', clientHost: '/127.0.0.1' }

class Bench {
  readonly store = new DifficultStore()
  readonly runtime = new VirtualRuntime()
  readonly events: BrokerEvent[] = []
  private coordinator: GroupCoordinator | null = null

  get groups(): GroupCoordinator {
    if (this.coordinator === null) throw new Error('start() it first')
    return this.coordinator
  }

  /** Reads the store anew, after a crash if it ran before: memory and alarms are gone. */
  async start(): Promise<void> {
    await this.coordinator?.close()
    this.coordinator = GroupCoordinator.load({
      snapshot: await this.store.load(),
      store: this.store,
      runtime: this.runtime,
      options: { ...groupDefaults, offsetsRetentionMinutes: 60, offsetsRetentionCheckIntervalMs: SWEEP_MS },
      report: (event) => this.events.push(event),
      partitionCount: () => 4,
      rebalanced: () => undefined,
    })
    this.coordinator.offsetExpiry.start()
  }

  async commit(partition: number, offset: number): Promise<void> {
    const { topics } = await this.groups.offsetCommit(
      {
        groupId: 'group',
        generationIdOrMemberEpoch: -1,
        memberId: '',
        groupInstanceId: null,
        retentionTimeMs: -1,
        topics: [
          {
            name: 'orders',
            partitions: [
              {
                partitionIndex: partition,
                committedOffset: offset,
                committedLeaderEpoch: -1,
                commitTimestamp: -1,
                committedMetadata: '',
              },
            ],
          },
        ],
      },
      context,
    )
    expect(topics[0]?.partitions[0]?.errorCode).toBe('NONE')
  }

  /** A member comes, commits nothing, and leaves. */
  async visit(): Promise<void> {
    const joining = this.groups.joinGroup(
      {
        groupId: 'group',
        sessionTimeoutMs: 10_000,
        rebalanceTimeoutMs: 10_000,
        memberId: '',
        groupInstanceId: null,
        protocolType: 'consumer',
        protocols: [{ name: 'range', metadata: Buffer.alloc(0) }],
        reason: null,
      },
      { ...context, apiVersion: 3 },
    )
    this.runtime.advance(100)
    const { memberId } = await joining
    await this.groups.leaveGroup({ groupId: 'group', memberId, members: [] }, { ...context, apiVersion: 1 })
  }

  /** With a session of half an hour. */
  async joinInWireV1(consumerId: string): Promise<void> {
    const who = { consumerId, clientId: 'client', clientHost: '/127.0.0.1' }
    const reply = await this.groups.wireV1.join('group', { ...who, topics: ['orders'], sessionTimeoutMs: HOUR_MS / 2 })
    expect(reply.kind).toBe('joined')
  }

  offsets(): Record<number, number> {
    const { topics } = this.groups.offsetFetch(
      { groupId: 'group', topics: null, groups: [], requireStable: false },
      context,
    )
    const partitions = topics?.[0]?.partitions ?? []
    return Object.fromEntries(partitions.map((one) => [one.partitionIndex, one.committedOffset]))
  }

  async pass(delayMs: number): Promise<void> {
    this.runtime.advance(delayMs)
    await this.settle()
  }

  /** Lets writes and reads that are not held up come to their end. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 50; turn += 1) await Promise.resolve()
  }
}

async function started(): Promise<Bench> {
  const bench = new Bench()
  await bench.start()
  return bench
}

describe('sweeps', () => {
  it('I14: a commit that is not durable yet when the sweep comes by is not taken with the old one', async () => {
    const bench = await started()
    await bench.commit(0, 5)
    bench.store.holdUp()
    const committing = bench.commit(0, 6)
    await bench.pass(HOUR_MS + SWEEP_MS)
    bench.store.letGo()
    await committing
    await bench.settle()
    expect(bench.offsets()).toEqual({ 0: 6 })
    expect((await bench.store.load()).offsets).toMatchObject([{ offset: 6 }])
  })

  it('I15: what a busy group kept from one sweep goes within a second, not at the next', async () => {
    const bench = await started()
    await bench.commit(0, 5)
    await bench.pass(HOUR_MS - 1)
    bench.store.holdUp()
    const committing = bench.commit(1, 6)
    await bench.pass(SWEEP_MS)
    bench.store.letGo()
    await committing
    await bench.pass(1_000)
    expect(bench.offsets()).toEqual({ 1: 6 })
  })

  it('I14, I15: a restart forgets nothing of how long the group has been empty', async () => {
    const bench = await started()
    await bench.commit(0, 5)
    await bench.visit()
    await bench.pass(HOUR_MS / 2)
    await bench.start()
    await bench.pass(HOUR_MS / 2 - 1)
    expect(bench.offsets()).toEqual({ 0: 5 })
    await bench.pass(SWEEP_MS)
    expect(bench.offsets()).toEqual({})
    expect(await bench.store.load()).toMatchObject({ groups: [], offsets: [] })
  })

  it('I14: a group stored by a version that did not note when it emptied is empty since the start', async () => {
    const bench = await started()
    await bench.commit(0, 5)
    await bench.visit()
    const [stored] = (await bench.store.load()).groups
    const { emptySinceMs, ...image } = JSON.parse(stored?.state ?? '{}') as Record<string, unknown>
    expect(emptySinceMs).toBe(bench.runtime.wallClockMs())
    const state = JSON.stringify({ ...image, version: 1 })
    await bench.store.write([{ kind: 'putGroup', group: { groupId: 'group', state } }])
    await bench.pass(HOUR_MS - 1_000)
    await bench.start()
    await bench.pass(HOUR_MS - 1)
    expect(bench.offsets()).toEqual({ 0: 5 })
    await bench.pass(SWEEP_MS)
    expect(bench.offsets()).toEqual({})
  })

  it('I14, I15: members of the original dialect keep the offsets, and when the last has left they go', async () => {
    const bench = await started()
    await bench.commit(0, 5)
    await bench.joinInWireV1('consumer-1')
    for (let hours = 0; hours < 2; hours += 0.25) {
      await bench.pass(HOUR_MS / 4)
      expect(await bench.groups.wireV1.heartbeat('group', 'consumer-1', 1)).toBe(0)
    }
    expect(bench.offsets()).toEqual({ 0: 5 })
    expect(await bench.groups.administration.deleteGroup('group')).toBe('NON_EMPTY_GROUP')
    expect(await bench.groups.wireV1.leave('group', 'consumer-1')).toBe(0)
    await bench.pass(HOUR_MS - 1)
    expect(bench.offsets()).toEqual({ 0: 5 })
    await bench.pass(SWEEP_MS)
    expect(bench.offsets()).toEqual({})
  })

  it('I15: offsets whose deletion failed are still there, and go with a later sweep', async () => {
    const bench = await started()
    await bench.commit(0, 5)
    bench.store.failNextWrites = 1
    await bench.pass(HOUR_MS)
    expect(bench.events).toMatchObject([{ kind: 'groupWriteFailed' }])
    expect(bench.offsets()).toEqual({ 0: 5 })
    await bench.pass(SWEEP_MS)
    expect(bench.offsets()).toEqual({})
  })

  it('end with the coordinator', async () => {
    const bench = await started()
    await bench.groups.close()
    expect(bench.runtime.alarmCount).toBe(0)
  })
})

describe('deleting a group', () => {
  it('is not answered before it is durable; meanwhile the group takes no requests', async () => {
    const bench = await started()
    await bench.commit(0, 5)
    bench.store.holdUp()
    let answer: string | null = null
    const deleting = bench.groups.administration.deleteGroup('group').then((errorCode) => (answer = errorCode))
    const joining = bench.visit()
    joining.catch(() => undefined)
    await bench.settle()
    expect(answer).toBeNull()
    expect(await bench.groups.administration.deleteGroup('group')).toBe('COORDINATOR_NOT_AVAILABLE')
    bench.store.letGo()
    await deleting
    expect(answer).toBe('NONE')
    expect(await bench.groups.administration.deleteGroup('group')).toBe('GROUP_ID_NOT_FOUND')
    await joining
  })

  it('that fails leaves the group with all it had', async () => {
    const bench = await started()
    await bench.commit(0, 5)
    bench.store.failNextWrites = 1
    expect(await bench.groups.administration.deleteGroup('group')).toBe('COORDINATOR_NOT_AVAILABLE')
    await bench.settle()
    expect(bench.offsets()).toEqual({ 0: 5 })
    expect(await bench.groups.administration.deleteGroup('group')).toBe('NONE')
    expect(await bench.store.load()).toMatchObject({ groups: [], offsets: [] })
  })

  it('does not take offsets from under members of the original dialect', async () => {
    const bench = await started()
    await bench.commit(0, 5)
    await bench.joinInWireV1('consumer-1')
    const topics = [{ name: 'orders', partitions: [{ partitionIndex: 0 }] }]
    expect(await bench.groups.administration.offsetDelete({ groupId: 'group', topics })).toMatchObject({
      errorCode: 'NONE',
      topics: [{ partitions: [{ errorCode: 'GROUP_SUBSCRIBED_TO_TOPIC' }] }],
    })
    expect(bench.offsets()).toEqual({ 0: 5 })
  })

  it('takes with it what was committed just before', async () => {
    const bench = await started()
    bench.store.holdUp()
    const committing = bench.commit(0, 5)
    const deleting = bench.groups.administration.deleteGroup('group')
    bench.store.letGo()
    await committing
    expect(await deleting).toBe('NONE')
    expect(bench.offsets()).toEqual({})
    expect((await bench.store.load()).offsets).toEqual([])
  })
})
