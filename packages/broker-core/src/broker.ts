// The broker: opens its rooms in order, serves connections, and closes them in the reverse order.
import type { Duplex } from 'node:stream'
import type { BrokerEvent } from './broker-event.ts'
import { Connection } from './connection.ts'
import { GroupCoordinator } from './coordinator/group-coordinator.ts'
import { describedEvent, type RoomEvent } from './described-event.ts'
import type { Services } from './handlers/services.ts'
import { FetchWaiter } from './log/fetch-waiter.ts'
import { inProcessPair } from './in-process-pair.ts'
import { KafkaDialect } from './kafka-dialect.ts'
import { LogManager } from './log/log-manager.ts'
import { settingsOf, type BrokerOptions } from './options.ts'
import { RequestBudget } from './request-budget.ts'
import { nodeRuntime, type Runtime } from './runtime.ts'
import { openStorage, type Storage } from './open-storage.ts'
import { ProducerIds } from './store/producer-ids.ts'
import { WireV1Dialect } from './wire-v1/wire-v1-dialect.ts'
import { TopicCatalog } from './topics/topic-catalog.ts'

const NODE_ID = 1
/** What an in-process client is told to dial: its `dial` ignores it. */
const IN_PROCESS = { host: 'localhost', port: 9092 } as const
const DRAIN_MS = 10_000

/** Who is at the other end of a wire. */
export interface Peer {
  readonly remoteAddress: string
  /** Where this client reaches the broker: what Metadata and FindCoordinator answer it. */
  readonly advertised: { readonly host: string; readonly port: number }
}

/** An open broker. Everything it acknowledged survives `close`, a crash and, with the default `flush`, a power cut. */
export class Broker {
  /** 22 characters, the same for the life of the data directory. */
  readonly clusterId: string
  readonly nodeId = NODE_ID
  private readonly services: Services
  private readonly logs: LogManager
  private readonly storage: Storage
  private readonly runtime: Runtime
  private readonly report: (event: BrokerEvent) => void
  private readonly budget: RequestBudget
  private readonly connections = new Set<Connection>()
  private closing: Promise<void> | null = null

  /** Use `openBroker`. */
  constructor(parts: {
    readonly services: Services
    readonly logs: LogManager
    readonly storage: Storage
    readonly report: (event: BrokerEvent) => void
  }) {
    this.services = parts.services
    this.logs = parts.logs
    this.storage = parts.storage
    this.report = parts.report
    this.runtime = parts.services.runtime
    this.clusterId = parts.services.clusterId
    this.budget = new RequestBudget(parts.services.settings.queuedMaxRequestBytes)
  }

  /** Connections being served at the moment. */
  get connectionCount(): number {
    return this.connections.size
  }

  /** One end of an in-process connection, for `new Client({ dial: () => broker.connect() })`. */
  connect(): Duplex {
    const pair = inProcessPair()
    this.serve(pair.broker, { remoteAddress: '127.0.0.1', advertised: IN_PROCESS })
    return pair.client
  }

  /** Serves a connection from now on; whatever goes wrong on it ends it and nothing else. */
  serve(wire: Duplex, peer: Peer): void {
    if (this.closing !== null) {
      wire.destroy()
      return
    }
    const connection: Connection = new Connection(wire, {
      settings: this.services.settings,
      runtime: this.runtime,
      budget: this.budget,
      peer,
      report: this.report,
      speak: (name) => (name === 'kafka' ? new KafkaDialect(this.services) : new WireV1Dialect(this.services)),
      onClosed: (ended) => this.connections.delete(ended),
    })
    this.connections.add(connection)
  }

  /**
   * Accepts nothing more, answers what is under way within `drainMs` (default 10 s), and lets go of everything. Held
   * JoinGroup and Fetch requests are answered at once. Calling it again gives the same promise.
   */
  close(options: { readonly drainMs?: number } = {}): Promise<void> {
    return (this.closing ??= this.shutDown(options.drainMs ?? DRAIN_MS))
  }

  private async shutDown(drainMs: number): Promise<void> {
    const connections = [...this.connections]
    const drained = Promise.all(connections.map((connection) => connection.drain()))
    this.services.fetchWaiter.close()
    await this.services.groups.close()
    await this.withinMs(drainMs, drained)
    for (const connection of connections) connection.end(null)
    await this.logs.close()
    await this.storage.store.close()
  }

  private withinMs(delayMs: number, done: Promise<unknown>): Promise<void> {
    return new Promise((resolve) => {
      const alarm = this.runtime.setAlarm(delayMs, resolve)
      void done.finally(() => {
        alarm.cancel()
        resolve()
      })
    })
  }
}

/**
 * Opens a broker on a data directory (`{ dataDir }`) or in memory (`{ memory: true }`); resolves when it can serve, with
 * every topic recovered and every group loaded. Rejects with BrokerOptionsError, DataDirectoryLockedError or StorageError.
 */
export async function openBroker(options: BrokerOptions): Promise<Broker> {
  const settings = await settingsOf(options)
  const runtime = options.runtime ?? nodeRuntime
  const report = options.report ?? (() => undefined)
  const reportOf = (event: RoomEvent) => report(describedEvent(event))
  const storage = await openStorage(options, runtime, reportOf)
  try {
    const { store } = storage
    const snapshot = await store.load()
    const logs = await LogManager.open({
      fileSystem: storage.fileSystem,
      directory: storage.directory,
      runtime,
      report: reportOf,
      maxConcurrentFlushes: settings.maxConcurrentFlushes,
      tailCacheBytes: settings.tailCacheBytes,
      retentionCheckIntervalMs: settings.logRetentionCheckIntervalMs,
      config: {
        segmentBytes: settings.logSegmentBytes,
        segmentMs: settings.logRollMs,
        retentionMs: settings.logRetentionMs,
        retentionBytes: settings.logRetentionBytes,
        indexIntervalBytes: settings.logIndexIntervalBytes,
        maxMessageBytes: settings.messageMaxBytes,
        messageTimestampAfterMaxMs: settings.logMessageTimestampAfterMaxMs,
        flush: settings.flush,
      },
    })
    const topics = await TopicCatalog.load({ snapshot, store, logs, runtime, report: reportOf, limits: settings })
    const groups = GroupCoordinator.load({
      snapshot,
      store,
      runtime,
      report,
      options: settings,
      partitionCount: (topic) => topics.byName(topic)?.partitions ?? 0,
    })
    groups.offsetExpiry.start()
    const services: Services = {
      settings,
      runtime,
      clusterId: snapshot.clusterId,
      nodeId: NODE_ID,
      logDirectory: storage.directory,
      topics,
      groups,
      producerIds: new ProducerIds(store, snapshot.nextProducerId),
      fetchWaiter: new FetchWaiter(runtime, settings.maxWaitingFetches),
    }
    return new Broker({ services, logs, storage, report })
  } catch (error) {
    await storage.store.close()
    throw error
  }
}
