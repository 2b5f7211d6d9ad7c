// The door for TCP: takes connections in, within limits, and hands each socket to the broker as one more wire.
import { lookup } from 'node:dns/promises'
import { createServer, isIP, type Server, type Socket } from 'node:net'
import type { Broker } from '@goqueue/broker-core'
import { Address, isLoopback, withoutIpv4Mapping } from './address.ts'
import { ConnectionCounter, defaultConnectionLimits, type ConnectionLimits, type Refusal } from './connection-limits.ts'
import type { ServerEvent } from './event.ts'
import { ListenError, sentenceOfListenFailure } from './listen-error.ts'

export interface ListenOptions extends Partial<ConnectionLimits> {
  /** A name or an IP address; default 127.0.0.1. Anything that other machines can reach needs `insecure`. */
  host?: string
  /** Default 0: any free port. The listener's `address` says which. */
  port?: number
  /** What Metadata answers as the broker's address. Default: the local address on which the connection arrived. */
  advertise?: { host: string; port: number }
  /** Agrees to be reached from other machines, where nobody is asked who they are. Default false. */
  insecure?: boolean
  /** Is told of refused connections and of trouble with the listening socket. */
  report?: (event: ServerEvent) => void
}

export interface Listener {
  /** Where it listens, with the port that was given out; `String(listener.address)` is HOST:PORT for any Kafka client. */
  readonly address: Address
  /** Open connections. */
  readonly connectionCount: number
  /** Connections refused since it was opened, by the limit that stood against them. */
  readonly refusedConnections: Readonly<Record<keyof ConnectionLimits, number>>
  /**
   * Stops accepting at once and resolves when all its connections have ended. Those that have not ended by themselves
   * after `drainMs` (default 0) are cut. The broker is not closed: who opened it closes it.
   */
  close(options?: { drainMs?: number }): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** Connections in the queue of the operating system that the process has not accepted yet. */
const BACKLOG = 1_024
const KEEP_ALIVE_DELAY_MS = 60_000
/** The part of the process's file descriptors that is left to segments, indexes and the database. */
const DESCRIPTORS_FOR_FILES = 0.25
/**
 * A peer that has said its last word must not keep half a connection for ever. The longest wait of a Fetch and the time to
 * take its answer fit into this.
 */
const LINGER_MS = 120_000
const REFUSAL_REPORT_INTERVAL_MS = 10_000

/**
 * Serves a broker over TCP. Resolves when connections are accepted; rejects with ListenError, whose message is one
 * sentence, when the address is taken, unknown, forbidden, or open to other machines without `insecure`.
 */
export async function listen(broker: Pick<Broker, 'serve'>, options: ListenOptions = {}): Promise<Listener> {
  const { host = '127.0.0.1', port = 0 } = options
  const wanted = new Address(host, port)
  const ip = await addressToBind(wanted, options.insecure ?? false)
  const server = createServer({
    // A client that has stopped sending may still be answered; the connection ends its own side.
    allowHalfOpen: true,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_DELAY_MS,
  })
  await bind(server, ip, wanted)
  return new TcpListener(server, broker, host, options)
}

/** The IP address that `wanted` means. Throws ListenError when others can reach it without `insecure`. */
export async function addressToBind(wanted: Address, insecure: boolean): Promise<string> {
  const ip = await resolveHost(wanted)
  if (insecure || isLoopback(ip)) return ip
  throw new ListenError(
    'NOT_LOOPBACK',
    `${wanted} can be reached from other machines, and this broker has no authentication yet: ` +
      'listen on 127.0.0.1, or agree to that with --insecure (insecure: true).',
  )
}

/** A name is asked for what it means today, so that it cannot hide an open address. */
async function resolveHost(wanted: Address): Promise<string> {
  if (isIP(wanted.host) !== 0) return wanted.host
  try {
    return (await lookup(wanted.host)).address
  } catch (error) {
    throw new ListenError('UNKNOWN_HOST', sentenceOfListenFailure(wanted, error), { cause: error })
  }
}

/** Listens; rejects with ListenError, which speaks of the address as it was `wanted`. */
export function bind(server: Server, host: string, wanted: Address): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      reject(new ListenError('NOT_LISTENING', sentenceOfListenFailure(wanted, error), { cause: error }))
    })
    server.listen({ host, port: wanted.port, backlog: BACKLOG }, () => {
      server.removeAllListeners('error')
      resolve()
    })
  })
}

class TcpListener implements Listener {
  readonly address: Address
  readonly #server: Server
  readonly #broker: Pick<Broker, 'serve'>
  readonly #advertise: { host: string; port: number } | undefined
  readonly #report: (event: ServerEvent) => void
  readonly #counter: ConnectionCounter
  readonly #sockets = new Set<Socket>()
  readonly #refusals = new Map<Refusal, { count: number; reportedMs: number }>()
  #closed: Promise<void> | undefined

