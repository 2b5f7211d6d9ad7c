// The group consumer against a real broker on virtual time: assignment, leaving, static members, fencing, commits.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Client, ConsumerRecord, GroupConsumer, GroupConsumerOptions } from '../../src/index.ts'
import { World } from '../world.ts'

let world: World
let client: Client

beforeEach(async () => {
  world = await World.open()
  client = world.client()
  await world.run(client.admin().createTopic({ name: 'my-topic', partitions: 4 }))
})
afterEach(() => world.close())

function member(
  consumerId: string | undefined,
  options: Partial<GroupConsumerOptions> = {},
  of = client,
): GroupConsumer {
  return of.groupConsumer({
    groupId: 'my-group',
    consumerId,
    topics: ['my-topic'],
    autoOffsetReset: 'earliest',
    ...options,
  })
}

async function seedsThree(): Promise<GroupConsumer[]> {
  const members = ['consumer-1', 'consumer-2', 'consumer-3'].map((id) => member(id))
  await world.run(Promise.all(members.map((each) => each.joinGroup())))
  await world.pass(2_000)
  return members
}

const owned = (members: readonly GroupConsumer[]) =>
  members.flatMap((each) => each.getAssignment()['my-topic'] ?? []).sort()

describe('assignment', () => {
  it("consumer-1..3 on a topic of 4 partitions end with the seed's assignment", async () => {
    const members = await seedsThree()
    expect(members.map((each) => each.getAssignment())).toEqual([
      { 'my-topic': [0, 3] },
      { 'my-topic': [1] },
      { 'my-topic': [2] },
    ])
  })

  it('when one leaves, the others own all four within two heartbeat intervals', async () => {
    const [first, second, third] = await seedsThree()
    await world.run(second!.leaveGroup())
    expect(second!.getAssignment()).toEqual({})
    const tookMs = await world.until(() => owned([first!, third!]).length === 4)
    expect(tookMs).toBeLessThanOrEqual(2_000)
    expect(owned([first!, third!])).toEqual([0, 1, 2, 3])
  })

  it('when one dies without a word, the others own all four after its session timeout', async () => {
    const [first, second, third] = await seedsThree()
    const { client: dying, kill } = world.mortalClient()
    const fourth = member(undefined, { sessionTimeoutMs: 6_000 }, dying)
    await world.run(fourth.joinGroup())
    await world.pass(2_000)
    expect(owned([fourth])).toHaveLength(1)
    kill()
    const tookMs = await world.until(() => owned([first!, second!, third!]).length === 4)
    expect(tookMs).toBeLessThanOrEqual(6_000 + 2_000)
  })

  it('a member of a topic that does not exist yet gets its partitions when it is created', async () => {
    const early = member(undefined, { topics: ['later'] })
    await world.run(early.joinGroup())
    expect(early.getAssignment()).toEqual({})
    await world.run(client.admin().createTopic({ name: 'later', partitions: 2 }))
    await world.until(() => (early.getAssignment()['later'] ?? []).length === 2)
  })

  it('the membership lives in the background: it is kept though nobody iterates', async () => {
    const lone = member(undefined, { sessionTimeoutMs: 6_000 })
    await world.run(lone.joinGroup())
    const { memberId, generationId } = lone
    await world.pass(60_000)
    expect(lone).toMatchObject({ memberId, generationId })
    expect(owned([lone])).toEqual([0, 1, 2, 3])
  })

  it('joinGroup resolves at once where there is an assignment', async () => {
    const lone = member(undefined)
    await world.run(lone.joinGroup())
    const { generationId } = lone
    await world.run(lone.joinGroup())
    expect(lone.generationId).toBe(generationId)
  })

  it('a member that left joins again', async () => {
    const lone = member('consumer-1')
    await world.run(lone.joinGroup())
    await world.run(lone.leaveGroup())
    expect(lone.memberId).toBeNull()
    await world.run(lone.joinGroup())
    expect(owned([lone])).toEqual([0, 1, 2, 3])
  })
})

