// The stall watchdog: alive, heartbeating and consuming nothing is noticed, told, and mended where starting over can mend it.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Duplex } from 'node:stream'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Client, ConsumerRecord, GroupConsumer, GroupConsumerOptions, StallEvent } from '../../src/index.ts'
import { World } from '../world.ts'

const API_KEY_AT = 4
const FETCH = 1

let world: World
let client: Client
let events: StallEvent[]
/** Whether requests to fetch get lost on their way, and everything else arrives. */
let losesFetches: boolean
const listen = (event: unknown) => void events.push(event as StallEvent)

beforeEach(async () => {
  world = await World.open()
  losesFetches = false
  client = world.client({ dial })
  events = []
  subscribe('goqueue:client:stall', listen)
  await world.run(client.admin().createTopic({ name: 'orders', partitions: 2 }))
})
afterEach(async () => {
  unsubscribe('goqueue:client:stall', listen)
  await world.close()
})

function dial(): Duplex {
  const wire = world.dial()
  const write = wire.write.bind(wire)
  wire.write = ((chunk: Buffer, ...rest: []) =>
    losesFetches && chunk.readInt16BE(API_KEY_AT) === FETCH ? true : write(chunk, ...rest)) as typeof wire.write
  return wire
}

/** From now on, and none is left that was parked before. */
async function loseFetches(): Promise<void> {
  losesFetches = true
  await world.pass(1_000)
}

function member(options: Partial<GroupConsumerOptions> = {}): GroupConsumer {
  return client.groupConsumer({ groupId: 'billing', topics: ['orders'], ...options })
}

function reading(from: GroupConsumer): ConsumerRecord[] {
  const seen: ConsumerRecord[] = []
  void (async () => {
    for await (const record of from) seen.push(record)
  })()
  return seen
}

const send = (partition: number) => world.run(client.producer().send({ topic: 'orders', partition, value: 'x' }))

it('user-pain 1: records are there and none comes: told once with the cause, and the member starts over', async () => {
  const group = member({ stallTimeoutMs: 20_000 })
  const seen = reading(group)
  await world.run(group.joinGroup())
  await send(1)
  await world.until(() => seen.length === 1)
  const { generationId } = group
  await loseFetches()
  await send(1)
  await world.until(() => events.length > 0)
  losesFetches = false
  expect(events).toEqual([
    {
      groupId: 'billing',
      memberId: group.memberId,
      consumerId: null,
      cause: 'fetch',
      isRejoining: true,
      stallTimeoutMs: 20_000,
      partitions: [{ topic: 'orders', partition: 1, position: 1, logEndOffset: 2 }],
    },
  ])
  // Nothing was committed, so that the member starts from the beginning again.
  await world.until(() => seen.length === 3)
  await world.until(() => group.generationId > generationId)
  await world.pass(120_000)
  expect(events).toHaveLength(1)
})

it('a stall is noticed within the stall timeout and a quarter of it', async () => {
  const group = member({ stallTimeoutMs: 20_000 })
  reading(group)
  await world.run(group.joinGroup())
  await loseFetches()
  await send(0)
  const tookMs = await world.until(() => events.length > 0)
  expect(tookMs).toBeLessThanOrEqual(25_000)
})

it('nothing is told of partitions without lag, of paused ones, and of those that flow', async () => {
  const group = member({ stallTimeoutMs: 10_000 })
  const seen = reading(group)
  await world.run(group.joinGroup())
  group.pause('orders', 1)
  await send(1)
  for (let i = 0; i < 12; i++) {
    await send(0)
    await world.pass(5_000)
  }
  expect(seen).toHaveLength(12)
  await world.pass(60_000)
  expect(events).toEqual([])
})

it('where it is the application that is waited for it is told, and the membership is left alone', async () => {
  const group = member({ stallTimeoutMs: 10_000 })
  await world.run(group.joinGroup())
  await send(0)
  const { generationId } = group
  await world.run(group.records().next())
  await send(0)
  await world.pass(60_000)
  expect(events).toMatchObject([
    { cause: 'application', isRejoining: false, partitions: [{ partition: 0, position: 1 }] },
  ])
  expect(group.generationId).toBe(generationId)
})

it('a handler that does not end is told as such', async () => {
  const group = member({ stallTimeoutMs: 10_000 })
  void group.run({ handler: () => new Promise(() => {}) })
  await world.run(group.joinGroup())
  await send(0)
  await send(0)
  await world.pass(60_000)
  expect(events).toMatchObject([
    { cause: 'handler', isRejoining: false, partitions: [{ partition: 0, logEndOffset: 2 }] },
  ])
})

it('Infinity watches nothing', async () => {
  const group = member({ stallTimeoutMs: Infinity })
  reading(group)
  await world.run(group.joinGroup())
  await loseFetches()
  await send(0)
  await world.pass(600_000)
  expect(events).toEqual([])
})
