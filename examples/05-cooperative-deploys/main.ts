// Cooperative rebalancing under deploys: three workers are replaced one after the other while records come in. Only the
// partitions that change hands pause, and nothing is skipped.
import { EventEmitter, once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { Client, type GroupConsumer, type RecordPlace } from '@goqueue/client'
import '../no-broker.ts'

const TOPIC = 'deliveries'
const PARTITIONS = [0, 1, 2, 3, 4, 5]

const broker = process.argv[2] ?? process.env.GOQUEUE_BROKER ?? 'localhost:9092'
const client = new Client({ brokers: [broker], clientId: 'cooperative-deploys', timeoutMs: 10_000 })

const changes = new EventEmitter()
/** Offsets that a worker has finished, by partition. */
const finished = PARTITIONS.map(() => [] as number[])
/** Partitions that have changed hands in this deploy. */
const moved = new Set<number>()

/** A worker as one process of a deployment would run it: with a client of its own. */
class Worker {
  readonly name: string
  private readonly client: Client
  private readonly group: GroupConsumer
  private readonly running: Promise<void>

  constructor(name: string) {
    this.name = name
    this.client = new Client({ brokers: [broker], clientId: name, timeoutMs: 10_000 })
    const note = (partitions: Record<string, number[]>) => {
      for (const partition of partitions[TOPIC] ?? []) moved.add(partition)
      changes.emit('change')
    }
    this.group = this.client.groupConsumer({
      groupId: 'couriers',
      topics: [TOPIC],
      assignors: ['cooperative-sticky'],
      onPartitionsAssigned: note,
      onPartitionsRevoked: note,
    })
    this.running = this.group.run({
      handler: async ({ partition, offset }) => {
        await setTimeout(1) // the work
        finished[partition]?.push(offset)
      },
      concurrency: PARTITIONS.length,
      autoCommitIntervalMs: 200,
    })
  }

  get partitions(): number[] {
    return this.group.getAssignment()[TOPIC] ?? []
  }

  /** What SIGTERM should do: what is in hand is finished and committed, then the partitions go to the others. */
  async close(): Promise<void> {
    await this.client.close()
    await this.running
  }
}

const topics = await client.admin().listTopics()
if (!topics.some(({ name }) => name === TOPIC)) {
  await client.admin().createTopic({ name: TOPIC, partitions: PARTITIONS.length })
}
const workers = ['worker-1', 'worker-2', 'worker-3'].map((name) => new Worker(name))

/** Waits until each worker has its share. */
async function isBalanced(): Promise<void> {
  const share = PARTITIONS.length / workers.length
  while (workers.some(({ partitions }) => partitions.length !== share)) await once(changes, 'change')
}

const produced = PARTITIONS.map(() => [] as number[])
let isProducing = true
async function produce(): Promise<void> {
  const sends: Promise<void>[] = []
  for (let number = 0; isProducing; number++) {
    const records = PARTITIONS.map((partition) => ({ topic: TOPIC, partition, value: `delivery ${number}` }))
    const note = (places: RecordPlace[]) => places.forEach(({ partition, offset }) => produced[partition]?.push(offset))
    sends.push(client.producer().send(records).then(note))
    await setTimeout(5)
  }
  await Promise.all(sends)
}

await isBalanced()
for (const { name, partitions } of workers) console.log(`${name} has partitions ${partitions.join(', ')}`)
const producing = produce()

for (const [index, old] of workers.entries()) {
  moved.clear()
  const before = finished.map((offsets) => offsets.length)
  await old.close()
  workers[index] = new Worker(old.name)
  await isBalanced()
  const during = finished.map((offsets, partition) => offsets.length - (before[partition] ?? 0))
  const others = PARTITIONS.filter((partition) => !moved.has(partition))
  console.log(`${old.name} replaced: partitions ${[...moved].sort().join(', ')} changed hands`)
  console.log(`  meanwhile finished of ${others.map((partition) => `${partition}: ${during[partition]}`).join(', ')}`)
}

isProducing = false
await producing
while ((await client.admin().lag('couriers')).lag > 0) await setTimeout(100)
await Promise.all(workers.map((worker) => worker.close()))

const done = finished.map((offsets) => new Set(offsets))
const skipped = produced.flatMap((offsets, partition) => offsets.filter((offset) => !done[partition]?.has(offset)))
const total = produced.flat().length
console.log(`produced ${total}, skipped ${skipped.length}, finished again ${finished.flat().length - total}`)
process.exitCode = skipped.length === 0 ? 0 : 1
await client.close()
