// What iteration commits by itself: only what is finished, at intervals, when partitions are given up, and on closing.
import { afterEach, beforeEach, expect, it } from 'vitest'
import {
  topic,
  type Client,
  type ConsumerRecord,
  type GroupConsumer,
  type GroupConsumerOptions,
  type StandardSchema,
} from '../../src/index.ts'
import { World } from '../world.ts'

let world: World
let client: Client

beforeEach(async () => {
  world = await World.open()
  client = world.client()
  await world.run(client.admin().createTopic({ name: 'orders', partitions: 1 }))
  const records = Array.from({ length: 5 }, (_, n) => ({ topic: 'orders', partition: 0, value: String(n) }))
  await world.run(client.producer().send(records))
})
afterEach(() => world.close())

function member(options: Partial<GroupConsumerOptions> = {}): GroupConsumer {
  return client.groupConsumer({ groupId: 'billing', topics: ['orders'], autoCommit: true, ...options })
}

/** Asks for `count` records; the last is still in hand. */
async function read(records: AsyncIterator<ConsumerRecord>, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await world.run(records.next())
}

const committed = async () => {
  const [found] = await world.run(client.admin().groupOffsets('billing'))
  return found?.offset ?? null
}

it('nothing is committed by itself by default', async () => {
  const group = member({ autoCommit: undefined })
  await read(group.records(), 3)
  await world.pass(60_000)
  await world.run(group.close())
  expect(await committed()).toBeNull()
})

it('within the interval; the record in hand is not finished', async () => {
  const group = member({ autoCommitIntervalMs: 2_000 })
  await read(group.records(), 3)
  await world.pass(1_900)
  expect(await committed()).toBeNull()
  await world.pass(200)
  expect(await committed()).toBe(2)
})

it('on closing, and on leaving', async () => {
  const group = member()
  const records = group.records()
  await read(records, 3)
  await world.run(group.leaveGroup())
  expect(await committed()).toBe(2)
  await read(group.records(), 2)
  await world.run(group.close())
  expect(await committed()).toBe(3)
})

it('when partitions are given up, before they are said to be revoked', async () => {
  let atRevoke: number | null = null
  const group: GroupConsumer = member({
    autoCommitIntervalMs: 600_000,
    onPartitionsRevoked: async () => {
      atRevoke = await group.fetchCommittedOffset('orders', 0)
    },
  })
  await read(group.records(), 4)
  await world.run(member().joinGroup())
  expect(atRevoke).toBe(3)
})

it('a record that was delivered before a break is not finished', async () => {
  const group = member({ autoCommitIntervalMs: 10 })
  const reading = (async () => {
    for await (const record of group) if (record.offset === 1) break
  })()
  await world.run(reading)
  await world.pass(1_000)
  expect(await committed()).toBe(1)
})

it('I4: after a seek back, what is finished follows from there', async () => {
  const group = member({ autoCommitIntervalMs: 10 })
  const records = group.records()
  await read(records, 4)
  await world.pass(100)
  expect(await committed()).toBe(3)
  group.seek('orders', 0, 0)
  await read(records, 2)
  await world.pass(100)
  expect(await committed()).toBe(1)
})

it('what cannot be committed for a while is committed later', async () => {
  const group = member({ autoCommitIntervalMs: 10, sessionTimeoutMs: 60_000 })
  await read(group.records(), 4)
  world.isReachable = false
  world.cut()
  await world.pass(20_000)
  world.isReachable = true
  await world.pass(5_000)
  expect(await committed()).toBe(3)
})

it('I4: of several iterations at once none commits past a record that another has in hand', async () => {
  const group = member({ autoCommitIntervalMs: 10 })
  const [slow, quick] = [group.records(), group.records()]
  await read(slow, 2)
  await read(quick, 3)
  await world.pass(100)
  // 0 is finished, 1 is in hand, 2 and 3 are finished, 4 is in hand
  expect(await committed()).toBe(1)
  void slow.next().catch(() => {})
  await world.pass(100)
  expect(await committed()).toBe(4)
})

it('a record that an iteration had in hand when it was broken off holds up no other', async () => {
  const group = member({ autoCommitIntervalMs: 10 })
  const broken = group.records()
  await read(broken, 2)
  await broken.return!()
  await read(group.records(), 3)
  await world.pass(100)
  expect(await committed()).toBe(4)
})

it('I4: what was in hand when the application sought back is not counted as finished', async () => {
  const group = member({ autoCommitIntervalMs: 10 })
  const records = group.records()
  await read(records, 4)
  await world.pass(100)
  expect(await committed()).toBe(3)
  group.seek('orders', 0, 0)
  await read(records, 1)
  await world.pass(100)
  expect(await committed()).toBe(3)
})

it.each(['at once', 'later'])('a record that does not fit its type, said %s, holds up none behind it', async (when) => {
  const fits = (value: unknown) => (value === '1' ? { issues: [{ message: 'no' }] } : { value })
  const validate = (value: unknown) => (when === 'later' ? Promise.resolve(fits(value)) : fits(value))
  const schema: StandardSchema = { '~standard': { version: 1, vendor: 'test', validate } }
  const orders = topic('orders', { value: schema as StandardSchema<string>, valueFormat: 'text' })
  const group = client.groupConsumer({
    groupId: 'billing',
    topics: [orders],
    autoCommit: true,
    autoCommitIntervalMs: 10,
  })
  const first = group.records()
  await world.run(first.next())
  await expect(world.run(first.next())).rejects.toMatchObject({ code: 'INVALID_RECORD' })
  const second = group.records()
  for (let i = 0; i < 3; i++) await world.run(second.next())
  await world.pass(100)
  expect(await committed()).toBe(4)
})

it('I4: what was finished before a seek and is not committed yet is not committed after it', async () => {
  const group = member({ autoCommitIntervalMs: 2_000 })
  await read(group.records(), 4)
  group.seek('orders', 0, 0)
  await world.pass(10_000)
  expect(await committed()).toBeNull()
})
