// The coordinator under random requests, a slow and failing store, stalls of time and crashes, each run from a seed.
import type { ErrorCode } from '@goqueue/protocol'
import { describe, expect, it } from 'vitest'
import { GroupCoordinator } from '../../src/coordinator/group-coordinator.ts'
import { groupDefaults } from '../../src/coordinator/group-defaults.ts'
import { VirtualRuntime } from '../../src/virtual-runtime.ts'
import { DifficultStore } from '../difficult-store.ts'
import { Random } from '../sim/random.ts'

const RUNS = 150
const ACTIONS = 120
const GROUP_IDS = ['a', 'b']
const PARTITIONS = 3

interface Known {
  readonly memberId: string
  readonly generationId: number
  readonly isLeader: boolean
}

class Run {
  private readonly random: Random
  private readonly runtime = new VirtualRuntime()
  private readonly store = new DifficultStore()
  private coordinator: GroupCoordinator | null = null
  /** What each group's clients know of themselves. */
  private readonly known = new Map<string, Known>()
  private lastCommit = 0
  /** By group and partition: the latest commit that was answered NONE. */
  private readonly acknowledged = new Map<string, number>()
  private open = 0

  constructor(seed: number) {
    this.random = new Random(seed)
  }

  async run(): Promise<void> {
    await this.restart()
    for (let action = 0; action < ACTIONS; action += 1) {
      this.act()
      if (this.random.chance(0.5)) await turns()
      if (this.random.chance(0.02)) await this.restart()
    }
    await this.settle()
    expect(this.open, 'every request is answered').toBe(0)
    await this.checkOffsets()
  }

  private act(): void {
    const groupId = this.random.pick(GROUP_IDS)
    const actions = [
      () => this.join(groupId),
      () => this.sync(groupId),
      () => this.commit(groupId),
      () => this.commit(groupId),
      () => this.leave(groupId),
      () => this.store.holdUp(),
      () => this.store.letGo(),
      () => this.store.letGo(),
      () => (this.store.failNextWrites = this.random.integer(0, 2)),
      () => (this.store.failNextLoads = this.random.integer(0, 1)),
      () => this.runtime.advance(this.random.integer(0, 3000)),
    ]
    this.random.pick(actions)()
  }

  private async restart(): Promise<void> {
    this.store.letGo()
    this.store.failNextLoads = 0
    await this.coordinator?.close()
    await turns()
    this.coordinator = GroupCoordinator.load({
      snapshot: await this.store.load(),
      store: this.store,
      runtime: this.runtime,
      options: groupDefaults,
      report: () => undefined,
      partitionCount: () => 1_000,
      rebalanced: () => undefined,
    })
  }

  private async settle(): Promise<void> {
    this.store.letGo()
    this.store.failNextWrites = 0
    this.store.failNextLoads = 0
    for (let second = 0; second < 120; second += 1) {
      await turns()
      this.runtime.advance(1000)
    }
    await turns()
  }

  private ask<T>(answer: Promise<T> | undefined, then: (answer: T) => void): void {
    if (answer === undefined) return
    this.open += 1
    void answer.then((response) => {
      this.open -= 1
      then(response)
    })
  }

  private join(groupId: string): void {
    const client = `${groupId}${this.random.integer(0, 2)}`
    const isStatic = this.random.chance(0.5)
    const request = {
      groupId,
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 10_000,
      memberId: this.random.chance(0.5) ? (this.known.get(client)?.memberId ?? '') : '',
      groupInstanceId: isStatic ? client : null,
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: Buffer.from([0, 0, 0, 0, 0, 0]) }],
      reason: null,
    }
    this.ask(this.coordinator?.joinGroup(request, context(5)), ({ memberId, generationId = -1, leader }) =>
      this.known.set(client, { memberId, generationId, isLeader: leader === memberId }),
    )
  }

  private someone(groupId: string): Known | undefined {
    return this.known.get(`${groupId}${this.random.integer(0, 2)}`)
  }

  private sync(groupId: string): void {
    const member = this.someone(groupId)
    if (member === undefined) return
    const { memberId, generationId, isLeader } = member
    const assignments = isLeader ? [{ memberId, assignment: Buffer.from('all') }] : []
    const names = { groupInstanceId: null, protocolType: null, protocolName: null }
    this.ask(
      this.coordinator?.syncGroup({ groupId, memberId, generationId, assignments, ...names }, context(3)),
      () => undefined,
    )
  }

  private leave(groupId: string): void {
    const memberId = this.someone(groupId)?.memberId ?? ''
    this.ask(this.coordinator?.leaveGroup({ groupId, memberId, members: [] }, context(2)), () => undefined)
  }

  private commit(groupId: string): void {
    const member = this.random.chance(0.5) ? this.someone(groupId) : undefined
    const partition = this.random.integer(0, PARTITIONS - 1)
    this.lastCommit += 1
    const offset = this.lastCommit
    const partitions = [
      {
        partitionIndex: partition,
        committedOffset: offset,
        committedLeaderEpoch: -1,
        commitTimestamp: -1,
        committedMetadata: null,
      },
    ]
    const request = {
      groupId,
      generationIdOrMemberEpoch: member?.generationId ?? -1,
      memberId: member?.memberId ?? '',
      groupInstanceId: null,
      retentionTimeMs: -1,
      topics: [{ name: 'topic', partitions }],
    }
    this.ask(this.coordinator?.offsetCommit(request, context(7)), ({ topics }) => {
      const errorCode: ErrorCode | undefined = topics[0]?.partitions[0]?.errorCode
      if (errorCode !== 'NONE') return
      const key = `${groupId}/${partition}`
      const before = this.acknowledged.get(key) ?? 0
      expect(offset, 'commits are acknowledged in the order in which they were sent').toBeGreaterThan(before)
      this.acknowledged.set(key, offset)
    })
  }

  /** Memory and store agree, and neither is behind what was acknowledged. */
  private async checkOffsets(): Promise<void> {
    const { offsets } = await this.store.load()
    for (const groupId of GROUP_IDS) {
      for (let partition = 0; partition < PARTITIONS; partition += 1) {
        const stored = offsets.find((one) => one.groupId === groupId && one.partition === partition)?.offset ?? -1
        const asked = {
          groupId,
          topics: [{ name: 'topic', partitionIndexes: [partition] }],
          groups: [],
          requireStable: true,
        }
        const fetched = this.coordinator?.offsetFetch(asked, context(7)).topics?.[0]?.partitions[0]?.committedOffset
        expect(fetched).toBe(stored)
        expect(stored).toBeGreaterThanOrEqual(this.acknowledged.get(`${groupId}/${partition}`) ?? -1)
      }
    }
  }
}

function context(apiVersion: number) {
  return { apiVersion, clientId: 'client', clientHost: '/127.0.0.1' }
}

/** Lets everything happen that needs no time. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve()
}

describe('the coordinator', () => {
  it('I5: answers every request, acknowledges in order, and never more than the store holds', async () => {
    for (let seed = 1; seed <= RUNS; seed += 1) {
      await new Run(seed).run().catch((error: unknown) => {
        throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
      })
    }
  }, 60_000)
})
