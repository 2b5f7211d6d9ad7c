// The record batches of a partition as a broker stores them, which no client shows.
import { splitBatches, type RecordBatchHeader } from '@goqueue/protocol'
import type { Address } from './broker-process.ts'
import { WireConnection } from './wire-connection.ts'

/** The headers of the batches of partition 0, from the first on. */
export async function storedBatches(address: Address, topic: string): Promise<RecordBatchHeader[]> {
  const connection = await WireConnection.to(address)
  const fetching = connection.request('Fetch', 12, {
    maxWaitMs: 0,
    minBytes: 0,
    topics: [{ topic, partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1_000_000 }] }],
  })
  const { responses } = await fetching.finally(() => connection.close())
  const records = responses[0]?.partitions[0]?.records ?? Buffer.alloc(0)
  return [...splitBatches(records)].map(({ header }) => header)
}
