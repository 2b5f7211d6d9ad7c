// A typed worker: records are checked by a schema, failed attempts are repeated, what fails for good goes to a topic of its own.
import { setTimeout } from 'node:timers/promises'
import { Client, topic } from '@goqueue/client'
import { z } from 'zod'
import '../no-broker.ts'

const broker = process.argv[2] ?? process.env.GOQUEUE_BROKER ?? 'localhost:9092'
const client = new Client({ brokers: [broker], clientId: 'typed-worker', timeoutMs: 10_000 })

// Any Standard Schema validator will do. What is sent is the schema's input; what is handled is its output.
const orders = topic('orders', {
  key: z.string(),
  value: z.object({ item: z.string(), cents: z.int().min(1), placedAt: z.iso.datetime().pipe(z.coerce.date()) }),
})
const deadOrders = 'orders-dead'

const topics = await client.admin().listTopics()
for (const name of [orders.name, deadOrders]) {
  if (!topics.some((existing) => existing.name === name)) await client.admin().createTopic({ name, partitions: 2 })
}

const placedAt = '2031-05-01T08:00:00Z'
await client.producer().send([
  { topic: orders, key: 'ada', value: { item: 'flat white', cents: 350, placedAt } },
  { topic: orders, key: 'ben', value: { item: 'espresso', cents: 200, placedAt } },
  { topic: orders, key: 'cem', value: { item: 'cortado', cents: 300, placedAt } },
  { topic: orders, key: 'dora', value: { item: 'tea', cents: 250, placedAt } },
  // { topic: orders, key: 'eva', value: { item: 'cocoa' } } does not compile: cents and placedAt are missing.
  { topic: 'orders', key: 'eva', value: '{"item":"cocoa","cents":"much"}' }, // a program without the schema sends anything
])

/** Stands for a payment service: busy at first when ben pays, and cem's card has expired. */
async function charge(customer: string, cents: number, attempt: number): Promise<void> {
  if (customer === 'ben' && attempt === 1) throw new Error('the payment service is busy')
  if (customer === 'cem') throw new Error(`${cents} cents were refused: the card has expired`)
}

const worker = client.groupConsumer({ groupId: 'payments', topics: [orders] })
await worker.joinGroup()
const working = worker.run({
  handler: async ({ key, value }, { attempt }) => {
    await charge(key, value.cents, attempt)
    console.log(`${key} paid for the ${value.item} of ${value.placedAt.getFullYear()}, attempt ${attempt}`)
  },
  concurrency: 2,
  retry: { maxAttempts: 3, backoffMs: 50 },
  deadLetter: { topic: deadOrders },
  autoCommitIntervalMs: 100,
})
while ((await worker.lag()).lag > 0) await setTimeout(100) // a service would go on
await worker.close() // lets handlers finish, and commits
await working
console.log('every order is paid for or put aside')

// Somebody looks at what was put aside. Key, value, headers and timestamp are as they were; why and whence is added.
const support = client.groupConsumer({ groupId: 'support', topics: [deadOrders] })
let left = 2
for await (const dead of support) {
  const about = new Map(dead.headers.map(([name, text]) => [name, String(text)]))
  console.log(`${dead.key}, attempts ${about.get('goqueue-dead-attempts')}: ${about.get('goqueue-dead-error')}`)
  await support.commit(dead)
  left -= 1
  if (left === 0) break
}
await client.close()
