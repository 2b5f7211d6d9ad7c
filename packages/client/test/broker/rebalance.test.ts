// Rebalances of real members against a real broker on virtual time: what keeps flowing, who is told what, and in which order.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { cooperativeSticky } from '@goqueue/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type {
  Assignor,
  Client,
  ConsumerRecord,
  GoQueueError,
  GroupConsumer,
  GroupConsumerOptions,
  MembershipEvent,
  RetryEvent,
} from '../../src/index.ts'
import { World } from '../world.ts'

const PARTITIONS = [0, 1, 2, 3]
/** A member that hears of a rebalance this late keeps the JoinGroup of all others held. */
const SLOW_MS = 8_000

let world: World
let client: Client

beforeEach(async () => {
  world = await World.open()
  client = world.client()
  await world.run(client.admin().createTopic({ name: 'orders', partitions: PARTITIONS.length }))
})
afterEach(() => world.close())

function member(options: Partial<GroupConsumerOptions> = {}): GroupConsumer {
  return client.groupConsumer({ groupId: 'billing', topics: ['orders'], assignors: ['cooperative-sticky'], ...options })
}

async function joined(options: Partial<GroupConsumerOptions> = {}): Promise<GroupConsumer> {
  const made = member(options)
  await world.run(made.joinGroup())
  return made
}

const of = (each: GroupConsumer) => each.getAssignment()['orders'] ?? []
const shares = (members: readonly GroupConsumer[]) => members.map((each) => of(each).length)
const stateOf = async () => (await world.run(client.admin().describeGroup('billing'))).state

/** Reads in the background; gives what has been delivered so far. */
function reading(from: GroupConsumer): ConsumerRecord[] {
  const seen: ConsumerRecord[] = []
  void (async () => {
    for await (const record of from) seen.push(record)
  })()
  return seen
}

async function sendToAll(value: string): Promise<void> {
  await world.run(client.producer().send(PARTITIONS.map((partition) => ({ topic: 'orders', partition, value }))))
  await world.settle()
}

const partitionsOf = (records: readonly ConsumerRecord[], value: string) =>
  records
    .filter((record) => record.value!.toString() === value)
    .map(({ partition }) => partition)
    .sort()

