// Offset management: commit with a note of one's own, ask what is committed, go on from there after a restart, go back.
import { Client, type GroupConsumer } from '@goqueue/client'
import '../no-broker.ts'

const TOPIC = 'readings'
const GROUP = 'archive'

const broker = process.argv[2] ?? process.env.GOQUEUE_BROKER ?? 'localhost:9092'
const client = new Client({ brokers: [broker], clientId: 'offset-management', timeoutMs: 10_000 })
const admin = client.admin()

const topics = await admin.listTopics()
if (!topics.some(({ name }) => name === TOPIC)) await admin.createTopic({ name: TOPIC, partitions: 1 })
const sent = await client
  .producer()
  .send(Array.from({ length: 10 }, (_, index) => ({ topic: TOPIC, value: `reading ${index}` })))
const first = sent[0]?.offset ?? 0
console.log(`sent 10 readings, offsets ${first} to ${first + 9}`)

/** Reads on until `count` records are there; gives the offset behind the last. */
async function read(consumer: GroupConsumer, count: number): Promise<number> {
  const values: string[] = []
  let next = 0
  for await (const record of consumer) {
    values.push(String(record.value))
    next = record.offset + 1
    if (values.length === count) break
  }
  console.log(`read ${values[0]} to ${values.at(-1)}`)
  return next
}

// The committed offset is that of the NEXT record to read. One commit covers everything before it.
const before = client.groupConsumer({ groupId: GROUP, topics: [TOPIC] })
const next = await read(before, 4)
await before.commitOffset(TOPIC, 0, next, 'processed successfully')
const committed = await before.fetchCommitted(TOPIC, 0)
console.log(`committed: ${committed?.offset} "${committed?.metadata}"`)
await before.close()

// Another member, another process, another day: it goes on behind the last commit.
const after = client.groupConsumer({ groupId: GROUP, topics: [TOPIC] })
await after.commitOffset(TOPIC, 0, await read(after, 6))
console.log(`committed: ${await after.fetchCommittedOffset(TOPIC, 0)}, lag ${(await after.lag()).lag}`)

// A member may read something again at any time; what is committed stays until the next commit.
after.seek(TOPIC, 0, first + 7)
await read(after, 3)
await after.close()

// While a group has no members, its offsets can be set from outside (also: goqueue-admin reset-offsets).
await admin.alterGroupOffsets(GROUP, [{ topic: TOPIC, partition: 0, offset: first }])
console.log(`set back to ${first}`)
const again = client.groupConsumer({ groupId: GROUP, topics: [TOPIC] })
await again.commitOffset(TOPIC, 0, await read(again, 10))
await client.close()
