// Tests of a worker against a real broker in the same process.
import { openBroker, type Broker } from '@goqueue/broker-core'
import { Client } from '@goqueue/client'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { billingWorker } from './worker.ts'

let broker: Broker
let client: Client

beforeEach(async () => {
  broker = await openBroker({ memory: true })
  client = new Client({ dial: () => broker.connect() })
  await client.admin().createTopic({ name: 'orders', partitions: 1 })
})

afterEach(async () => {
  await client.close() // the client first: it commits and leaves, and needs the broker for that
  await broker.close()
})

test('charges the customer of an order, and counts the order as done', async () => {
  let charged!: (charge: unknown) => void
  const charge = new Promise((resolve) => (charged = resolve))
  const worker = billingWorker(client, async (customer, cents) => charged([customer, cents]))
  await worker.group.joinGroup() // it has its partitions now
  const work = worker.run()
  await client.producer().send({ topic: 'orders', key: 'ada', value: '350' })

  expect(await Promise.race([charge, work])).toEqual(['ada', 350]) // if the run dies, the test says why
  await worker.group.close() // waits for the handler and commits
  await work
  expect(await client.admin().groupOffsets('billing')).toMatchObject([{ topic: 'orders', offset: 1 }])
})

test('tries a charge again that failed', async () => {
  const attempts: number[] = []
  let charged!: () => void
  const charge = new Promise<void>((resolve) => (charged = resolve))
  const worker = billingWorker(client, async (_, cents) => {
    attempts.push(cents)
    if (attempts.length < 2) throw new Error('the bank is busy')
    charged()
  })
  await worker.group.joinGroup()
  const work = worker.run()
  await client.producer().send({ topic: 'orders', key: 'ada', value: '350' })

  await Promise.race([charge, work])
  expect(attempts).toEqual([350, 350])
})