describe('cooperative-sticky', () => {
  /** Two members that share the topic, and a third whose JoinGroup is held until the second, slow one has heard of it. */
  async function heldRebalance() {
    const quick = await joined()
    const slow = await joined({ heartbeatIntervalMs: SLOW_MS })
    await world.until(() => shares([quick, slow]).join() === '2,2')
    const third = member()
    const joining = third.joinGroup()
    await world.pass(2_000)
    expect(await stateOf()).toBe('PreparingRebalance')
    return { quick, slow, third, joining }
  }

  it('user-pain 7: while JoinGroups are held, every partition keeps flowing at the instant its records are sent', async () => {
    const { quick, slow, joining } = await heldRebalance()
    const seen = [reading(quick), reading(slow)]
    await sendToAll('first')
    const startMs = world.runtime.nowMs()
    await sendToAll('held')
    expect(world.runtime.nowMs()).toBe(startMs)
    expect(partitionsOf(seen.flat(), 'held')).toEqual(PARTITIONS)
    expect(await stateOf()).toBe('PreparingRebalance')
    await world.run(joining)
  })

  it('what does not move is never revoked: its signal stays silent and its records come without a gap', async () => {
    const { quick, slow, third, joining } = await heldRebalance()
    const seen = [quick, slow].flatMap((each) => [reading(each)])
    await sendToAll('before')
    await world.run(joining)
    await world.until(() => shares([quick, slow, third]).sort().join() === '1,1,2')
    const unmoved = [...of(quick), ...of(slow)]
    expect(unmoved).toHaveLength(3)
    await sendToAll('after')
    const kept = seen.flat().filter(({ partition }) => unmoved.includes(partition))
    expect(kept.filter(({ signal }) => signal.aborted)).toEqual([])
    for (const partition of unmoved) {
      const values = kept.filter((record) => record.partition === partition).map(({ value }) => value!.toString())
      expect(values).toEqual(['before', 'after'])
    }
  })

  it('I17: commits succeed while JoinGroups are held, and until the rebalance is over', async () => {
    const { quick, slow, third, joining } = await heldRebalance()
    const kept = of(quick)
    const startMs = world.runtime.nowMs()
    await world.run(quick.commitOffset('orders', kept[0]!, 1))
    expect(world.runtime.nowMs()).toBe(startMs)
    let isOver = false
    void joining.then(() => (isOver = true))
    const outcomes: Promise<unknown>[] = []
    // One in every turn of the event loop, so that some cross the answers to JoinGroup and SyncGroup.
    for (let offset = 2; !isOver; offset++) {
      const [partition] = of(quick)
      outcomes.push(quick.commitOffset('orders', partition!, offset))
      if (offset % 20 === 0) world.runtime.advance(100)
      await new Promise((resume) => setImmediate(resume))
    }
    await world.run(Promise.all(outcomes))
    expect(outcomes.length).toBeGreaterThan(20)
    expect(await world.run(quick.fetchCommittedOffset('orders', of(quick)[0]!))).toBe(outcomes.length + 1)
    expect(shares([quick, slow, third]).reduce((sum, count) => sum + count)).toBeLessThanOrEqual(4)
  })

  it('I18: a commit made while the assignment is awaited waits for it, and is not sent in vain', async () => {
    const { client: mortal, kill } = world.mortalClient()
    let isDoomed = false
    const assignor: Assignor = {
      ...cooperativeSticky,
      assign: (input) => {
        if (isDoomed) kill()
        return cooperativeSticky.assign(input)
      },
    }
    const leader = mortal.groupConsumer({
      groupId: 'billing',
      topics: ['orders'],
      assignors: [assignor],
      sessionTimeoutMs: 6_000,
    })
    await world.run(leader.joinGroup())
    client = world.client({ timeoutMs: 30_000 })
    const follower = await joined()
    await world.until(() => shares([leader, follower]).join() === '2,2')
    isDoomed = true
    const third = member()
    const joining = third.joinGroup()
    await world.pass(2_000)
    expect(await stateOf()).toBe('CompletingRebalance')
    const refused: unknown[] = []
    const listen = (event: unknown) => void refused.push(((event as RetryEvent).error as GoQueueError).code)
    subscribe('goqueue:client:retry', listen)
    try {
      const [partition] = of(follower)
      await world.run(follower.commitOffset('orders', partition!, 3))
      expect(await world.run(follower.fetchCommittedOffset('orders', partition!))).toBe(3)
      await world.run(joining)
    } finally {
      unsubscribe('goqueue:client:retry', listen)
    }
    // One that crosses the answer to a JoinGroup can only be sent again: ILLEGAL_GENERATION.
    expect(refused).not.toContain('REBALANCE_IN_PROGRESS')
  })

  it('is balanced after two rounds, and nobody rejoins after that', async () => {
    const first = await joined()
    expect(of(first)).toEqual(PARTITIONS)
    const { generationId } = first
    const second = await joined()
    // The first round frees what is to move, and gives it to nobody.
    expect(of(second)).toEqual([])
    await world.until(() => shares([first, second]).join() === '2,2')
    await world.pass(60_000)
    expect([first.generationId, second.generationId]).toEqual([generationId + 2, generationId + 2])
    expect([...of(first), ...of(second)].sort()).toEqual(PARTITIONS)
  })

  it('a partition that nobody claims is given in one round, and nobody is interrupted', async () => {
    const [first, second] = [await joined(), await joined()]
    await world.until(() => shares([first, second]).join() === '2,2')
    const [{ generationId }, before] = [first, of(first)]
    await world.run(second.leaveGroup())
    await world.until(() => of(first).length === 4)
    await world.pass(10_000)
    expect(first.generationId).toBe(generationId + 1)
    expect(of(first)).toEqual(expect.arrayContaining(before))
  })

  it('I19: a JoinGroup held for longer than the session timeout costs nothing', async () => {
    const first = await joined({ sessionTimeoutMs: 6_000 })
    const slow = await joined({ heartbeatIntervalMs: 25_000 })
    await world.until(() => shares([first, slow]).join() === '2,2')
    const seen = reading(first)
    await sendToAll('x')
    const third = member()
    const joining = third.joinGroup()
    await world.pass(12_000)
    expect(await stateOf()).toBe('PreparingRebalance')
    expect(seen.filter(({ signal }) => signal.aborted)).toEqual([])
    expect(of(first)).toHaveLength(2)
    await world.run(joining)
  })
})