  constructor(server: Server, broker: Pick<Broker, 'serve'>, host: string, options: ListenOptions) {
    this.#server = server
    this.#broker = broker
    this.#advertise = options.advertise
    this.#report = options.report ?? (() => {})
    const limits = { ...defaultConnectionLimits }
    for (const name of Object.keys(limits) as Refusal[]) limits[name] = options[name] ?? limits[name]
    this.#counter = new ConnectionCounter(limits)
    const bound = server.address()
    this.address = new Address(host, bound !== null && typeof bound === 'object' ? bound.port : 0)
    server.on('connection', (socket) => this.#accept(socket))
    server.on('error', (error) =>
      this.#report({ kind: 'listener-error', level: 'error', message: `${this.address}: ${error.message}` }),
    )
    // Not before the caller has the listener: reading the process's limits takes longer than all of the above.
    setImmediate(() => this.#capAtDescriptors(limits.maxConnections))
  }

  get connectionCount(): number {
    return this.#counter.open
  }

  get refusedConnections(): Record<Refusal, number> {
    const count = (limit: Refusal) => this.#refusals.get(limit)?.count ?? 0
    return {
      maxConnections: count('maxConnections'),
      maxConnectionsPerIp: count('maxConnectionsPerIp'),
      maxConnectionCreationRate: count('maxConnectionCreationRate'),
    }
  }

  close({ drainMs = 0 }: { drainMs?: number } = {}): Promise<void> {
    this.#closed ??= new Promise((resolve) => {
      const cut = () => {
        for (const socket of this.#sockets) socket.destroy()
      }
      const timer = setTimeout(cut, drainMs)
      this.#server.close(() => {
        clearTimeout(timer)
        resolve()
      })
      if (drainMs === 0) cut()
    })
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #accept(socket: Socket): void {
    const { remoteAddress, localAddress, localPort } = socket
    if (remoteAddress === undefined || localAddress === undefined || localPort === undefined) {
      socket.destroy() // gone before it was looked at
      return
    }
    const ip = withoutIpv4Mapping(remoteAddress)
    const refusal = this.#counter.admit(ip, isLoopback(ip), performance.now())
    if (refusal !== null) {
      socket.destroy()
      this.#countRefusal(refusal, ip)
      return
    }
    this.#sockets.add(socket)
    let lingering: NodeJS.Timeout | undefined
    socket.once('end', () => {
      lingering = setTimeout(() => socket.destroy(), LINGER_MS)
    })
    socket.once('close', () => {
      clearTimeout(lingering)
      this.#sockets.delete(socket)
      this.#counter.release(ip)
    })
    const advertised = this.#advertise ?? { host: withoutIpv4Mapping(localAddress), port: localPort }
    this.#broker.serve(socket, { remoteAddress: ip, advertised })
  }

  /** A flood must not become a flood of log lines: each limit speaks at most once in ten seconds. */
  #countRefusal(limit: Refusal, ip: string): void {
    const nowMs = performance.now()
    const refusal = this.#refusals.get(limit) ?? { count: 0, reportedMs: Number.NEGATIVE_INFINITY }
    this.#refusals.set(limit, refusal)
    refusal.count += 1
    if (nowMs - refusal.reportedMs < REFUSAL_REPORT_INTERVAL_MS) return
    refusal.reportedMs = nowMs
    this.#report({
      kind: 'connection-refused',
      level: 'warn',
      message: `A connection from ${ip} was refused: ${limit} is reached (${refusal.count} refused since the start).`,
      limit,
      remoteAddress: ip,
      refusedCount: refusal.count,
    })
  }

  #capAtDescriptors(maxConnections: number): void {
    const descriptors = openFilesLimit()
    const room = Math.floor(descriptors * (1 - DESCRIPTORS_FOR_FILES))
    if (room >= maxConnections) return
    this.#counter.capAt(room)
    this.#report({
      kind: 'few-file-descriptors',
      level: 'warn',
      message: `This process may open ${descriptors} files (ulimit -n), so it takes ${room} connections instead of ${maxConnections}.`,
      openFilesLimit: descriptors,
      maxConnections: room,
    })
  }
}

/** The soft limit on open files (RLIMIT_NOFILE) of this process; Infinity where there is none. */
function openFilesLimit(): number {
  const reporter: typeof process.report & { excludeNetwork?: boolean } = process.report
  const { excludeNetwork = false } = reporter
  reporter.excludeNetwork = true // or it would look up the name of every peer, and wait for it
  const report = reporter.getReport() as { userLimits?: { open_files?: { soft?: number | string } } }
  reporter.excludeNetwork = excludeNetwork
  const limit = Number(report.userLimits?.open_files?.soft)
  return Number.isNaN(limit) ? Infinity : limit
}
