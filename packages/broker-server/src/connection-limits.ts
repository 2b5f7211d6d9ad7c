// How many connections the listener takes: in total, and from one address (row N13 of the abuse table).

/** Limits on connections. What is counted per address spares loopback: a machine does not flood itself. */
export interface ConnectionLimits {
  /** Open connections in total, and never more than the process has file descriptors for. */
  maxConnections: number
  /** Open connections from one address; loopback is not counted. */
  maxConnectionsPerIp: number
  /** New connections from one address in one second; loopback is not counted. */
  maxConnectionCreationRate: number
}

export const defaultConnectionLimits: Readonly<ConnectionLimits> = {
  maxConnections: 10_000,
  maxConnectionsPerIp: 200,
  maxConnectionCreationRate: 100,
}

/** Which limit a refused connection met. */
export type Refusal = keyof ConnectionLimits

/** Counts connections against the limits. Loopback addresses are asked for by name, because only the caller knows them. */
export class ConnectionCounter {
  readonly #limits: ConnectionLimits
  readonly #openByIp = new Map<string, number>()
  readonly #newByIp = new Map<string, number>()
  #second = Number.NEGATIVE_INFINITY
  #open = 0

  constructor(limits: Readonly<ConnectionLimits>) {
    this.#limits = { ...limits }
  }

  get open(): number {
    return this.#open
  }

  /** Lowers the total, when the process turns out to have fewer file descriptors than that. */
  capAt(maxConnections: number): void {
    this.#limits.maxConnections = Math.min(this.#limits.maxConnections, maxConnections)
  }

  /** Takes a connection in, or says which limit stands against it. What was taken in must be released. */
  admit(ip: string, isLoopback: boolean, nowMs: number): Refusal | null {
    if (this.#open >= this.#limits.maxConnections) return 'maxConnections'
    const openHere = this.#openByIp.get(ip) ?? 0
    if (!isLoopback) {
      if (openHere >= this.#limits.maxConnectionsPerIp) return 'maxConnectionsPerIp'
      const newHere = this.#newInThisSecond(ip, nowMs)
      if (newHere >= this.#limits.maxConnectionCreationRate) return 'maxConnectionCreationRate'
      this.#newByIp.set(ip, newHere + 1)
    }
    this.#open += 1
    this.#openByIp.set(ip, openHere + 1)
    return null
  }

  release(ip: string): void {
    this.#open -= 1
    const left = (this.#openByIp.get(ip) ?? 1) - 1
    if (left === 0) this.#openByIp.delete(ip)
    else this.#openByIp.set(ip, left)
  }

  #newInThisSecond(ip: string, nowMs: number): number {
    const second = Math.floor(nowMs / 1000)
    if (second !== this.#second) this.#newByIp.clear() // so it never holds more than one second's addresses
    this.#second = second
    return this.#newByIp.get(ip) ?? 0
  }
}