describe('sticky', () => {
  it('gives everything up and gets of it what it may keep: what it had is in its user data', async () => {
    await world.run(client.admin().createTopic({ name: 'many', partitions: 12 }))
    const many = (each: GroupConsumer) => each.getAssignment()['many'] ?? []
    const sizes = (members: readonly GroupConsumer[]) => members.map((each) => many(each).length).join()
    const options = { topics: ['many'], assignors: ['sticky'] }
    const [first, second] = [await joined(options), await joined(options)]
    await world.until(() => sizes([first, second]) === '6,6')
    const alone = [first, second].map(many)
    const third = await joined(options)
    await world.until(() => sizes([first, second, third]) === '4,4,4')
    expect(alone[0]).toEqual(expect.arrayContaining(many(first)))
    expect(alone[1]).toEqual(expect.arrayContaining(many(second)))
    const before = [second, third].map(many)
    await world.run(first.leaveGroup())
    await world.until(() => sizes([second, third]) === '6,6')
    expect(many(second)).toEqual(expect.arrayContaining(before[0]!))
    expect(many(third)).toEqual(expect.arrayContaining(before[1]!))
  })
})

describe('a leader that came back without a rebalance (KIP-814)', () => {
  it.each([['cooperative-sticky'], ['roundrobin']])(
    '%s: still leads: it notices a topic that appears, and the group shares it out',
    async (assignor) => {
      const options = { topics: ['orders', 'later'], assignors: [assignor] }
      const leader = await joined({ ...options, consumerId: 'consumer-1' })
      const follower = await joined({ ...options, consumerId: 'consumer-2' })
      await world.until(() => shares([leader, follower]).join() === '2,2')
      await world.run(leader.close())
      const { generationId } = follower
      const again = await joined({ ...options, consumerId: 'consumer-1' })
      expect(again.generationId).toBe(generationId)
      await world.run(client.admin().createTopic({ name: 'later', partitions: 2 }))
      await world.until(() => [again, follower].every((each) => each.getAssignment()['later']?.length === 1))
    },
  )
})

describe('changing over to cooperative-sticky', () => {
  it('[cooperative-sticky, range] beside [range] gives up everything; beside [cooperative-sticky] still does', async () => {
    const revoked: Record<string, number[]>[] = []
    const migrating = await joined({
      assignors: ['cooperative-sticky', 'range'],
      onPartitionsRevoked: (partitions) => void revoked.push(partitions),
    })
    const old = await joined({ assignors: ['range'] })
    await world.until(() => shares([migrating, old]).join() === '2,2')
    expect(revoked).toEqual([{ orders: PARTITIONS }])
    await world.run(old.leaveGroup())
    await world.until(() => of(migrating).length === 4)
    const cooperative = await joined()
    await world.until(() => shares([migrating, cooperative]).join() === '2,2')
    expect(revoked.slice(1)).toEqual([{ orders: [expect.any(Number), expect.any(Number)] }, { orders: PARTITIONS }])
  })

  it('a list that is cooperative in part says so once, and what to set', async () => {
    const said: MembershipEvent[] = []
    const listen = (event: unknown) => {
      const membership = event as MembershipEvent
      if (membership.state === 'eager') said.push(membership)
    }
    subscribe('goqueue:client:membership', listen)
    try {
      await joined()
      const migrating = await joined({ groupId: 'other', assignors: ['cooperative-sticky', 'range'] })
      await world.run(migrating.leaveGroup())
      await world.run(migrating.joinGroup())
    } finally {
      unsubscribe('goqueue:client:membership', listen)
    }
    expect(said).toHaveLength(1)
    expect(said[0]!.message).toBe(
      "group 'other': this member gives up all its partitions in each rebalance, as 'range' demands; once every member " +
        "of the group offers 'cooperative-sticky', set assignors: ['cooperative-sticky']",
    )
  })

  it('INCONSISTENT_GROUP_PROTOCOL names what the group runs and the option to set', async () => {
    await joined({ assignors: ['range'] })
    const other = member()
    await expect(world.run(other.joinGroup())).rejects.toMatchObject({
      code: 'INCONSISTENT_GROUP_PROTOCOL',
      message: expect.stringContaining(
        "the group runs 'range' and this member offers 'cooperative-sticky': set assignors: ['range']",
      ) as string,
    })
  })
})

