// Reading from a point in time on.
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { ConsumerRecord, GroupConsumer } from '../../src/index.ts'
import { World } from '../world.ts'

let world: World
let group: GroupConsumer

beforeEach(async () => {
  world = await World.open()
  const client = world.client()
  await world.run(client.admin().createTopic({ name: 'orders', partitions: 1 }))
  for (const timestampMs of [1_000, 2_000, 3_000]) {
    await world.run(client.producer().send({ topic: 'orders', partition: 0, value: 'x', timestampMs }))
  }
  group = client.groupConsumer({ groupId: 'billing', topics: ['orders'] })
  await world.run(group.joinGroup())
})
afterEach(() => world.close())

it.each([
  [0, 0],
  [1_500, 1],
  [2_000, 1],
  [3_001, 3],
])('%i ms is offset %i', async (timestampMs, offset) => {
  expect(await world.run(group.seekToTimestamp('orders', 0, timestampMs))).toBe(offset)
  if (offset === 3) await world.run(world.client().producer().send({ topic: 'orders', partition: 0, value: 'x' }))
  const next = (await world.run(group.records().next())).value as ConsumerRecord
  expect(next.offset).toBe(offset)
})

it('is refused for a partition that is not ours, and for what is no time', async () => {
  await expect(world.run(group.seekToTimestamp('orders', 7, 0))).rejects.toMatchObject({ code: 'NOT_ASSIGNED' })
  await expect(world.run(group.seekToTimestamp('orders', 0, NaN))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
})

it('is given up when the partition goes meanwhile', async () => {
  const seeking = group.seekToTimestamp('orders', 0, 0)
  seeking.catch(() => {})
  const leaving = group.leaveGroup()
  await expect(world.run(seeking)).rejects.toMatchObject({ code: 'CLOSED' })
  await world.run(leaving)
})