describe('static members', () => {
  it('a restart within the session timeout has its partitions back without a rebalance', async () => {
    const [first, second, third] = await seedsThree()
    const generations = [first!.generationId, third!.generationId]
    const before = second!.getAssignment()
    await world.run(second!.close())
    await world.pass(5_000)
    const again = member('consumer-2')
    await world.run(again.joinGroup())
    await world.pass(5_000)
    expect(again.getAssignment()).toEqual(before)
    expect([first!.generationId, third!.generationId]).toEqual(generations)
  })

  it('the leader that restarts has its partitions back without a rebalance', async () => {
    const members = await seedsThree()
    const { generationId } = members[1]!
    await world.run(members[0]!.close())
    const again = member('consumer-1')
    await world.run(again.joinGroup())
    await world.pass(5_000)
    expect(again.getAssignment()).toEqual({ 'my-topic': [0, 3] })
    expect(members[1]!.generationId).toBe(generationId)
  })

  it('I12: a takeover fences the older for good: iteration and joins reject, and it never rejoins', async () => {
    const older = member('consumer-1')
    await world.run(older.joinGroup())
    const reading = older[Symbol.asyncIterator]().next()
    reading.catch(() => {})
    const newer = member('consumer-1', {}, world.client())
    await world.run(newer.joinGroup())
    await expect(world.run(reading)).rejects.toMatchObject({ code: 'FENCED_INSTANCE_ID', errorCode: 2, kafkaCode: 82 })
    await expect(world.run(older.joinGroup())).rejects.toMatchObject({ code: 'FENCED_INSTANCE_ID' })
    await expect(world.run(older[Symbol.asyncIterator]().next())).rejects.toMatchObject({ code: 'FENCED_INSTANCE_ID' })
    await expect(world.run(older.commitOffset('my-topic', 0, 1))).rejects.toMatchObject({ code: 'FENCED_INSTANCE_ID' })
    await world.pass(60_000)
    expect(owned([newer])).toEqual([0, 1, 2, 3])
  })

  it('I12: a refused commit tells the older as well as a heartbeat would, and at once', async () => {
    const older = member('consumer-1', { heartbeatIntervalMs: 20_000 })
    await world.run(older.joinGroup())
    await world.run(member('consumer-1', {}, world.client()).joinGroup())
    const startMs = world.runtime.nowMs()
    await expect(world.run(older.commitOffset('my-topic', 0, 1))).rejects.toMatchObject({ code: 'FENCED_INSTANCE_ID' })
    expect(older.getAssignment()).toEqual({})
    expect(world.runtime.nowMs()).toBe(startMs)
  })

  it('the same groupId and consumerId twice in one client throws at once, and not after the first is closed', async () => {
    const first = member('consumer-1')
    expect(() => member('consumer-1')).toThrow(expect.objectContaining({ code: 'CONSUMER_ID_IN_USE' }))
    await world.run(first.close())
    expect(() => member('consumer-1')).not.toThrow()
  })

  it('close leaves only a dynamic member; `leave` overrules', async () => {
    const dynamic = member(undefined)
    const isStatic = member('consumer-1')
    const leaver = member('consumer-2')
    await world.run(Promise.all([dynamic, isStatic, leaver].map((each) => each.joinGroup())))
    await world.run(Promise.all([dynamic.close(), isStatic.close(), leaver.close({ leave: true })]))
    const { members } = await world.run(client.admin().describeGroup('my-group'))
    expect(members.map(({ consumerId }) => consumerId)).toEqual(['consumer-1'])
  })
})

