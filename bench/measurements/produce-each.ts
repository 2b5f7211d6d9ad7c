// Produce throughput where every record is a send of its own, as an application without batches in hand writes it.
import { Client } from '@goqueue/client'
import { startBroker } from '../broker-process.ts'
import type { Measurement } from '../measurement.ts'
import { repeat } from '../repeat.ts'
import { inRounds } from '../rounds.ts'
import { bareWork, figuresOfProduce } from './produce.ts'

const TOPIC = 'produce'
const RECORD_BYTES = 100
/** Sends that are awaited together, and how many such groups are under way at once. */
const GROUP = 2_500
const GROUPS = 8

export const produceEach: Measurement = {
  name: 'produce-each',
  title: `produce, ${RECORD_BYTES} B records, acks=all, one send() for each`,
  async run({ seconds, directory }) {
    const broker = await startBroker(`${directory}/data`)
    const client = new Client({ brokers: [broker.address], clientId: 'bench' })
    await client.admin().createTopic({ name: TOPIC, partitions: 1 })
    const producer = client.producer({ acks: 'all' })
    const value = Buffer.alloc(RECORD_BYTES, 'x')
    const outcome = await inRounds({
      seconds,
      broker: broker.process,
      work: (ms) =>
        repeat(GROUPS, ms, async () => {
          await Promise.all(Array.from({ length: GROUP }, () => producer.send({ topic: TOPIC, value })))
          return GROUP
        }),
      bareWork: await bareWork(directory),
    })
    await client.close()
    return figuresOfProduce(outcome, RECORD_BYTES)
  },
}
