// The broker: opens its rooms in order, serves connections, and closes them in the reverse order.
import type { Duplex } from 'node:stream'
import { assertionFailures } from './assert.ts'
import type { BrokerEvent } from './broker-event.ts'
import { diskMetrics, groupMetrics, partitionMetrics, requestMetrics, type BrokerMetrics } from './broker-metrics.ts'
import { clampOffsets } from './clamp-offsets.ts'
import { Connection } from './connection.ts'
import { ConnectionCounts } from './connection-counts.ts'
import { GroupCoordinator } from './coordinator/group-coordinator.ts'
import { describedEvent, type RoomEvent } from './described-event.ts'
import { EventCounts } from './event-counts.ts'
import type { Services } from './handlers/services.ts'
import { FetchWaiter } from './log/fetch-waiter.ts'
import { inProcessPair } from './in-process-pair.ts'
import { KafkaDialect } from './kafka-dialect.ts'
import { LogManager } from './log/log-manager.ts'
import { settingsOf, type BrokerOptions } from './options.ts'
import { RebalanceHistory } from './rebalance-history.ts'
import { RequestBudget } from './request-budget.ts'
import { RequestCounts } from './request-counts.ts'
import { nodeRuntime, type Runtime } from './runtime.ts'
import { openStorage, type Storage } from './open-storage.ts'
import { ProducerIds } from './store/producer-ids.ts'
import { TimesBehind, type TimeBehind } from './time-behind.ts'
import { WireV1Dialect } from './wire-v1/wire-v1-dialect.ts'
import { TopicCatalog } from './topics/topic-catalog.ts'
import { UnsentBytes } from './unsent-bytes.ts'

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

interface BrokerParts {
  readonly services: Services
  readonly logs: LogManager
  readonly rebalances: RebalanceHistory
  readonly storage: Storage
  readonly report: (event: BrokerEvent) => void
  readonly events: EventCounts
  readonly recoveryMs: number
}

/** A door for `openBroker` alone: what a broker is made of is nobody else's business. */
let newBroker: (parts: BrokerParts) => Broker

/** An open broker, made by `openBroker`. Everything it acknowledged survives `close`, a crash and, with the default `flush`, a power cut. */
export class Broker {
  /** 22 characters, the same for the life of the data directory. */
  readonly clusterId: string
  readonly nodeId = NODE_ID
  private readonly services: Services
  private readonly logs: LogManager
  private readonly rebalances: RebalanceHistory
  private readonly storage: Storage
  private readonly runtime: Runtime
  private readonly report: (event: BrokerEvent) => void
  private readonly budget: RequestBudget
  private readonly events: EventCounts
  private readonly recoveryMs: number
  private readonly timesBehind: TimesBehind
  private readonly connections = new Set<Connection>()
  private readonly connectionCounts = new ConnectionCounts()
  private closing: Promise<void> | null = null

  static {
    newBroker = (parts) => new Broker(parts)
  }

  private constructor(parts: BrokerParts) {
    this.services = parts.services
    this.logs = parts.logs
    this.rebalances = parts.rebalances
    this.storage = parts.storage
    this.report = parts.report
    this.events = parts.events
    this.recoveryMs = parts.recoveryMs
    this.timesBehind = new TimesBehind(parts.services)
    this.runtime = parts.services.runtime
    this.clusterId = parts.services.clusterId
    this.budget = new RequestBudget(parts.services.settings.queuedMaxRequestBytes)
  }

  /** Connections being served at the moment. */
  get connectionCount(): number {
    return this.connections.size
  }