describe('offsets', () => {
  it('commits with metadata and fetches both', async () => {
    const [first] = await seedsThree()
    await world.run(first!.commitOffset('my-topic', 0, 100, 'processed'))
    expect(await world.run(first!.fetchCommittedOffset('my-topic', 0))).toBe(100)
    expect(await world.run(first!.fetchCommitted('my-topic', 0))).toEqual({ offset: 100, metadata: 'processed' })
    expect(await world.run(first!.fetchCommittedOffset('my-topic', 3))).toBeNull()
    expect(await world.run(first!.fetchCommitted('my-topic', 3))).toBeNull()
  })

  it("a commit for a partition that is another member's is refused locally", async () => {
    const [first] = await seedsThree()
    await expect(world.run(first!.commitOffset('my-topic', 1, 1))).rejects.toMatchObject({ code: 'NOT_ASSIGNED' })
  })

  it('I3: a commit for a record whose partition was revoked is refused locally, with the reason of its signal', async () => {
    await world.run(client.producer().send({ topic: 'my-topic', partition: 1, value: 'x' }))
    const first = member('consumer-1')
    await world.run(first.joinGroup())
    const { value: record } = (await world.run(first[Symbol.asyncIterator]().next())) as { value: ConsumerRecord }
    expect(record.signal.aborted).toBe(false)
    const second = member('consumer-2')
    await world.run(second.joinGroup())
    expect(record.signal.aborted).toBe(true)
    expect(record.signal.reason).toMatchObject({ code: 'PARTITION_REVOKED' })
    await expect(world.run(first.commit(record))).rejects.toBe(record.signal.reason)
    expect(await world.run(first.fetchCommitted('my-topic', 1))).toBeNull()
  })

  it('commits succeed while a JoinGroup of the same client is held', async () => {
    const first = member('consumer-1')
    await world.run(first.joinGroup())
    const held = member('consumer-2')
    const joining = held.joinGroup()
    // Held until the first member has heard of the rebalance from its next heartbeat.
    await world.settle()
    expect(held.memberId).toBeNull()
    const startMs = world.runtime.nowMs()
    await world.run(first.commitOffset('my-topic', 2, 7))
    expect(world.runtime.nowMs()).toBe(startMs)
    expect(await world.run(first.fetchCommittedOffset('my-topic', 2))).toBe(7)
    await world.run(joining)
  })

  it('I4: of commits made at once for one partition the last one holds, and all succeed', async () => {
    const lone = member(undefined)
    await world.run(lone.joinGroup())
    await world.run(Promise.all(Array.from({ length: 50 }, (_, i) => lone.commitOffset('my-topic', i % 4, 100 + i))))
    const offsets = await world.run(client.admin().groupOffsets('my-group'))
    expect(offsets.map(({ partition, offset }) => [partition, offset])).toEqual([
      [0, 148],
      [1, 149],
      [2, 146],
      [3, 147],
    ])
  })

  it('a commit outlives a broken connection', async () => {
    const lone = member(undefined)
    await world.run(lone.joinGroup())
    const committing = lone.commitOffset('my-topic', 0, 5)
    world.cut()
    await world.run(committing)
    expect(await world.run(lone.fetchCommittedOffset('my-topic', 0))).toBe(5)
  })

  it('starts at the committed offset, not at the reset policy', async () => {
    await world.run(
      client
        .producer()
        .send(Array.from({ length: 10 }, (_, i) => ({ topic: 'my-topic', partition: 0, value: `${i}` }))),
    )
    const first = member(undefined)
    await world.run(first.joinGroup())
    await world.run(first.commitOffset('my-topic', 0, 6))
    await world.run(first.close())
    const second = member(undefined)
    const { value } = (await world.run(second[Symbol.asyncIterator]().next())) as { value: ConsumerRecord }
    expect(value.offset).toBe(6)
  })

  it("autoOffsetReset 'none' rejects where nothing is committed", async () => {
    const lone = member(undefined, { autoOffsetReset: 'none' })
    await expect(world.run(lone[Symbol.asyncIterator]().next())).rejects.toMatchObject({ code: 'NO_OFFSET' })
  })
})

describe('iteration', () => {
  it('joins by itself, gives every record, and ends when the member leaves', async () => {
    await world.run(
      client.producer().send(Array.from({ length: 40 }, (_, i) => ({ topic: 'my-topic', value: `${i}` }))),
    )
    const lone = member(undefined)
    const seen = new Set<string>()
    const reading = (async () => {
      for await (const record of lone) {
        seen.add(record.value!.toString())
        await lone.commit(record)
        if (seen.size === 40) void lone.leaveGroup()
      }
    })()
    await world.run(reading)
    expect(seen.size).toBe(40)
  })

  it('break does not leave the group, and the next loop goes on behind the last record', async () => {
    await world.run(
      client.producer().send(Array.from({ length: 3 }, (_, i) => ({ topic: 'my-topic', partition: 0, value: `${i}` }))),
    )
    const lone = member(undefined)
    const take = async () => {
      for await (const record of lone) return record.offset
      return -1
    }
    expect(await world.run(take())).toBe(0)
    const { memberId } = lone
    await world.pass(10_000)
    expect(await world.run(take())).toBe(1)
    expect(lone.memberId).toBe(memberId)
  })

  it('I20: what was fetched of a revoked partition is not delivered after the revoke', async () => {
    const values = Array.from({ length: 40 }, (_, i) => ({ topic: 'my-topic', partition: i % 4, value: `${i}` }))
    await world.run(client.producer().send(values))
    const first = member('consumer-1')
    const iterator = first[Symbol.asyncIterator]()
    await world.run(iterator.next())
    const second = member('consumer-2')
    await world.run(second.joinGroup())
    const { 'my-topic': mine } = first.getAssignment()
    expect(mine).toEqual([0, 2])
    for (let i = 0; i < 20; i++) {
      const { value } = (await world.run(iterator.next())) as { value: ConsumerRecord }
      expect(mine).toContain(value.partition)
      expect(value.signal.aborted).toBe(false)
    }
  })

  it('a signal ends the wait for a record with its reason, and the membership goes on', async () => {
    const lone = member(undefined)
    await world.run(lone.joinGroup())
    const controller = new AbortController()
    const next = lone.records({ signal: controller.signal }).next()
    next.catch(() => {})
    await world.settle()
    controller.abort(new Error('enough'))
    await expect(world.run(next)).rejects.toThrow('enough')
    expect(owned([lone])).toEqual([0, 1, 2, 3])
  })

  it('goes on after a broker that could not be reached for a while', async () => {
    const lone = member(undefined)
    await world.run(lone.joinGroup())
    const next = lone[Symbol.asyncIterator]().next()
    world.isReachable = false
    world.cut()
    await world.pass(10_000)
    world.isReachable = true
    await world.run(client.producer().send({ topic: 'my-topic', value: 'after' }))
    const { value } = (await world.run(next)) as { value: ConsumerRecord }
    expect(value.value!.toString()).toBe('after')
  })

  it('I19: partitions are given up at the session deadline when no heartbeat is answered', async () => {
    await world.run(client.producer().send({ topic: 'my-topic', value: 'x' }))
    const lone = member(undefined, { sessionTimeoutMs: 6_000 })
    const { value: record } = (await world.run(lone[Symbol.asyncIterator]().next())) as { value: ConsumerRecord }
    world.isReachable = false
    world.cut()
    const tookMs = await world.until(() => record.signal.aborted)
    expect(tookMs).toBeLessThanOrEqual(6_000)
    expect(record.signal.reason).toMatchObject({ code: 'SESSION_EXPIRED' })
  })
})

