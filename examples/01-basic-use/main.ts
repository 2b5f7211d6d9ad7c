// Basic use: a consumer joins a group, sees what it was assigned, works through some records, commits each and leaves.
import { Client } from '@goqueue/client'
import '../no-broker.ts'

const broker = process.argv[2] ?? process.env.GOQUEUE_BROKER ?? 'localhost:9092'
const client = new Client({ brokers: [broker], clientId: 'basic-use', timeoutMs: 10_000 })

// Something to read: five records, spread over the partitions by their keys.
const topics = await client.admin().listTopics()
if (!topics.some(({ name }) => name === 'my-topic')) {
  await client.admin().createTopic({ name: 'my-topic', partitions: 4 })
}
const customers = ['ada', 'ben', 'cem', 'dora', 'eva']
await client.producer().send(customers.map((key) => ({ topic: 'my-topic', key, value: `hello ${key}` })))

const consumer = client.groupConsumer({
  groupId: 'my-consumer-group',
  consumerId: 'consumer-1', // a name of its own in the group; leave it out and the coordinator gives one
  topics: ['my-topic'],
  sessionTimeoutMs: 30_000,
})
await consumer.joinGroup() // heartbeats go out in the background from now on
console.log('assigned partitions:', JSON.stringify(consumer.getAssignment()))

let finished = 0
for await (const record of consumer) {
  console.log(`${record.topic}/${record.partition}: ${record.key} says "${record.value}"`)
  await consumer.commit(record) // whoever has this partition next goes on behind this record
  finished += 1
  if (finished === customers.length) break // a service would stay in the loop
}
console.log(`finished ${finished} records`)

await consumer.leaveGroup() // its partitions go to the others at once
console.log('left the group')
await client.close()
