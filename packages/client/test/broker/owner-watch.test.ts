// Partitions that would stay without an owner in a stable group: the leader looks for them.
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Client, GroupConsumer, GroupConsumerOptions } from '../../src/index.ts'
import { World } from '../world.ts'

let world: World
let client: Client

beforeEach(async () => {
  world = await World.open()
  client = world.client()
  await world.run(client.admin().createTopic({ name: 'orders', partitions: 4 }))
})
afterEach(() => world.close())

const member = (consumerId: string, options: Partial<GroupConsumerOptions> = {}): GroupConsumer =>
  client.groupConsumer({ groupId: 'billing', consumerId, topics: ['orders'], sessionTimeoutMs: 10_000, ...options })

const owned = (members: readonly GroupConsumer[]) =>
  members.flatMap((each) => each.getAssignment()['orders'] ?? []).sort()

it('I17: partitions that were added while the leader was away are assigned though it came back without a rebalance', async () => {
  const first = member('consumer-1')
  await world.run(first.joinGroup())
  const second = member('consumer-2')
  await world.run(second.joinGroup())
  await world.until(() => owned([first, second]).length === 4)
  await world.run(first.close())
  await world.run(client.admin().createPartitions('orders', 6))
  const again = member('consumer-1')
  await world.run(again.joinGroup())
  expect(owned([again, second])).toEqual([0, 1, 2, 3])
  const tookMs = await world.until(() => owned([again, second]).length === 6)
  expect(tookMs).toBeLessThanOrEqual(2 * 10_000 + 2_000)
})

it('a group whose partitions all have owners is left alone', async () => {
  const [first, second] = [member('consumer-1'), member('consumer-2')]
  await world.run(Promise.all([first.joinGroup(), second.joinGroup()]))
  await world.until(() => owned([first, second]).length === 4)
  await world.pass(5_000)
  const { generationId } = first
  await world.pass(200_000)
  expect(first.generationId).toBe(generationId)
})
