// End-to-end latency: from send() to the consumer's loop, at a steady 1,000 records a second with acks=all.
import { Client } from '@goqueue/client'
import { startBroker } from '../broker-process.ts'
import type { Measurement } from '../measurement.ts'
import { rawConnections } from '../raw/raw-server.ts'
import { percentile } from '../statistics.ts'

const TOPIC = 'latency'
const RECORDS_PER_SECOND = 1_000
const VALUE_BYTES = 100
/** Uncounted, for compilers and caches. */
const WARM_UP_SHARE = 0.3

/** Calls `act` at the given rate for so long. What a late timer owes is done at once, so that a stall shows in what follows. */
async function atRate(perSecond: number, ms: number, act: () => void): Promise<void> {
  const startedMs = performance.now()
  for (let done = 0; ;) {
    const sinceMs = performance.now() - startedMs
    for (const due = Math.min((sinceMs * perSecond) / 1_000, (ms * perSecond) / 1_000); done < due; done++) act()
    if (sinceMs >= ms) return
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}

export const latency: Measurement = {
  name: 'latency',
  title: `latency from send() to the consumer, ${RECORDS_PER_SECOND.toLocaleString('en')} records/s, acks=all`,
  async run({ seconds, directory }) {
    const broker = await startBroker(`${directory}/data`)
    const client = new Client({ brokers: [broker.address], clientId: 'bench' })
    await client.admin().createTopic({ name: TOPIC, partitions: 1 })
    const producer = client.producer({ acks: 'all' })
    const consumer = client.consumer()
    consumer.assign([{ topic: TOPIC, partition: 0, offset: 'earliest' }])
    const latencies: number[] = []
    const consumed = (async () => {
      for await (const { value } of consumer) latencies.push(performance.now() - value!.readDoubleBE(0))
    })()
    const sends: Promise<unknown>[] = []
    const send = () => {
      const value = Buffer.alloc(VALUE_BYTES, 'x')
      value.writeDoubleBE(performance.now(), 0)
      sends.push(producer.send({ topic: TOPIC, value }))
    }
    const [connection] = await rawConnections(directory, 1)
    const payload = Buffer.alloc(VALUE_BYTES, 'x')
    const bareLatencies: number[] = []
    const exchange = () => {
      const startedMs = performance.now()
      void connection!.exchange(payload, VALUE_BYTES).then(() => bareLatencies.push(performance.now() - startedMs))
    }
    await atRate(RECORDS_PER_SECOND, seconds * 1_000 * WARM_UP_SHARE, send)
    await Promise.all(sends)
    latencies.length = 0
    const cpuBefore = broker.process.cpuMs()
    const sentBefore = sends.length
    // In turns, so that both meet the same weather.
    const turns = Math.max(1, Math.round(seconds))
    for (let turn = 0; turn < turns; turn++) {
      await atRate(RECORDS_PER_SECOND, (seconds * 250) / turns, exchange)
      await atRate(RECORDS_PER_SECOND, (seconds * 750) / turns, send)
      await Promise.all(sends)
    }
    const brokerCpuMicroseconds = ((broker.process.cpuMs() - cpuBefore) * 1_000) / (sends.length - sentBefore)
    await consumer.close()
    await consumed
    await client.close()
    const bareAt = (share: number) => ({ name: 'TCP + fdatasync', value: percentile(bareLatencies, share) })
    return [
      {
        name: 'p50',
        value: percentile(latencies, 0.5),
        unit: 'ms',
        bare: bareAt(0.5),
        notes: { brokerCpuMicroseconds },
      },
      { name: 'p99', value: percentile(latencies, 0.99), unit: 'ms', target: { below: 5 }, bare: bareAt(0.99) },
    ]
  },
}
