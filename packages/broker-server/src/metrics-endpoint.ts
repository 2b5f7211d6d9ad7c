// The door for monitoring: metrics, liveness and readiness over HTTP.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { Address } from './address.ts'
import { bind } from './listener.ts'

/** What is asked of the server over HTTP. */
export interface Monitored {
  /** The text of /metrics, or null while there is nothing to measure. */
  metrics(): Promise<{ readonly contentType: string; readonly text: string } | null>
  /** Why no traffic should be sent here; null when it should. */
  unreadyReason(): string | null
  /** An answer could not be given. */
  failed(error: unknown): void
}

const PLAIN = 'text/plain; charset=utf-8'
/** Whoever asks for metrics is a few scrapers, and sends a line and some headers. */
const MOST_CONNECTIONS = 64
const REQUEST_TIMEOUT_MS = 10_000
const LARGEST_HEADER_BYTES = 8_192
/** How long answers under way have when the endpoint closes. */
const CLOSING_MS = 1_000

interface Answer {
  readonly status: number
  readonly text: string
  readonly contentType?: string
  readonly headers?: Readonly<Record<string, string>>
}

export class MetricsEndpoint {
  /** Where it listens, with the port that was given out. */
  readonly address: Address
  readonly #server: Server

  private constructor(server: Server, address: Address) {
    this.#server = server
    this.address = address
  }

  /** Listens on `ip`, which `wanted` means. Rejects with ListenError. */
  static async open(ip: string, wanted: Address, monitored: Monitored): Promise<MetricsEndpoint> {
    const server = createServer({
      requestTimeout: REQUEST_TIMEOUT_MS,
      headersTimeout: REQUEST_TIMEOUT_MS,
      maxHeaderSize: LARGEST_HEADER_BYTES,
    })
    server.maxConnections = MOST_CONNECTIONS
    server.on('request', (request, response) => void respond(monitored, request, response))
    await bind(server, ip, wanted)
    const bound = server.address()
    const port = bound !== null && typeof bound === 'object' ? bound.port : 0
    return new MetricsEndpoint(server, new Address(wanted.host, port))
  }

  /** Accepts nothing more, and resolves when the answers under way are out, after a second at most. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#server.closeAllConnections(), CLOSING_MS)
      this.#server.close(() => {
        clearTimeout(timer)
        resolve()
      })
      this.#server.closeIdleConnections()
    })
  }
}

async function respond(monitored: Monitored, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { status, text, contentType = PLAIN, headers = {} } = await answerTo(monitored, request)
  response.writeHead(status, { 'content-type': contentType, 'cache-control': 'no-store', ...headers })
  response.end(text)
}

async function answerTo(monitored: Monitored, { method, url = '' }: IncomingMessage): Promise<Answer> {
  if (method !== 'GET' && method !== 'HEAD') {
    return { status: 405, text: 'Only GET and HEAD are answered.\n', headers: { allow: 'GET, HEAD' } }
  }
  switch (url.split('?', 1)[0]) {
    case '/metrics':
      return metrics(monitored)
    case '/healthz':
      return { status: 200, text: 'alive\n' }
    case '/readyz': {
      const reason = monitored.unreadyReason()
      return reason === null ? { status: 200, text: 'ready\n' } : { status: 503, text: `${reason}\n` }
    }
    default:
      return { status: 404, text: 'There are /metrics, /healthz and /readyz.\n' }
  }
}

async function metrics(monitored: Monitored): Promise<Answer> {
  try {
    const found = await monitored.metrics()
    return found === null ? { status: 503, text: 'starting\n' } : { status: 200, ...found }
  } catch (error) {
    monitored.failed(error)
    return { status: 500, text: 'The metrics could not be gathered; the log says why.\n' }
  }
}
