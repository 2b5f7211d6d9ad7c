// The connections of one client: one for each broker and purpose, dialled when needed, with a pause after failures.
import { backoffMs } from './backoff.ts'
import { Connection, type BrokerAddress, type ConnectionOptions } from './connection.ts'
import { ClosedError } from './errors.ts'
import { Deferred } from './waiting.ts'

/** Kafka's socket.connection.setup.timeout.ms. */
const CONNECT_TIMEOUT_MS = 10_000

interface Failures {
  readonly count: number
  readonly retryAtMs: number
  readonly error: unknown
}

/** Keyed by address, since a broker may be known by an address before its node id is. */
export class ConnectionPool {
  private readonly options: Omit<ConnectionOptions, 'address' | 'purpose'>
  private readonly connections = new Map<string, Promise<Connection>>()
  private readonly failures = new Map<string, Failures>()
  private readonly pauses = new Set<() => void>()
  private readonly onLost: (address: BrokerAddress) => void
  private isClosed = false

  constructor(
    options: Omit<ConnectionOptions, 'address' | 'purpose'>,
    /** Told when a broker cannot be reached or a connection to it broke. */
    onLost: (address: BrokerAddress) => void,
  ) {
    this.options = options
    this.onLost = onLost
  }

  /** The connection to a broker for a purpose. Throws ConnectionError, or ClosedError after `close`. */
  async get(address: BrokerAddress, purpose: string): Promise<Connection> {
    const key = `${purpose} ${place(address)}`
    for (;;) {
      if (this.isClosed) throw closed()
      const known = this.connections.get(key)
      if (known !== undefined) {
        const connection = await known
        if (connection.isOpen) return connection
        if (this.connections.get(key) === known) this.connections.delete(key)
        continue
      }
      const opening = this.open(address, purpose)
      opening.catch(() => {
        if (this.connections.get(key) === opening) this.connections.delete(key)
      })
      this.connections.set(key, opening)
      return await opening
    }
  }

  /** Whether a connection to this broker exists or was not refused of late. */
  isPromising(address: BrokerAddress): boolean {
    const failures = this.failures.get(place(address))
    return failures === undefined || failures.retryAtMs <= this.options.runtime.nowMs()
  }

  /** What the broker said that cannot be reached at present, the latest if there are more; null where all can. */
  get lastFailure(): unknown {
    return Array.from(this.failures.values()).at(-1)?.error ?? null
  }

  /** Closes one connection, if there is one. */
  drop(purpose: string): void {
    for (const [key, connection] of this.connections) {
      if (!key.startsWith(`${purpose} `)) continue
      this.connections.delete(key)
      connection.then((opened) => opened.close()).catch(() => {})
    }
  }

  /** Waits on the pool's clock; closing the pool ends the wait. */
  async pause(delayMs: number, signal?: AbortSignal): Promise<void> {
    if (this.isClosed) throw closed()
    signal?.throwIfAborted()
    const waiting = new Deferred<void>()
    const wake = () => waiting.resolve()
    const alarm = this.options.runtime.setAlarm(delayMs, wake)
    this.pauses.add(wake)
    signal?.addEventListener('abort', wake, { once: true })
    await waiting.promise
    alarm.cancel()
    this.pauses.delete(wake)
    signal?.removeEventListener('abort', wake)
    if (this.isClosed) throw closed()
    signal?.throwIfAborted()
  }

  /** Closes every connection; what waits rejects with ClosedError. */
  async close(): Promise<void> {
    this.isClosed = true
    for (const wake of this.pauses) wake()
    const open = [...this.connections.values()]
    this.connections.clear()
    await Promise.allSettled(open.map(async (connection) => (await connection).close(closed())))
  }

  private async open(address: BrokerAddress, purpose: string): Promise<Connection> {
    const failures = this.failures.get(place(address))
    if (failures !== undefined) {
      const waitMs = failures.retryAtMs - this.options.runtime.nowMs()
      if (waitMs > 0) await this.pause(waitMs)
    }
    try {
      const timeoutMs = Math.min(this.options.timeoutMs, CONNECT_TIMEOUT_MS)
      const connection = await Connection.open({ ...this.options, timeoutMs, address, purpose: purpose.split(':')[0]! })
      if (this.isClosed) {
        connection.close(closed())
        throw closed()
      }
      this.failures.delete(place(address))
      connection.onClose(() => {
        if (!this.isClosed) this.onLost(address)
      })
      return connection
    } catch (error) {
      const count = (this.failures.get(place(address))?.count ?? 0) + 1
      const { runtime } = this.options
      this.failures.set(place(address), {
        count,
        retryAtMs: runtime.nowMs() + backoffMs(count, runtime.random()),
        error,
      })
      if (!this.isClosed) this.onLost(address)
      throw error
    }
  }
}

function closed(): ClosedError {
  return new ClosedError('the client is closed')
}

function place(address: BrokerAddress): string {
  return `${address.host}:${address.port}`
}
