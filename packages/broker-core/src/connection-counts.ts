// Counts connections: how many there were, and what ended them.

/** What ends a connection, from the broker's side of it. */
export const connectionEnds = [
  /** The peer closed it or broke off, or it was made for one request that has been answered. */
  'closed',
  /** Nothing was asked for connections.max.idle.ms. */
  'idle',
  /** A request did not arrive whole, or an answer was not taken, in time. */
  'late',
  /** A request could not be read. */
  'malformed',
  /** The broker failed at answering. */
  'failed',
  /** All requests together held more bytes than queued.max.request.bytes, and this connection most of them. */
  'evicted',
  /** The broker was closed. */
  'shutdown',
] as const

export type ConnectionEnd = (typeof connectionEnds)[number]

export class ConnectionCounts {
  /** Connections taken over since the start. */
  total = 0
  readonly ended: Record<ConnectionEnd, number> = {
    closed: 0,
    idle: 0,
    late: 0,
    malformed: 0,
    failed: 0,
    evicted: 0,
    shutdown: 0,
  }
}