describe('callbacks', () => {
  const pause = (ms: number) => new Promise<void>((resume) => void world.runtime.setAlarm(ms, resume))

  it.each([['cooperative-sticky'], ['roundrobin']])(
    '%s: nobody is assigned a partition before the revoke callback of its owner is done',
    async (assignor) => {
      const said: string[] = []
      const options = (name: string): Partial<GroupConsumerOptions> => ({
        assignors: [assignor],
        onPartitionsAssigned: ({ orders }) => void said.push(`${name} has ${orders!.join()}`),
        onPartitionsRevoked: async ({ orders }) => {
          said.push(`${name} gives up ${orders!.join()}`)
          await pause(3_000)
          said.push(`${name} has given up ${orders!.join()}`)
        },
      })
      const first = await joined(options('first'))
      const second = await joined(options('second'))
      await world.until(() => shares([first, second]).join() === '2,2')
      const moved = of(second).join()
      expect(said).toEqual(
        assignor === 'roundrobin'
          ? [
              'first has 0,1,2,3',
              'first gives up 0,1,2,3',
              'first has given up 0,1,2,3',
              `first has ${of(first).join()}`,
              `second has ${moved}`,
            ]
          : ['first has 0,1,2,3', `first gives up ${moved}`, `first has given up ${moved}`, `second has ${moved}`],
      )
    },
  )

  it('I3: what is given up may be committed until the revoke callback is done, and not after that', async () => {
    const first = await joined({
      onPartitionsRevoked: async ({ orders }) => {
        await pause(1_000)
        for (const partition of orders!) await first.commitOffset('orders', partition, 7)
      },
    })
    const second = await joined()
    await world.until(() => shares([first, second]).join() === '2,2')
    const [moved] = of(second)
    await expect(world.run(first.commitOffset('orders', moved!, 8))).rejects.toMatchObject({ code: 'NOT_ASSIGNED' })
    expect(await world.run(first.fetchCommittedOffset('orders', moved!))).toBe(7)
  })

  it('nothing is delivered before the assign callback is done, which may seek', async () => {
    await sendToAll('first')
    await sendToAll('second')
    const reader = member({
      onPartitionsAssigned: async ({ orders }) => {
        await pause(2_000)
        for (const partition of orders!) reader.seek('orders', partition, 1)
      },
    })
    const seen = reading(reader)
    await world.pass(1_500)
    expect(of(reader)).toEqual(PARTITIONS)
    expect(seen).toEqual([])
    await world.until(() => seen.length === 4)
    expect(seen.map(({ offset }) => offset)).toEqual([1, 1, 1, 1])
  })

  it('closing awaits the revoke callback, as a member that may commit, and then leaves', async () => {
    const lone = await joined({
      onPartitionsRevoked: async () => {
        await pause(2_000)
        await lone.commitOffset('orders', 2, 5)
      },
    })
    await world.run(lone.close())
    expect(await world.run(client.admin().groupOffsets('billing'))).toMatchObject([{ partition: 2, offset: 5 }])
    expect(await stateOf()).toBe('Empty')
  })

  it('closing does not wait for ever for a revoke callback', async () => {
    const lone = await joined({ onPartitionsRevoked: () => new Promise(() => {}) })
    const startMs = world.runtime.nowMs()
    await world.run(lone.close())
    expect(world.runtime.nowMs() - startMs).toBeLessThanOrEqual(10_000)
    await expect(stateOf()).rejects.toMatchObject({ code: 'GROUP_ID_NOT_FOUND' })
  })

  it('a member that is shut out is told what it has lost, and comes back owning nothing', async () => {
    const said: string[] = []
    const lone = await joined({
      sessionTimeoutMs: 6_000,
      onPartitionsAssigned: ({ orders }) => void said.push(`has ${orders!.join()}`),
      onPartitionsRevoked: ({ orders }) => void said.push(`gives up ${orders!.join()}`),
      onPartitionsLost: ({ orders }) => void said.push(`lost ${orders!.join()}`),
    })
    world.isReachable = false
    world.cut()
    await world.pass(8_000)
    expect(said).toEqual(['has 0,1,2,3', 'lost 0,1,2,3'])
    expect(lone.getAssignment()).toEqual({})
    world.isReachable = true
    await world.until(() => said.length === 3)
    expect(said[2]).toBe('has 0,1,2,3')
  })

  it('what a callback throws rejects the iteration once, and the membership goes on', async () => {
    const lone = await joined({
      onPartitionsAssigned: () => {
        throw new Error('no disk')
      },
    })
    await expect(world.run(lone.records().next())).rejects.toThrow('no disk')
    await sendToAll('x')
    const { value } = (await world.run(lone.records().next())) as { value: ConsumerRecord }
    expect(value.value!.toString()).toBe('x')
  })
})

