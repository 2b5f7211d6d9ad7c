// What an admin does to the partitions of a topic: adds some, deletes the oldest records.
import type { Cluster } from '../cluster.ts'
import { KafkaError } from '../errors.ts'
import { groupByTopic, partitionKey, type TopicPartition } from '../record.ts'
import type { CallOptions } from '../waiting.ts'
import { throwFinal } from './throw-final.ts'

/** Records of a partition to delete. */
export interface RecordsToDelete extends TopicPartition {
  /** The first offset to keep; 'end' keeps none of the records that are there now. */
  readonly before: number | 'end'
}

/** Where a partition begins since its records were deleted. */
export interface PartitionBegin extends TopicPartition {
  /** Nothing below it can be read any more. */
  readonly beginOffset: number
}

/** Kafka's word for the high watermark in DeleteRecords. */
const HIGH_WATERMARK = -1

export async function createPartitions(
  cluster: Cluster,
  topic: string,
  total: number,
  options: CallOptions,
): Promise<void> {
  const path = `topic '${topic}'`
  await cluster.callController(`create partitions of ${path}`, options, async (connection, timeoutMs) => {
    const body = { topics: [{ name: topic, count: total, assignments: null }], timeoutMs, validateOnly: false }
    const answer = await connection.request('CreatePartitions', body, { timeoutMs })
    const [created] = answer.results
    throwFinal(created?.errorCode ?? 'UNKNOWN_SERVER_ERROR', 'CreatePartitions', path, created?.errorMessage)
  })
  cluster.distrust(topic)
}

export async function deleteRecords(
  cluster: Cluster,
  records: readonly RecordsToDelete[],
  options: CallOptions,
): Promise<PartitionBegin[]> {
  const begins = new Map<string, PartitionBegin>()
  await cluster.retrying('delete records', options, async (leftMs) => {
    const byLeader = new Map<number, RecordsToDelete[]>()
    for (const wanted of records) {
      if (begins.has(partitionKey(wanted.topic, wanted.partition))) continue
      const { leaderId } = await cluster.leader(wanted.topic, wanted.partition, options)
      byLeader.set(leaderId, [...(byLeader.get(leaderId) ?? []), wanted])
    }
    const answers = await Promise.allSettled(
      [...byLeader].map(([leaderId, ofLeader]) => askLeader(cluster, leaderId, ofLeader, leftMs, begins)),
    )
    for (const answer of answers) if (answer.status === 'rejected') throw answer.reason
  })
  return records.map(({ topic, partition }) => begins.get(partitionKey(topic, partition))!)
}

async function askLeader(
  cluster: Cluster,
  leaderId: number,
  records: readonly RecordsToDelete[],
  timeoutMs: number,
  begins: Map<string, PartitionBegin>,
): Promise<void> {
  const connection = await cluster.nodeConnection(leaderId, 'call')
  const topics = Array.from(groupByTopic(records), ([name, ofTopic]) => ({
    name,
    partitions: ofTopic.map(({ partition, before }) => ({
      partitionIndex: partition,
      offset: before === 'end' ? HIGH_WATERMARK : before,
    })),
  }))
  const answer = await connection.request('DeleteRecords', { topics, timeoutMs }, { timeoutMs })
  let failure: KafkaError | null = null
  for (const { name, partitions } of answer.topics) {
    for (const { partitionIndex, errorCode, lowWatermark } of partitions) {
      if (errorCode === 'NONE') {
        const place = { topic: name, partition: partitionIndex }
        begins.set(partitionKey(name, partitionIndex), { ...place, beginOffset: lowWatermark })
      } else {
        failure = new KafkaError(errorCode, 'DeleteRecords', `${name}[${partitionIndex}]`)
        if (failure.retriable) cluster.distrust(name)
      }
    }
  }
  if (failure !== null) throw failure
  for (const { topic, partition } of records) {
    if (begins.has(partitionKey(topic, partition))) continue
    const explanation = 'the answer does not mention it'
    throw new KafkaError('UNKNOWN_SERVER_ERROR', 'DeleteRecords', `${topic}[${partition}]`, explanation)
  }
}
