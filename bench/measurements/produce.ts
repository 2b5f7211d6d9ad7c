// Produce throughput: one producer, acks=all, arrays of records, one partition.
import { Client, type ProducerRecord } from '@goqueue/client'
import { startBroker } from '../broker-process.ts'
import type { Figure, Measurement, Target } from '../measurement.ts'
import { rawConnections } from '../raw/raw-server.ts'
import { repeat } from '../repeat.ts'
import { inRounds, type RoundsOutcome } from '../rounds.ts'

const TOPIC = 'produce'
/** Calls under way at once, and bytes of values in each. */
const CALLS = 8
const BYTES_PER_CALL = 256 * 1024
/** What the bare machine is given: as many bytes in as many pieces. */
const PIECE = Buffer.alloc(512 * 1024, 'x')
const PIECES = 5

export function produceOf(recordBytes: number, target?: Target): Measurement {
  return {
    name: `produce-${recordBytes}`,
    title: `produce, ${recordBytes} B records, acks=all, one producer`,
    async run({ seconds, directory }) {
      const broker = await startBroker(`${directory}/data`)
      const client = new Client({ brokers: [broker.address], clientId: 'bench' })
      await client.admin().createTopic({ name: TOPIC, partitions: 1 })
      const producer = client.producer({ acks: 'all' })
      const value = Buffer.alloc(recordBytes, 'x')
      const recordsPerCall = Math.ceil(BYTES_PER_CALL / recordBytes)
      const outcome = await inRounds({
        seconds,
        broker: broker.process,
        work: (ms) =>
          repeat(CALLS, ms, async () => {
            const records = Array.from({ length: recordsPerCall }, (): ProducerRecord => ({ topic: TOPIC, value }))
            await producer.send(records)
            return recordsPerCall
          }),
        bareWork: await bareWork(directory),
      })
      await client.close()
      return figuresOfProduce(outcome, recordBytes, target)
    },
  }
}

/** Bytes to the disk through a socket, with nothing done to them. */
export async function bareWork(directory: string): Promise<(ms: number) => Promise<number>> {
  const [connection] = await rawConnections(directory, 1)
  return (ms) =>
    repeat(PIECES, ms, async () => {
      await connection!.exchange(PIECE, 8)
      return PIECE.length
    })
}

export function figuresOfProduce(outcome: RoundsOutcome, recordBytes: number, target?: Target): Figure[] {
  const { perSecond, barePerSecond, notes } = outcome
  return [
    { name: 'records', value: perSecond, unit: 'records/s', ...(target && { target }), notes },
    {
      name: 'bytes of values',
      value: (perSecond * recordBytes) / 1e6,
      unit: 'MB/s',
      bare: { name: 'TCP + fdatasync', value: barePerSecond / 1e6 },
    },
  ]
}
