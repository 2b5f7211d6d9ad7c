// Lanes by key: 1,000 keys in one partition, a handler that takes 10 ms, 64 at work, beside one lane, in turns.
import { setTimeout } from 'node:timers/promises'
import { Client, type RunOptions } from '@goqueue/client'
import { startBroker } from '../broker-process.ts'
import type { Measurement } from '../measurement.ts'
import { median } from '../statistics.ts'

const TOPIC = 'lanes'
const KEYS = 1_000
const RECORDS = 100_000
const HANDLER_MS = 10
const ROUNDS = 3

export const lanes: Measurement = {
  name: 'lanes',
  title: `run(): ${KEYS.toLocaleString('en')} keys, a handler of ${HANDLER_MS} ms, 64 lanes`,
  async run({ seconds, directory }) {
    const broker = await startBroker(`${directory}/data`)
    const client = new Client({ brokers: [broker.address], clientId: 'bench' })
    await client.admin().createTopic({ name: TOPIC, partitions: 1 })
    const records = Array.from({ length: RECORDS }, (_, n) => ({ topic: TOPIC, key: `key ${n % KEYS}`, value: 'x' }))
    for (let from = 0; from < RECORDS; from += 10_000) await client.producer().send(records.slice(from, from + 10_000))

    const oneLane: number[] = []
    const byKey: number[] = []
    const ms = (seconds * 1_000) / (2 * ROUNDS)
    for (let round = 0; round < ROUNDS; round++) {
      oneLane.push(await ratePerSecond(client, `one-${round}`, ms, {}))
      byKey.push(await ratePerSecond(client, `by-key-${round}`, ms, { lanes: 'key', concurrency: 64 }))
    }
    await client.close()
    const ratios = byKey.map((rate, round) => rate / oneLane[round]!)
    return [
      {
        name: 'lanes by key',
        value: median(byKey),
        unit: 'records/s',
        bare: { name: 'one lane', value: median(oneLane) },
      },
      {
        name: 'lanes by key / one lane',
        value: median(ratios),
        unit: 'times',
        target: { atLeast: 50 },
        notes: { slowestRound: Math.min(...ratios), fastestRound: Math.max(...ratios) },
      },
    ]
  },
}

/** Records handled in a second by a group of its own, once the first handler is at work. */
async function ratePerSecond(
  client: Client,
  groupId: string,
  ms: number,
  options: Omit<RunOptions, 'handler'>,
): Promise<number> {
  const enough = new AbortController()
  let handled = 0
  let startedMs = 0
  let rate = 0
  const handler = async () => {
    if (startedMs === 0) {
      startedMs = performance.now()
      void setTimeout(ms).then(() => {
        rate = (handled * 1_000) / (performance.now() - startedMs)
        enough.abort()
      })
    }
    await setTimeout(HANDLER_MS)
    handled += 1
  }
  const group = client.groupConsumer({ groupId, topics: [TOPIC] })
  await group.run({ handler, signal: enough.signal, ...options }).catch((error: unknown) => {
    if (!enough.signal.aborted) throw error
  })
  await group.close()
  return rate
}
