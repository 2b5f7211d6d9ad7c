// What monitoring is told of one server: its numbers, and whether it should be sent traffic.
import type { Broker } from '@goqueue/broker-core'
import type { Address } from './address.ts'
import { CommitPaces } from './commit-pace.ts'
import type { ServerEvent } from './event.ts'
import { groupLags } from './group-lag.ts'
import type { Listener } from './listener.ts'
import { MetricsEndpoint, type Monitored } from './metrics-endpoint.ts'
import { ProcessMonitor } from './process-monitor.ts'
import { contentType, prometheusText } from './prometheus.ts'
import { packageVersion } from './version.ts'

interface Serving {
  readonly broker: Broker
  readonly listener: Listener
}

/** Offline ones that are named to whoever asks whether the broker is ready. */
const NAMED_PARTITIONS = 5

export class Monitoring implements Monitored {
  readonly #report: (event: ServerEvent) => void
  readonly #process = new ProcessMonitor()
  readonly #commitPaces = new CommitPaces()
  readonly #version = packageVersion()
  #endpoint: MetricsEndpoint | null = null
  #serving: Serving | null = null
  #isDraining = false
  /** What has failed at writing stays offline until a restart, because what its disk holds is not known. */
  #storeFailure: string | null = null
  #logFailure: string | null = null
  #scrape: Promise<string> | null = null

  private constructor(report: (event: ServerEvent) => void) {
    this.#report = report
  }

  /** Answers from now on, that the server is starting. Rejects with ListenError. */
  static async open(ip: string, wanted: Address, report: (event: ServerEvent) => void): Promise<Monitoring> {
    const monitoring = new Monitoring(report)
    try {
      monitoring.#endpoint = await MetricsEndpoint.open(ip, wanted, monitoring)
    } catch (error) {
      monitoring.#process.stop()
      throw error
    }
    const { address } = monitoring.#endpoint
    const message = `Metrics on http://${address}/metrics.`
    report({ kind: 'metrics-ready', level: 'info', message, address: String(address) })
    return monitoring
  }

  /** Is told of every event: what only a restart can mend makes the server unready. */
  note({ kind, message }: ServerEvent): void {
    if (kind === 'storeFailed') this.#storeFailure ??= message
    if (kind === 'log-failed') this.#logFailure ??= message
  }

  /** Clients can connect. */
  serving(serving: Serving): void {
    this.#serving = serving
  }

  /** The server is about to end. Metrics are answered until `close`. */
  draining(): void {
    this.#isDraining = true
  }

  async close(): Promise<void> {
    this.#process.stop()
    await this.#endpoint?.close()
  }

  async metrics(): Promise<{ contentType: string; text: string } | null> {
    if (this.#serving === null) return null
    // Whoever asks while an answer is being made gets that one: many scrapers cost no more than one.
    this.#scrape ??= this.#gather(this.#serving).finally(() => {
      this.#scrape = null
    })
    return { contentType, text: await this.#scrape }
  }

  unreadyReason(): string | null {
    if (this.#isDraining) return 'draining'
    if (this.#serving === null) return 'starting'
    return this.#storeFailure ?? this.#offlineReason(this.#serving)
  }

  /** None once the topic of a log that failed is deleted: nothing is left for a restart to mend. */
  #offlineReason({ broker }: Serving): string | null {
    if (this.#logFailure === null) return null
    const offline = broker.metrics().partitions.filter(({ condition }) => condition === 'offline')
    if (offline.length === 0) this.#logFailure = null
    const names = offline.slice(0, NAMED_PARTITIONS).map(({ topic, partition }) => `${topic}[${partition}]`)
    return offline.length === 0 ? null : `${offline.length} offline: ${names.join(', ')}; ${this.#logFailure}`
  }

  failed(error: unknown): void {
    const message = `metrics could not be gathered: ${error instanceof Error ? error.message : String(error)}`
    this.#report({ kind: 'metrics-failed', level: 'error', message, error })
  }

  async #gather({ broker, listener }: Serving): Promise<string> {
    const [timeBehind, freeBytes] = await Promise.all([broker.timeBehind(), broker.freeBytes()])
    const metrics = broker.metrics()
    return prometheusText({
      broker: metrics,
      lags: groupLags(metrics.groups, timeBehind, this.#commitPaces.observe(metrics.groups, performance.now())),
      freeBytes,
      refusedConnections: listener.refusedConnections,
      process: this.#process.sample(),
      version: this.#version,
    })
  }
}
