// How much lanes by key are worth, exactly, on virtual time.
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { RunOptions } from '../../src/index.ts'
import { World } from '../world.ts'

const KEYS = 1_000
const RECORDS = 6_400
const HANDLER_MS = 10

let world: World

beforeEach(async () => {
  world = await World.open()
  await world.run(world.client().admin().createTopic({ name: 'orders', partitions: 1 }))
  const records = Array.from({ length: RECORDS }, (_, n) => ({
    topic: 'orders',
    key: `key ${n % KEYS}`,
    value: String(n),
  }))
  await world.run(world.client().producer().send(records))
})
afterEach(() => world.close())

/** How long handling everything takes once the first handler is at work. */
async function timeOf(groupId: string, options: Omit<RunOptions, 'handler'>): Promise<number> {
  let firstMs = Infinity
  let handled = 0
  const handler = async () => {
    firstMs = Math.min(firstMs, world.runtime.nowMs())
    await new Promise<void>((resume) => void world.runtime.setAlarm(HANDLER_MS, resume))
    handled += 1
  }
  const group = world.client().groupConsumer({ groupId, topics: ['orders'] })
  const running = group.run({ handler, ...options })
  running.catch(() => {})
  await world.until(() => handled === RECORDS)
  const tookMs = world.runtime.nowMs() - firstMs
  await world.run(group.close())
  return tookMs
}

it('1,000 keys in one partition, a handler of 10 ms, concurrency 64: at least 50 times one lane', async () => {
  const oneLaneMs = await timeOf('one', {})
  const lanesMs = await timeOf('many', { lanes: 'key', concurrency: 64 })
  expect(oneLaneMs).toBeGreaterThanOrEqual(RECORDS * HANDLER_MS)
  expect(oneLaneMs / lanesMs).toBeGreaterThanOrEqual(50)
})
