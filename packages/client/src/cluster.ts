// The cluster behind the client: finds leaders and coordinators, remembers them, doubts them after failures, tries again.
import {
  throwOnError,
  ClosedError,
  codeOf,
  ConnectionError,
  GoQueueError,
  isRetriable,
  KafkaError,
  RequestTimeoutError,
} from './errors.ts'
import { backoffMs } from './backoff.ts'
import type { BrokerAddress, Connection, Dial } from './connection.ts'
import { ConnectionPool } from './connection-pool.ts'
import { diagnostics } from './diagnostics.ts'
import { MetadataCache, type PartitionMetadata, type TopicMetadata } from './metadata-cache.ts'
import type { Runtime } from './runtime.ts'
import { orAborted, type CallOptions } from './waiting.ts'

export interface ClusterOptions {
  readonly brokers: readonly BrokerAddress[]
  readonly dial: Dial
  readonly clientId: string
  readonly runtime: Runtime
  readonly timeoutMs: number
  readonly metadataMaxAgeMs: number
}

/**
 * What a connection is for. A broker reads no further while it holds a request, so what may be held (join, fetch)
 * never shares a connection with what may not.
 */
export type Purpose = 'call' | 'produce' | `fetch:${string}` | `join:${string}`

/** A call that is tried again while that can help. */
export interface RetryOptions extends CallOptions {
  /** In all; default: the client's `timeoutMs`. */
  readonly timeoutMs?: number | undefined
}

/** How long a topic that no broker knows is asked for again: a topic just made reaches every broker within this. */
const UNKNOWN_TOPIC_GRACE_MS = 500
const COORDINATOR_ERRORS = new Set<unknown>(['NOT_COORDINATOR', 'COORDINATOR_NOT_AVAILABLE'])

/** Used by producers, consumers and admins alike. Every method throws GoQueueErrors, or the reason of the caller's signal. */
export class Cluster {
  readonly runtime: Runtime
  readonly timeoutMs: number
  readonly metadataMaxAgeMs: number
  private readonly options: ClusterOptions
  private readonly pool: ConnectionPool
  private readonly metadata = new MetadataCache()
  private readonly coordinators = new Map<string, BrokerAddress>()
  private readonly wantedTopics = new Set<string>()
  private refreshing: Promise<void> | null = null
  private nextRefresh: Promise<void> | null = null
  private isClosed = false

  constructor(options: ClusterOptions) {
    this.options = options
    this.runtime = options.runtime
    this.timeoutMs = options.timeoutMs
    this.metadataMaxAgeMs = options.metadataMaxAgeMs
    const { dial, clientId, runtime, timeoutMs } = options
    this.pool = new ConnectionPool({ dial, clientId, runtime, timeoutMs }, (address) => {
      this.metadata.distrustBroker(address)
      this.forgetCoordinatorsAt(address)
    })
  }

  /** Runs `attempt` until it succeeds, fails for good, or time is up; then the last error is thrown. */
  async retrying<T>(what: string, options: RetryOptions, attempt: (leftMs: number) => Promise<T>): Promise<T> {
    const { runtime } = this
    const deadlineMs = runtime.nowMs() + (options.timeoutMs ?? this.timeoutMs)
    let last: unknown = null
    for (let failures = 1; ; failures++) {
      if (this.isClosed) throw new ClosedError('the client is closed')
      options.signal?.throwIfAborted()
      try {
        return await orAborted(this.inTime(what, deadlineMs, attempt, last), options.signal)
      } catch (error) {
        last = error
        const delayMs = backoffMs(failures, runtime.random())
        if (!isRetriable(error) || runtime.nowMs() + delayMs >= deadlineMs) throw error
        diagnostics.retry({ what, attempt: failures, error })
        await this.pause(delayMs, options.signal)
      }
    }
  }

  /** Waits on the runtime's clock. Rejects when the client closes or the signal fires. */
  pause(delayMs: number, signal?: AbortSignal): Promise<void> {
    return this.pool.pause(delayMs, signal)
  }

  /** Retries `attempt` on whichever broker can be reached. */
  callAny<T>(
    what: string,
    options: RetryOptions,
    attempt: (connection: Connection, leftMs: number) => Promise<T>,
  ): Promise<T> {
    return this.retrying(what, options, async (leftMs) => attempt(await this.anyConnection(), leftMs))
  }

  /** Retries `attempt` on the cluster's controller. */
  callController<T>(
    what: string,
    options: RetryOptions,
    attempt: (connection: Connection, leftMs: number) => Promise<T>,
  ): Promise<T> {
    return this.retrying(what, options, async (leftMs) => {
      if (this.metadata.address(this.metadata.controllerId) === undefined) await this.refresh([])
      const address = this.metadata.address(this.metadata.controllerId)
      try {
        const connection = address === undefined ? await this.anyConnection() : await this.pool.get(address, 'call')
        return await attempt(connection, leftMs)
      } catch (error) {
        this.metadata.controllerId = -1
        throw error
      }
    })
  }

