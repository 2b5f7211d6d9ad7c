// Where records go that have failed for good: to a topic of their own, with what is needed to find out why.
import type { Cluster } from './cluster.ts'
import { GoQueueError } from './errors.ts'
import { checkProducerOptions } from './options.ts'
import { newProducer, type Producer } from './producer.ts'
import type { Bytes, ConsumerRecord } from './record.ts'

const LONGEST_ERROR = 1_000

/** One dead-letter topic. */
export class DeadLetters {
  private readonly cluster: Cluster
  private readonly topic: string
  private readonly groupId: string
  private readonly producer: Producer

  constructor(cluster: Cluster, topic: string, groupId: string) {
    this.cluster = cluster
    this.topic = topic
    this.groupId = groupId
    this.producer = newProducer(cluster, checkProducerOptions({}), () => {})
  }

  /** Rejects when the topic is not there: better now than with the first record that needs it. */
  async open(): Promise<void> {
    try {
      await this.cluster.topic(this.topic)
    } catch (cause) {
      const { code = 'UNKNOWN_SERVER_ERROR', message = '' } = cause as GoQueueError
      throw new GoQueueError(code, `group.run: the dead-letter topic '${this.topic}' cannot be used: ${message}`, {
        cause,
      })
    }
  }

  /** Resolves when the record is in the topic, on disk as the cluster promises (acks=all): key, value, headers, timestamp as they were. */
  async send(record: ConsumerRecord, attempts: number, error: unknown): Promise<void> {
    const { key, value, timestampMs, headers } = record
    await this.producer.send({
      topic: this.topic,
      key,
      value,
      headers: [...headers, ...this.provenance(record, attempts, error)],
      ...(timestampMs >= 0 && { timestampMs }),
    })
  }

  /** Sends nothing more; what is still under way is left: its record is not finished. */
  close(): Promise<void> {
    return this.producer.close({ timeoutMs: 0 })
  }

  private provenance(record: ConsumerRecord, attempts: number, error: unknown): [string, Bytes][] {
    return [
      ['goqueue-dead-topic', record.topic],
      ['goqueue-dead-partition', String(record.partition)],
      ['goqueue-dead-offset', String(record.offset)],
      ['goqueue-dead-timestamp', String(record.timestampMs)],
      ['goqueue-dead-group', this.groupId],
      ['goqueue-dead-attempts', String(attempts)],
      ['goqueue-dead-error', messageOf(error).slice(0, LONGEST_ERROR)],
    ]
  }
}

function messageOf(error: unknown): string {
  try {
    return String(error instanceof Error ? error.message : error)
  } catch {
    return 'something was thrown that cannot be written'
  }
}
