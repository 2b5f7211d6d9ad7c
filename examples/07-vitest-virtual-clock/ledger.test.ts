// An integration test of a worker with a real broker and no waiting: half a minute or a week pass in milliseconds.
import { VirtualWorld, type Line } from '@goqueue/broker-core/testing'
import { Client } from '@goqueue/client'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Ledger } from './ledger.ts'

const SECOND = 1_000
const DAY = 24 * 60 * 60 * SECOND

let world: VirtualWorld
let clients: Client[]
let office: Client

beforeEach(async () => {
  world = await VirtualWorld.open()
  clients = []
  office = client()
  await world.run(office.admin().createTopic({ name: 'payments', partitions: 2, configs: { 'retention.ms': 7 * DAY } }))
})

afterEach(() => world.close(...clients))

function client({ dial }: Pick<Line, 'dial'> = world): Client {
  const made = new Client({ dial, runtime: world.runtime })
  clients.push(made)
  return made
}

function pay(partition: number, account: string, amount: number): Promise<unknown> {
  return world.run(office.producer().send({ topic: 'payments', partition, key: account, value: String(amount) }))
}

test('adds up the payments of each account', async () => {
  const ledger = new Ledger(client())
  void ledger.run()

  await pay(0, 'ada', 10)
  await pay(1, 'ben', 5)
  await pay(0, 'ada', 20)
  await world.pass(SECOND)

  expect(ledger.balances).toEqual({ ada: 30, ben: 5 })
})

test('takes the partitions of a crashed ledger over when its session has timed out, not before', async () => {
  const doomed = world.line()
  const ledgers = [new Ledger(client(doomed)), new Ledger(client())]
  for (const ledger of ledgers) void ledger.run()
  await world.pass(5 * SECOND)
  const [crashed, survivor] = ledgers as [Ledger, Ledger]
  expect([crashed.partitions.length, survivor.partitions.length]).toEqual([1, 1])
  const orphan = crashed.partitions[0] ?? -1
  await pay(orphan, 'ada', 10)
  await world.pass(SECOND)
  expect(crashed.balances).toEqual({ ada: 10 })

  doomed.cut()
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

  const ledger = new Ledger(client())
  void ledger.run()
  await world.pass(5 * SECOND)

  expect(ledger.balances).toEqual({ ada: 20 })
})
