// Fetch throughput: one consumer iterates a partition from its beginning, again and again.
import { Client, type ProducerRecord } from '@goqueue/client'
import { startBroker } from '../broker-process.ts'
import type { Measurement } from '../measurement.ts'
import { rawConnections } from '../raw/raw-server.ts'
import { repeat } from '../repeat.ts'
import { inRounds } from '../rounds.ts'

const TOPIC = 'fetch'
/** More than the broker keeps in memory, so that most reads come from the file. */
const STORED_BYTES = 96 * 1024 * 1024
/** For short runs: do not write for longer than is read. */
const STORED_BYTES_PER_SECOND = 16 * 1024 * 1024
const RECORDS_PER_SEND = 2_000
/** What the bare machine answers at a time: as much as one partition of a Fetch. */
const ANSWER_BYTES = 1024 * 1024
const NOTHING = Buffer.alloc(0)

export function fetchOf(recordBytes: number): Measurement {
  return {
    name: `fetch-${recordBytes}`,
    title: `fetch, ${recordBytes} B records, one consumer`,
    async run({ seconds, directory }) {
      const broker = await startBroker(`${directory}/data`)
      const client = new Client({ brokers: [broker.address], clientId: 'bench' })
      await client.admin().createTopic({ name: TOPIC, partitions: 1 })
      const count = await store(client, Math.min(STORED_BYTES, seconds * STORED_BYTES_PER_SECOND), recordBytes)
      const consumer = client.consumer()
      consumer.assign([{ topic: TOPIC, partition: 0, offset: 'earliest' }])
      let expected = 0
      const consume = async (ms: number) => {
        const endMs = performance.now() + ms
        let records = 0
        for await (const { offset } of consumer) {
          if (offset !== expected) throw new Error(`offset ${offset} came where ${expected} was due`)
          records += 1
          expected += 1
          if (expected === count) {
            consumer.seek(TOPIC, 0, 0)
            expected = 0
          }
          // A look at the clock for each record would be a part of the measurement.
          if ((records & 0xff) === 0 && performance.now() >= endMs) break
        }
        return records
      }
      const [connection] = await rawConnections(directory, 1)
      const { perSecond, barePerSecond, notes } = await inRounds({
        seconds,
        broker: broker.process,
        work: consume,
        bareWork: (ms) => repeat(1, ms, () => connection!.exchange(NOTHING, ANSWER_BYTES).then(() => ANSWER_BYTES)),
      })
      await client.close()
      return [
        { name: 'records', value: perSecond, unit: 'records/s', notes },
        {
          name: 'bytes of values',
          value: (perSecond * recordBytes) / 1e6,
          unit: 'MB/s',
          bare: { name: 'TCP', value: barePerSecond / 1e6 },
        },
      ]
    },
  }
}

/** Writes about so many bytes, and gives the number of records. */
async function store(client: Client, bytes: number, recordBytes: number): Promise<number> {
  const producer = client.producer()
  const value = Buffer.alloc(recordBytes, 'x')
  const calls = Math.ceil(bytes / recordBytes / RECORDS_PER_SEND)
  const records = Array.from({ length: RECORDS_PER_SEND }, (): ProducerRecord => ({ topic: TOPIC, value }))
  const sends: Promise<unknown>[] = []
  for (let call = 0; call < calls; call++) {
    sends.push(producer.send(records))
    if (sends.length >= 16) await sends.shift()
  }
  await Promise.all(sends)
  return calls * RECORDS_PER_SEND
}
