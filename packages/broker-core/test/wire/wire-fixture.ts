// What the tests over the wire do again and again: topics, batches, and the one partition of an answer.
import { buildRecordBatch, readRecords, splitBatches, type RequestInput, type ResponseOf } from '@goqueue/protocol'
import type { WireClient } from './wire-client.ts'

/** Creates a topic; its id. */
export async function createTopic(client: WireClient, name: string, numPartitions = 1): Promise<string> {
  const { topics } = await client.request('CreateTopics', 7, {
    topics: [{ name, numPartitions, replicationFactor: 1, assignments: [], configs: [] }],
    timeoutMs: 1_000,
  })
  const [topic] = topics
  if (topic?.errorCode !== 'NONE') throw new Error(`${name} was not created: ${topic?.errorCode}`)
  return topic.topicId
}

/** A batch of one record for each value. */
export function batch(timestampMs: number, ...values: string[]): Buffer {
  return buildRecordBatch({
    records: values.map((value) => ({ key: null, value, headers: [], timestampMs })),
    compression: 'none',
  })
}

export function produceRequest(
  topic: string,
  records: Buffer,
  options: { readonly acks?: number; readonly partition?: number } = {},
): RequestInput<'Produce'> {
  const { acks = -1, partition = 0 } = options
  return {
    acks,
    timeoutMs: 1_000,
    topicData: [{ name: topic, partitionData: [{ index: partition, records }] }],
  }
}

export type ProduceAnswer = ResponseOf<'Produce'>['responses'][number]['partitionResponses'][number]

/** Produces to one partition; its answer. */
export async function produce(
  client: WireClient,
  topic: string,
  records: Buffer,
  options: { readonly acks?: number; readonly partition?: number } = {},
): Promise<ProduceAnswer> {
  const { responses } = await client.request('Produce', 9, produceRequest(topic, records, options))
  const answer = responses[0]?.partitionResponses[0]
  if (answer === undefined) throw new Error('the broker answered for no partition')
  return answer
}

/** The values in the records of a Fetch answer. */
export function valuesIn(records: Buffer | null | undefined): string[] {
  return [...splitBatches(records ?? Buffer.alloc(0))].flatMap(({ batch }) =>
    [...readRecords(batch)].map(({ value }) => String(value)),
  )
}
