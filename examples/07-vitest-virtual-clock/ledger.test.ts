// An integration test of a worker with a real broker and no waiting: half a minute or a week pass in milliseconds.
import type { Client } from '@goqueue/client'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Ledger } from './ledger.ts'
import { VirtualWorld } from './virtual-world.ts'

const SECOND = 1_000
const DAY = 24 * 60 * 60 * SECOND

let world: VirtualWorld
let office: Client

beforeEach(async () => {
  world = await VirtualWorld.open()
  office = world.client().client
  await world.outcome(
    office.admin().createTopic({ name: 'payments', partitions: 2, configs: { 'retention.ms': 7 * DAY } }),
  )
})

afterEach(() => world.close())

function pay(partition: number, account: string, amount: number): Promise<unknown> {
  return world.outcome(office.producer().send({ topic: 'payments', partition, key: account, value: String(amount) }))
}

test('adds up the payments of each account', async () => {
  const ledger = new Ledger(world.client().client)
  void ledger.run()

  await pay(0, 'ada', 10)
  await pay(1, 'ben', 5)
  await pay(0, 'ada', 20)
  await world.pass(SECOND)

  expect(ledger.balances).toEqual({ ada: 30, ben: 5 })
})

test('takes the partitions of a crashed ledger over when its session has timed out, not before', async () => {
  const doomed = world.client()
  const ledgers = [new Ledger(doomed.client), new Ledger(world.client().client)]
  for (const ledger of ledgers) void ledger.run()
  await world.pass(5 * SECOND)
  const [crashed, survivor] = ledgers as [Ledger, Ledger]
  expect([crashed.partitions.length, survivor.partitions.length]).toEqual([1, 1])
  const orphan = crashed.partitions[0] ?? -1
  await pay(orphan, 'ada', 10)
  await world.pass(SECOND)
  expect(crashed.balances).toEqual({ ada: 10 })

  doomed.crash()
  await pay(orphan, 'ada', 20)
  await world.pass(25 * SECOND)
  expect(survivor.balances).toEqual({})

  await world.pass(6 * SECOND)
  expect(survivor.partitions).toEqual([0, 1])
  expect(survivor.balances).toEqual({ ada: 20 }) // the first payment was committed: it is added up once
})

test('starts with the payments that retention has left', async () => {
  await pay(0, 'ada', 10)
  await world.pass(8 * DAY)
  await pay(0, 'ada', 20)
  await world.pass(SECOND)

  const ledger = new Ledger(world.client().client)
  void ledger.run()
  await world.pass(5 * SECOND)

  expect(ledger.balances).toEqual({ ada: 20 })
})
