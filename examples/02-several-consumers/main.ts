// Several consumers: three members of one group share four partitions; when one leaves, the others take over its share.
import { EventEmitter, once } from 'node:events'
import { Client } from '@goqueue/client'
import '../no-broker.ts'

const PARTITIONS = 4
const RECORDS = 12

const broker = process.argv[2] ?? process.env.GOQUEUE_BROKER ?? 'localhost:9092'
const client = new Client({ brokers: [broker], clientId: 'several-consumers', timeoutMs: 10_000 })

const topics = await client.admin().listTopics()
if (!topics.some(({ name }) => name === 'shared-topic')) {
  await client.admin().createTopic({ name: 'shared-topic', partitions: PARTITIONS })
}

const progress = new EventEmitter()
const consumers = ['consumer-1', 'consumer-2', 'consumer-3'].map((consumerId) =>
  client.groupConsumer({
    groupId: 'my-group',
    consumerId,
    topics: ['shared-topic'],
    sessionTimeoutMs: 30_000,
    onPartitionsAssigned: () => void progress.emit('assigned'),
  }),
)

/** Waits until these consumers have all the partitions between them, and each at least one; says who has which. */
async function isShared(members: typeof consumers): Promise<void> {
  const shares = () => members.map((consumer) => consumer.getAssignment()['shared-topic'] ?? [])
  while (shares().flat().length < PARTITIONS || shares().some((share) => share.length === 0)) {
    await once(progress, 'assigned')
  }
  for (const [index, share] of shares().entries()) {
    console.log(`${members[index]?.consumerId} has partitions ${share.join(', ')}`)
  }
}

await Promise.all(consumers.map((consumer) => consumer.joinGroup()))
await isShared(consumers)

// Every record goes to exactly one of the three: to the one that has its partition.
let finished = 0
for (const consumer of consumers) {
  void (async () => {
    for await (const record of consumer) {
      console.log(`${consumer.consumerId} reads "${record.value}" from partition ${record.partition}`)
      await consumer.commit(record)
      finished += 1
      progress.emit('finished')
    }
  })()
}
const numbers = Array.from({ length: RECORDS }, (_, index) => index)
await client
  .producer()
  .send(numbers.map((number) => ({ topic: 'shared-topic', partition: number % PARTITIONS, value: `record ${number}` })))
while (finished < RECORDS) await once(progress, 'finished')

console.log('consumer-2 leaves')
await consumers[1]?.leaveGroup()
await isShared(consumers.filter((_, index) => index !== 1))

await Promise.all(consumers.map((consumer) => consumer.close({ leave: true })))
await client.close()
console.log(`finished ${finished} records`)
