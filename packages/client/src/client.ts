// The client: one per program is enough. It holds the connections that producers, consumers and admins share.
import { newAdmin, type Admin } from './admin.ts'
import { Cluster } from './cluster.ts'
import { dialTcp } from './connection.ts'
import { newConsumer, type Consumer } from './consumer.ts'
import { ClosedError, GoQueueError } from './errors.ts'
import { newGroupConsumer, type GroupConsumer } from './group-consumer.ts'
import {
  checkClientOptions,
  checkConsumerOptions,
  checkGroupConsumerOptions,
  checkProducerOptions,
  type ClientOptions,
  type AssignedConsumerOptions,
  type GroupConsumerOptions,
  type ProducerOptions,
} from './options.ts'
import { newProducer, type Producer } from './producer.ts'
import { nodeRuntime } from './runtime.ts'
import type { TopicToRead } from './subscription.ts'
import type { RecordOf, Topic } from './topic.ts'

/** The way to a cluster. Nothing is dialled before the first call that needs it. */
export class Client {
  private readonly cluster: Cluster
  private readonly made = new Set<{ close(): Promise<void> }>()
  private readonly members = new Set<string>()
  private sharedProducer: Producer | null = null
  private count = 0
  private closed: Promise<void> | null = null

  /** Throws GoQueueError INVALID_OPTIONS that names the option and what is allowed. */
  constructor(options: ClientOptions = {}) {
    const { brokers, clientId, timeoutMs, metadataMaxAgeMs, dial, runtime } = checkClientOptions(options)
    this.cluster = new Cluster({
      brokers,
      clientId,
      timeoutMs,
      metadataMaxAgeMs,
      dial: dial ?? dialTcp,
      runtime: runtime ?? nodeRuntime,
    })
  }

  /** Without options the client's one shared producer; with options a new one. */
  producer(options?: ProducerOptions): Producer {
    this.refuseIfClosed()
    if (options !== undefined) {
      const checked = checkProducerOptions(options)
      return this.keep((forget) => newProducer(this.cluster, checked, forget))
    }
    this.sharedProducer ??= this.keep((forget) =>
      newProducer(this.cluster, checkProducerOptions({}), () => {
        this.sharedProducer = null
        forget()
      }),
    )
    return this.sharedProducer
  }

  /** A new consumer of partitions that the application names. */
  consumer<const T extends string | Topic = string>(options: AssignedConsumerOptions<T> = {}): Consumer<RecordOf<T>> {
    this.refuseIfClosed()
    const checked = checkConsumerOptions(options)
    return this.keep((forget) => newConsumer(this.cluster, checked, this.nextName(), forget))
  }

  /** A new member of a consumer group. Throws CONSUMER_ID_IN_USE for a groupId and consumerId that this client has open. */
  groupConsumer<const T extends TopicToRead = string | RegExp>(
    options: GroupConsumerOptions<T>,
  ): GroupConsumer<RecordOf<T>> {
    this.refuseIfClosed()
    const checked = checkGroupConsumerOptions(options)
    const { groupId, consumerId } = checked
    const identity = consumerId === undefined ? null : `${groupId}\0${consumerId}`
    if (identity !== null && this.members.has(identity)) {
      throw new GoQueueError(
        'CONSUMER_ID_IN_USE',
        `client.groupConsumer: this client has a consumer '${consumerId}' in group '${groupId}': close it first`,
      )
    }
    if (identity !== null) this.members.add(identity)
    try {
      return this.keep((forget) =>
        newGroupConsumer(this.cluster, checked, this.nextName(), () => {
          if (identity !== null) this.members.delete(identity)
          forget()
        }),
      )
    } catch (error) {
      if (identity !== null) this.members.delete(identity)
      throw error
    }
  }

  /** Topics, groups and offsets. */
  admin(): Admin {
    this.refuseIfClosed()
    return newAdmin(this.cluster)
  }

  /** Closes all it made (producers deliver what they accepted, dynamic members leave their groups), then its connections. */
  close(): Promise<void> {
    this.closed ??= this.finish()
    return this.closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  private async finish(): Promise<void> {
    await Promise.allSettled([...this.made].map((part) => part.close()))
    await this.cluster.close()
  }

  private keep<T extends { close(): Promise<void> }>(make: (forget: () => void) => T): T {
    const part: T = make(() => this.made.delete(part))
    this.made.add(part)
    return part
  }

  private nextName(): string {
    this.count += 1
    return String(this.count)
  }

  private refuseIfClosed(): void {
    if (this.closed !== null) throw new ClosedError('the client is closed')
  }
}