  /** Retries `attempt` on the coordinator of a group, which is looked for again when it has moved or cannot be reached. */
  callCoordinator<T>(
    groupId: string,
    what: string,
    options: RetryOptions,
    attempt: (connection: Connection, leftMs: number) => Promise<T>,
  ): Promise<T> {
    return this.retrying(what, options, async (leftMs) => {
      const connection = await this.coordinatorConnection(groupId, 'call')
      try {
        return await attempt(connection, leftMs)
      } catch (error) {
        this.learnFrom(error, groupId)
        throw error
      }
    })
  }

  /** A connection to the coordinator of a group, for a purpose. */
  async coordinatorConnection(groupId: string, purpose: Purpose): Promise<Connection> {
    const address = this.coordinators.get(groupId) ?? (await this.findCoordinator(groupId))
    return this.pool.get(address, purpose)
  }

  /** Doubts what is known of a group's coordinator if the error gives reason to. */
  learnFrom(error: unknown, groupId: string): void {
    const isNetwork = error instanceof ConnectionError || error instanceof RequestTimeoutError
    if (isNetwork || COORDINATOR_ERRORS.has(codeOf(error))) this.coordinators.delete(groupId)
  }

  /** The connection to a broker by its node id. Throws LEADER_NOT_AVAILABLE, which is retriable, for one that is not known. */
  nodeConnection(nodeId: number, purpose: Purpose): Promise<Connection> {
    const address = this.metadata.address(nodeId)
    if (address !== undefined) return this.pool.get(address, purpose)
    return Promise.reject(new KafkaError('LEADER_NOT_AVAILABLE', 'Metadata', `broker ${nodeId}`))
  }

  /** Node ids of all brokers known. */
  nodeIds(): number[] {
    return this.metadata.nodeIds()
  }

  /** `HOST:PORT` of a broker, for people to read; empty where it is not known. */
  nodeAddress(nodeId: number): string {
    const address = this.metadata.address(nodeId)
    return address === undefined ? '' : `${address.host}:${address.port}`
  }

  /** The topic as it is known, if that is not too old and nothing has spoken against it. */
  freshTopic(name: string): TopicMetadata | undefined {
    return this.metadata.fresh(name, this.runtime.nowMs(), this.metadataMaxAgeMs)
  }

  /** The topic as it was last known, however old; `freshTopic` or `topic` is what sends go by. */
  knownTopic(name: string): TopicMetadata | undefined {
    return this.metadata.topic(name)
  }

  /** The topic, asked for if need be. Throws KafkaError UNKNOWN_TOPIC_OR_PARTITION when it does not exist. */
  async topic(name: string, options: RetryOptions = {}): Promise<TopicMetadata> {
    if (typeof name !== 'string' || name === '') {
      throw new GoQueueError('INVALID_ARGUMENT', `topic must be the name of a topic, and is ${JSON.stringify(name)}`)
    }
    const known = this.freshTopic(name)
    if (known !== undefined) return known
    // A topic that was missing a moment ago is asked for once; only the first time may it still be on its way.
    const wasMissing = this.metadata.errorOf(name) === 'UNKNOWN_TOPIC_OR_PARTITION'
    const graceEndMs = this.runtime.nowMs() + (wasMissing ? 0 : UNKNOWN_TOPIC_GRACE_MS)
    this.metadata.distrust(name)
    return this.retrying(`metadata of ${name}`, options, async () => {
      for (;;) {
        await this.refresh([name])
        const topic = this.metadata.topic(name)
        if (topic !== undefined) return topic
        const code = this.metadata.errorOf(name)
        if (code !== 'UNKNOWN_TOPIC_OR_PARTITION') throw new KafkaError(code, 'Metadata', `topic '${name}'`)
        if (this.runtime.nowMs() >= graceEndMs) throw missing(`topic '${name}'`, 'no broker knows the topic: create it')
        await this.pause(UNKNOWN_TOPIC_GRACE_MS / 5, options.signal)
      }
    })
  }

  /** The leader of a partition. Throws UNKNOWN_TOPIC_OR_PARTITION, or LEADER_NOT_AVAILABLE while there is none. */
  async leader(topic: string, partition: number, options: RetryOptions = {}): Promise<PartitionMetadata> {
    if (this.metadata.topic(topic)?.partitions[partition] === undefined) this.distrust(topic)
    const { partitions } = await this.topic(topic, options)
    const found = partitions[partition]
    if (found === undefined) {
      throw missing(`${topic}[${partition}]`, `the topic has partitions 0 to ${partitions.length - 1}`)
    }
    if (this.metadata.address(found.leaderId) !== undefined) return found
    this.metadata.distrust(topic)
    throw new KafkaError('LEADER_NOT_AVAILABLE', 'Metadata', `${topic}[${partition}]`)
  }

