// Subscribing by pattern: which topics, and how those that come and go are noticed.
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Client, GroupConsumer, GroupConsumerOptions, TopicToRead } from '../../src/index.ts'
import { World } from '../world.ts'

let world: World
let client: Client

beforeEach(async () => {
  world = await World.open()
  client = world.client({ metadataMaxAgeMs: 10_000 })
  for (const name of ['orders.eu', 'orders.us', 'other']) await create(name)
})
afterEach(() => world.close())

async function create(name: string): Promise<void> {
  await world.run(client.admin().createTopic({ name, partitions: 1 }))
}

function member(topics: TopicToRead[], options: Partial<GroupConsumerOptions> = {}): GroupConsumer {
  return client.groupConsumer({ groupId: 'billing', topics: topics as RegExp[], ...options })
}

const topicsOf = (group: GroupConsumer) => Object.keys(group.getAssignment()).sort()

it('is assigned every topic that matches, beside those it names', async () => {
  const group = member([/^orders\./, 'other'])
  await world.run(group.joinGroup())
  expect(topicsOf(group)).toEqual(['orders.eu', 'orders.us', 'other'])
})

it('notices a new topic within metadataMaxAgeMs, and one that is gone', async () => {
  const group = member([/^orders\./])
  await world.run(group.joinGroup())
  await create('orders.asia')
  const tookMs = await world.until(() => topicsOf(group).includes('orders.asia'))
  expect(tookMs).toBeLessThanOrEqual(11_000)
  await world.run(client.admin().deleteTopic('orders.us'))
  await world.until(() => !topicsOf(group).includes('orders.us'))
  expect(topicsOf(group)).toEqual(['orders.asia', 'orders.eu'])
})

it('a pattern that matches nothing yet is no error, and is looked for every second', async () => {
  const group = member([/^later\./])
  await world.run(group.joinGroup())
  expect(topicsOf(group)).toEqual([])
  await create('later.one')
  const tookMs = await world.until(() => topicsOf(group).length === 1)
  expect(tookMs).toBeLessThanOrEqual(2_000)
})

it('never matches internal topics: the history of rebalances stays out', async () => {
  const group = member([/./])
  await world.run(group.joinGroup())
  await world.pass(60_000)
  const internal = (await world.run(client.admin().listTopics())).filter(({ isInternal }) => isInternal)
  expect(internal.length).toBeGreaterThan(0)
  expect(topicsOf(group)).toEqual(['orders.eu', 'orders.us', 'other'])
})

it('members of one group may have patterns of their own: each gets what it subscribes to', async () => {
  const [eu, us] = [member([/eu$/]), member([/us$/])]
  await world.run(Promise.all([eu.joinGroup(), us.joinGroup()]))
  await world.pass(5_000)
  expect([topicsOf(eu), topicsOf(us)]).toEqual([['orders.eu'], ['orders.us']])
  await create('orders.south-eu')
  await world.until(() => topicsOf(eu).length === 2)
  expect(topicsOf(us)).toEqual(['orders.us'])
})

it('a topic that appears while a JoinGroup is held is not missed', async () => {
  const slow = member(['other'], { heartbeatIntervalMs: 9_000 })
  await world.run(slow.joinGroup())
  await world.pass(3_000)
  const group = member([/^orders\./])
  const joining = group.joinGroup()
  await world.pass(1_000)
  await create('orders.asia')
  await world.run(joining)
  await world.until(() => topicsOf(group).includes('orders.asia'))
})

it('a static member with patterns comes back without a rebalance, and still notices topics that are new', async () => {
  const options = { consumerId: 'consumer-1', sessionTimeoutMs: 30_000 }
  const first = member([/^orders\./], options)
  const other = member([/^orders\./], { consumerId: 'consumer-2' })
  await world.run(Promise.all([first.joinGroup(), other.joinGroup()]))
  await world.until(() => topicsOf(first).length === 1 && topicsOf(other).length === 1)
  const { generationId } = other
  const before = topicsOf(first)
  await world.run(first.close())
  const again = member([/^orders\./], options)
  await world.run(again.joinGroup())
  expect(topicsOf(again)).toEqual(before)
  await world.pass(9_000)
  expect(other.generationId).toBe(generationId)
  await create('orders.asia')
  await create('orders.africa')
  await world.until(() => topicsOf(again).length === 2 && topicsOf(other).length === 2)
})