describe('closing', () => {
  it('never hangs: a broker that is gone costs ten seconds at most', async () => {
    const lone = member(undefined, {}, world.client({ timeoutMs: 60_000 }))
    await world.run(lone.joinGroup())
    world.isReachable = false
    world.cut()
    const committing = lone.commitOffset('my-topic', 0, 1)
    committing.catch(() => {})
    const startMs = world.runtime.nowMs()
    await world.run(lone.close())
    expect(world.runtime.nowMs() - startMs).toBeLessThanOrEqual(10_000)
    await expect(world.run(committing)).rejects.toMatchObject({ code: 'CLOSED' })
  })

  it('while joinGroup waits, rejects it with a ClosedError', async () => {
    const lone = member(undefined)
    const joining = lone.joinGroup()
    const outcome = expect(joining).rejects.toMatchObject({ name: 'ClosedError', code: 'CLOSED' })
    await world.settle()
    await world.run(lone.close())
    await outcome
  })

  it('awaits the commits that are under way', async () => {
    const lone = member(undefined)
    await world.run(lone.joinGroup())
    const committing = lone.commitOffset('my-topic', 0, 9)
    await world.run(lone.close())
    await world.run(committing)
    expect(await world.run(client.admin().groupOffsets('my-group'))).toMatchObject([{ partition: 0, offset: 9 }])
  })
})

describe('errors', () => {
  it('joinGroup rejects when the broker cannot be reached for timeoutMs', async () => {
    world.isReachable = false
    const lost = member(undefined, {}, world.client({ timeoutMs: 3_000 }))
    await expect(world.run(lost.joinGroup())).rejects.toMatchObject({ code: 'CONNECTION_FAILED', retriable: true })
  })

  it('a failed joinGroup may be tried again', async () => {
    world.isReachable = false
    const lost = member(undefined, {}, world.client({ timeoutMs: 3_000 }))
    await expect(world.run(lost.joinGroup())).rejects.toMatchObject({ code: 'CONNECTION_FAILED' })
    world.isReachable = true
    await world.run(lost.joinGroup())
    expect(owned([lost])).toEqual([0, 1, 2, 3])
  })

  it('INCONSISTENT_GROUP_PROTOCOL is final for the attempt and told to joinGroup', async () => {
    await seedsThree()
    const other = member(undefined, { assignors: ['range'] })
    await expect(world.run(other.joinGroup())).rejects.toMatchObject({ code: 'INCONSISTENT_GROUP_PROTOCOL' })
  })

  it('a session timeout that the broker does not allow is told to joinGroup', async () => {
    const other = member(undefined, { sessionTimeoutMs: 100 })
    await expect(world.run(other.joinGroup())).rejects.toMatchObject({ code: 'INVALID_SESSION_TIMEOUT' })
  })

  it('an unknown assignor is refused with what is allowed', () => {
    expect(() => member(undefined, { assignors: ['fair'] })).toThrow(/'fair'; allowed are 'roundrobin', 'range'/)
  })

  it('user-pain 4: an error while committed offsets are fetched never leads to the reset policy', async () => {
    const records = Array.from({ length: 5 }, (_, i) => ({ topic: 'my-topic', partition: 0, value: `${i}` }))
    await world.run(client.producer().send(records))
    const first = member(undefined)
    await world.run(first.joinGroup())
    await world.run(first.commitOffset('my-topic', 0, 4))
    await world.run(first.close())
    const second = member(undefined, { autoOffsetReset: 'latest' })
    await world.run(second.joinGroup())
    // The connections break while the offsets are being asked for, again and again.
    const next = second[Symbol.asyncIterator]().next()
    for (let i = 0; i < 5; i++) {
      world.cut()
      await world.pass(20)
    }
    const { value } = (await world.run(next)) as { value: ConsumerRecord }
    expect(value.offset).toBe(4)
  })
})
