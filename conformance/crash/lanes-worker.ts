// A worker with lanes by key that says which records it has handled, until it is killed: node lanes-worker.js HOST:PORT FILE.
import { openSync, writeSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { Client, type ConsumerRecord } from '@goqueue/client'

const [broker = '', file = ''] = process.argv.slice(2)
const handled = openSync(file, 'a')
const client = new Client({ brokers: [broker] })
// Static: whoever is started next has the partition at once.
const group = client.groupConsumer({ groupId: 'workers', consumerId: 'worker-1', topics: ['orders'] })

/** Some keys are much slower than others, so that records are finished far out of order. */
async function handle({ key, offset }: ConsumerRecord): Promise<void> {
  await setTimeout(Number(key) % 10 === 0 ? 60 : 2)
  writeSync(handled, `${offset}\n`)
  process.stdout.write(`${offset}\n`)
}

await group.run({ handler: handle, concurrency: 64, lanes: 'key', autoCommitIntervalMs: 20 })
