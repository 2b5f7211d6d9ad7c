// A process that stood still for a whole session wakes up: what was its own may be another's, and nothing is done in its name.
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Client, ConsumerRecord, GroupConsumerOptions, Runtime } from '../../src/index.ts'
import { World } from '../world.ts'

let world: World
/** How long this process stood still: its clock has gone on, its timers have not rung yet. */
let stoodStillMs: number
let client: Client

beforeEach(async () => {
  world = await World.open()
  stoodStillMs = 0
  const { runtime: virtual } = world
  const runtime: Runtime = {
    nowMs: () => virtual.nowMs() + stoodStillMs,
    wallClockMs: () => virtual.wallClockMs(),
    setAlarm: (delayMs, callback) => virtual.setAlarm(delayMs, callback),
    random: () => virtual.random(),
  }
  client = world.client({ runtime })
  await world.run(client.admin().createTopic({ name: 'orders', partitions: 1 }))
  const records = Array.from({ length: 5 }, () => ({ topic: 'orders', partition: 0, value: 'x' }))
  await world.run(client.producer().send(records))
})
afterEach(() => world.close())

const member = (options: Partial<GroupConsumerOptions> = {}) =>
  client.groupConsumer({ groupId: 'billing', topics: ['orders'], sessionTimeoutMs: 10_000, ...options })

it('I1, I19: a record that was buffered before is not delivered after', async () => {
  const records = member().records()
  const first = (await world.run(records.next())).value as ConsumerRecord
  stoodStillMs = 10_001
  let next: ConsumerRecord | null = null
  void records.next().then(({ value }) => (next = value as ConsumerRecord))
  await Promise.resolve()
  expect(next).toBeNull()
  expect(first.signal.reason).toMatchObject({ code: 'SESSION_EXPIRED' })
  // It joins again, and goes on as a member.
  await world.until(() => next !== null)
  expect(next!.signal.aborted).toBe(false)
})

it('I3: nothing is committed in its name', async () => {
  const group = member()
  const first = (await world.run(group.records().next())).value as ConsumerRecord
  stoodStillMs = 10_001
  await expect(world.run(group.commit(first))).rejects.toMatchObject({ code: 'SESSION_EXPIRED' })
  expect(await world.run(client.admin().groupOffsets('billing'))).toEqual([])
})

it('no handler begins', async () => {
  const group = member()
  const begun: AbortSignal[] = []
  const held: (() => void)[] = []
  const handler = ({ signal }: ConsumerRecord) => {
    begun.push(signal)
    return new Promise<void>((resume) => held.push(resume))
  }
  void group.run({ handler })
  await world.until(() => begun.length === 1)
  stoodStillMs = 10_001
  held[0]!()
  await new Promise((resume) => setImmediate(resume))
  expect(begun).toHaveLength(1)
  expect(begun[0]!.aborted).toBe(true)
  await world.until(() => begun.length === 2)
  expect(begun[1]!.aborted).toBe(false)
})

it('a rebalance timeout that is shorter than the session counts as the session', async () => {
  const records = member({ rebalanceTimeoutMs: 5_000 }).records()
  const first = (await world.run(records.next())).value as ConsumerRecord
  stoodStillMs = 5_001
  void records.next()
  expect(first.signal.reason).toMatchObject({ code: 'SESSION_EXPIRED' })
})