describe('pause', () => {
  it('delivers nothing of the partition until resume, not even what was fetched, and then goes on where it was', async () => {
    await sendToAll('first')
    const lone = await joined()
    const iterator = lone.records()
    const { value: record } = (await world.run(iterator.next())) as { value: ConsumerRecord }
    await world.settle()
    lone.pause('orders')
    lone.resume('orders', record.partition)
    await sendToAll('second')
    const { value: next } = (await world.run(iterator.next())) as { value: ConsumerRecord }
    expect([next.partition, next.offset]).toEqual([record.partition, 1])
    const later = iterator.next()
    await world.pass(5_000)
    lone.resume('orders')
    const seen = [((await world.run(later)) as { value: ConsumerRecord }).value]
    for (let i = 0; i < 5; i++) seen.push(((await world.run(iterator.next())) as { value: ConsumerRecord }).value)
    for (const partition of PARTITIONS.filter((each) => each !== record.partition)) {
      expect(seen.filter((each) => each.partition === partition).map(({ offset }) => offset)).toEqual([0, 1])
    }
  })

  it('refuses a partition that is not its own', async () => {
    const lone = await joined()
    expect(() => lone.pause('orders', 9)).toThrow(expect.objectContaining({ code: 'NOT_ASSIGNED' }))
    expect(() => lone.resume('other', 0)).toThrow(expect.objectContaining({ code: 'NOT_ASSIGNED' }))
  })

  it('works for a consumer without a group', async () => {
    await sendToAll('x')
    const consumer = client.consumer()
    consumer.assign(PARTITIONS.map((partition) => ({ topic: 'orders', partition, offset: 'earliest' })))
    consumer.pause('orders')
    consumer.resume('orders', 2)
    const iterator = consumer.records()
    const { value } = (await world.run(iterator.next())) as { value: ConsumerRecord }
    expect(value.partition).toBe(2)
    const next = iterator.next()
    await world.pass(5_000)
    consumer.resume('orders', 3)
    expect(((await world.run(next)) as { value: ConsumerRecord }).value.partition).toBe(3)
  })
})