  /** Something contradicted what is known of a topic: it is asked for again before its next use. */
  distrust(topic: string): void {
    this.metadata.distrust(topic)
  }

  /** Asks for these topics now, together with whatever else is asked for at the time. Errors of topics are kept, not thrown. */
  refresh(topics: readonly string[]): Promise<void> {
    for (const topic of topics) this.wantedTopics.add(topic)
    if (this.nextRefresh !== null) return this.nextRefresh
    const current = this.refreshing ?? Promise.resolve()
    const next = current
      .catch(() => {})
      .then(async () => {
        this.nextRefresh = null
        this.refreshing = next
        await this.fetchMetadata()
      })
      .finally(() => {
        if (this.refreshing === next) this.refreshing = null
      })
    this.nextRefresh = next
    return next
  }

  /** Closes connections of a purpose. */
  drop(purpose: Purpose): void {
    this.pool.drop(purpose)
  }

  /** Closes every connection; whatever waits rejects with ClosedError. */
  async close(): Promise<void> {
    this.isClosed = true
    await this.pool.close()
  }

  /** A connection to any broker: known ones first, then those the user named, each once; those that just failed last. */
  private async anyConnection(): Promise<Connection> {
    const candidates = [...this.metadata.addresses(), ...this.options.brokers]
    const promising = candidates.filter((address) => this.pool.isPromising(address))
    let failure: unknown = null
    for (const address of promising.length > 0 ? promising : candidates) {
      try {
        return await this.pool.get(address, 'call')
      } catch (error) {
        failure = error
        if (!isRetriable(error)) break
      }
    }
    throw failure
  }

  /** One attempt that is given up at the deadline, whatever it waits for; `last` is what the attempt before it met. */
  private inTime<T>(
    what: string,
    deadlineMs: number,
    attempt: (leftMs: number) => Promise<T>,
    last: unknown,
  ): Promise<T> {
    const leftMs = Math.max(0, deadlineMs - this.runtime.nowMs())
    return new Promise<T>((resolve, reject) => {
      const alarm = this.runtime.setAlarm(leftMs, () => reject(notInTime(what, last ?? this.pool.lastFailure)))
      // Kafka counts whole milliseconds.
      attempt(Math.max(1, Math.ceil(leftMs))).then(
        (value) => {
          alarm.cancel()
          resolve(value)
        },
        (error: Error) => {
          alarm.cancel()
          reject(error)
        },
      )
    })
  }

  private async fetchMetadata(): Promise<void> {
    const connection = await this.anyConnection()
    const topics = [...this.wantedTopics]
    this.wantedTopics.clear()
    try {
      const answer = await connection.request('Metadata', {
        topics: topics.map((name) => ({ name })),
        allowAutoTopicCreation: false,
      })
      this.metadata.update(answer, this.runtime.nowMs())
    } catch (error) {
      // They are asked for with the next request, unless it is they that cannot be asked for.
      if (isRetriable(error)) for (const topic of topics) this.wantedTopics.add(topic)
      throw error
    }
  }

  private async findCoordinator(groupId: string): Promise<BrokerAddress> {
    const connection = await this.anyConnection()
    const answer = await connection.request('FindCoordinator', (version) =>
      version >= 4 ? { coordinatorKeys: [groupId] } : { key: groupId },
    )
    const found = answer.coordinators[0] ?? answer
    throwOnError(found.errorCode, 'FindCoordinator', `group '${groupId}'`, found.errorMessage)
    const address = { host: found.host, port: found.port }
    this.metadata.addBroker(found.nodeId, address)
    this.coordinators.set(groupId, address)
    return address
  }

  private forgetCoordinatorsAt(address: BrokerAddress): void {
    for (const [groupId, coordinator] of this.coordinators) {
      if (coordinator.host === address.host && coordinator.port === address.port) this.coordinators.delete(groupId)
    }
  }
}

/** CONNECTION_FAILED where it was a connection that could not be made, however long that was tried. */
function notInTime(what: string, last: unknown): ConnectionError | RequestTimeoutError {
  const why = last instanceof Error ? last.message : 'the cluster cannot be reached or does not answer'
  const message = `${what}: not done in time; ${why}`
  return last instanceof ConnectionError
    ? new ConnectionError(message, last)
    : new RequestTimeoutError(message, last ?? undefined)
}

/** What does not exist after a look around will not appear by asking on. */
function missing(path: string, explanation: string): KafkaError {
  return new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', 'Metadata', path, explanation, false)
}