  /** The broker at this moment, in plain numbers: cheap to ask for every few seconds, however busy it is. */
  metrics(): BrokerMetrics {
    const { services, logs, storage, events } = this
    const nowMs = this.runtime.nowMs()
    return {
      connections: {
        open: this.connections.size,
        heldBack: [...this.connections].filter(({ isHeldBack }) => isHeldBack).length,
        openedTotal: this.connectionCounts.total,
        endedTotal: { ...this.connectionCounts.ended },
      },
      requests: requestMetrics(services.requests.all()),
      requestMemory: { usedBytes: this.budget.usedBytes, limitBytes: this.budget.limitBytes },
      waitingFetches: { count: services.fetchWaiter.waiting, limit: services.settings.maxWaitingFetches },
      partitions: partitionMetrics(services.topics),
      log: {
        flushMs: logs.flushCounts.durationMs.snapshot(),
        flushedBatches: logs.flushCounts.batches.snapshot(),
        flushFailuresTotal: logs.flushCounts.failures,
        recoveryMs: this.recoveryMs,
        truncatedBytesTotal: events.truncatedBytes,
        damagedRangesTotal: events.byKind.get('rot-found') ?? 0,
        tailCache: logs.tailCacheUse,
      },
      disk: diskMetrics(logs.diskReserve),
      store: {
        commitMs: storage.commits.durationMs.snapshot(),
        committedWrites: storage.commits.writes.snapshot(),
        refusedWritesTotal: storage.commits.refused,
      },
      groups: Array.from(services.groups.all(), (hosted) => groupMetrics(hosted, services.topics, nowMs)),
      rebalancesTotal: services.groups.rebalances,
      eventsTotal: new Map(events.byKind),
      assertionFailuresTotal: assertionFailures(),
    }
  }

  /**
   * How old the oldest record is that each group has not committed past, by partition. Reads the log for offsets that were
   * committed since the last call, for a fifth of a second at most; what is left follows with the next calls.
   */
  timeBehind(): Promise<TimeBehind[]> {
    return this.timesBehind.all()
  }

  /** Bytes that can still be written to the disk under the data directory; null in memory, and where the disk does not say. */
  async freeBytes(): Promise<number | null> {
    const free = await this.logs.freeBytes()
    return free === Infinity ? null : free
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
      unsent: this.services.unsent,
      peer,
      report: this.report,
      speak: (name) => (name === 'kafka' ? new KafkaDialect(this.services) : new WireV1Dialect(this.services)),
      onClosed: (ended, end) => {
        this.connections.delete(ended)
        this.connectionCounts.ended[end] += 1
      },
    })
    this.connectionCounts.total += 1
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
    for (const connection of connections) connection.end(null, 'shutdown')
    await this.rebalances.close()
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
  const events = new EventCounts()
  const report = (event: BrokerEvent) => {
    events.count(event)
    options.report?.(event)
  }
  const reportOf = (event: RoomEvent) => {
    events.note(event)
    report(describedEvent(event))
  }
  const storage = await openStorage(options, runtime, reportOf)
  let opened: LogManager | null = null
  try {
    const { store } = storage
    const snapshot = await store.load()
    const recoveryStartMs = runtime.nowMs()
    const logs = (opened = await LogManager.open({
      fileSystem: storage.fileSystem,
      directory: storage.directory,
      runtime,
      report: reportOf,
      maxConcurrentFlushes: settings.maxConcurrentFlushes,
      tailCacheBytes: settings.tailCacheBytes,
      minFreeBytes: settings.logMinFreeBytes,
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
    }))
    const topics = await TopicCatalog.load({ snapshot, store, logs, runtime, report: reportOf, limits: settings })
    const recoveryMs = runtime.nowMs() - recoveryStartMs
    const mayHaveLostRecords = settings.flush === 'os'
    const offsets = mayHaveLostRecords
      ? await clampOffsets({ offsets: snapshot.offsets, topics, store, report })
      : snapshot.offsets
    const rebalances = new RebalanceHistory({ topics, runtime, report, existingGroups: () => groups.ids() })
    const groups: GroupCoordinator = GroupCoordinator.load({
      snapshot: { groups: snapshot.groups, offsets },
      store,
      runtime,
      report,
      options: settings,
      partitionCount: (topic) => topics.byName(topic)?.partitions ?? 0,
      rebalanced: (record) => rebalances.record(record),
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
      requests: new RequestCounts(),
      unsent: new UnsentBytes(settings.fetchMaxBytes),
    }
    return newBroker({ services, logs, rebalances, storage, report, events, recoveryMs })
  } catch (error) {
    await opened?.close()
    await storage.store.close()
    throw error
  }
}
