// What the client knows of the cluster: brokers, and topics with their leaders. Plain data, filled from Metadata answers.
import { ZERO_UUID, type ErrorCode, type ResponseOf } from '@goqueue/protocol'
import type { BrokerAddress } from './connection.ts'

export interface PartitionMetadata {
  readonly leaderId: number
  /** -1 where the broker does not say. */
  readonly leaderEpoch: number
}

export interface TopicMetadata {
  readonly name: string
  /** ZERO_UUID where the broker does not say. */
  readonly topicId: string
  readonly isInternal: boolean
  /** By partition number, without gaps. */
  readonly partitions: readonly PartitionMetadata[]
  readonly fetchedMs: number
}

/** Filled by `update`, asked by everybody else. */
export class MetadataCache {
  controllerId = -1
  private readonly brokers = new Map<number, BrokerAddress>()
  private readonly topics = new Map<string, TopicMetadata>()
  private readonly errors = new Map<string, ErrorCode>()
  private readonly stale = new Set<string>()

  /** Takes an answer in; a topic's error takes the place of what was known of it. */
  update(answer: ResponseOf<'Metadata'>, nowMs: number): void {
    if (answer.brokers.length > 0) {
      this.brokers.clear()
      for (const { nodeId, host, port } of answer.brokers) this.addBroker(nodeId, { host, port })
    }
    this.controllerId = answer.controllerId
    for (const topic of answer.topics) {
      if (topic.name === null) continue
      this.stale.delete(topic.name)
      if (topic.errorCode === 'NONE') {
        this.errors.delete(topic.name)
        this.topics.set(topic.name, this.merged(topic.name, topic, nowMs))
      } else {
        this.errors.set(topic.name, topic.errorCode)
        this.topics.delete(topic.name)
      }
    }
  }

  /** A broker learnt otherwise, e.g. from FindCoordinator. */
  addBroker(nodeId: number, address: BrokerAddress): void {
    this.brokers.set(nodeId, address)
  }

  address(nodeId: number): BrokerAddress | undefined {
    return this.brokers.get(nodeId)
  }

  addresses(): BrokerAddress[] {
    return [...this.brokers.values()]
  }

  nodeIds(): number[] {
    return [...this.brokers.keys()]
  }

  topic(name: string): TopicMetadata | undefined {
    return this.topics.get(name)
  }

  /** The error of the last answer about a topic, 'NONE' when it was found or never asked for. */
  errorOf(name: string): ErrorCode {
    return this.errors.get(name) ?? 'NONE'
  }

  /** The topic if it is known, not older than `maxAgeMs`, and nothing has spoken against it since. */
  fresh(name: string, nowMs: number, maxAgeMs: number): TopicMetadata | undefined {
    const topic = this.topics.get(name)
    return topic === undefined || this.stale.has(name) || nowMs - topic.fetchedMs > maxAgeMs ? undefined : topic
  }

  /** Something contradicts what is known of a topic: it is asked for again before its next use. */
  distrust(name: string): void {
    this.stale.add(name)
  }

  /** A broker cannot be reached: whatever it leads may be led by another now. */
  distrustBroker(address: BrokerAddress): void {
    for (const topic of this.topics.values()) {
      const isLeader = topic.partitions.some(({ leaderId }) => isSame(this.brokers.get(leaderId), address))
      if (isLeader) this.stale.add(topic.name)
    }
  }

  /** Brokers answer from their own copy of the metadata: a leader epoch never goes back (KIP-320). */
  private merged(name: string, topic: ResponseOf<'Metadata'>['topics'][number], nowMs: number): TopicMetadata {
    const known = this.topics.get(name)
    const isSameTopic = known !== undefined && (known.topicId === topic.topicId || topic.topicId === ZERO_UUID)
    const partitions: PartitionMetadata[] = []
    for (const { partitionIndex, leaderId, leaderEpoch } of topic.partitions) {
      const before = isSameTopic ? known.partitions[partitionIndex] : undefined
      const isOlder = before !== undefined && leaderEpoch !== -1 && leaderEpoch < before.leaderEpoch
      if (partitionIndex >= 0 && partitionIndex < topic.partitions.length) {
        partitions[partitionIndex] = isOlder ? before : { leaderId, leaderEpoch }
      }
    }
    // A hostile answer may name a partition twice and another not at all.
    const whole = Array.from(topic.partitions, (_, index) => partitions[index] ?? { leaderId: -1, leaderEpoch: -1 })
    return { name, topicId: topic.topicId, isInternal: topic.isInternal, partitions: whole, fetchedMs: nowMs }
  }
}

function isSame(one: BrokerAddress | undefined, other: BrokerAddress): boolean {
  return one !== undefined && one.host === other.host && one.port === other.port
}
