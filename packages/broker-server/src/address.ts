// HOST:PORT as people type it: read, written, and asked whether only this machine can reach it.

/** Where something listens, or may be reached. `String(address)` is HOST:PORT, as Kafka clients take it. */
export class Address {
  readonly host: string
  readonly port: number

  constructor(host: string, port: number) {
    this.host = host
    this.port = port
  }

  /** HOST:PORT; an IPv6 host stands in brackets. */
  toString(): string {
    return this.host.includes(':') ? `[${this.host}]:${this.port}` : `${this.host}:${this.port}`
  }
}

const HOST_AND_PORT = /^(?:\[(?<ipv6>[0-9a-fA-F:.]+(?:%[\w.-]+)?)\]|(?<host>[A-Za-z0-9_.-]+)):(?<port>\d{1,5})$/
const LARGEST_PORT = 65_535

/** Reads HOST:PORT, where an IPv6 host stands in brackets; null when the text is something else. */
export function parseAddress(text: string): Address | null {
  const { ipv6, host = ipv6, port } = HOST_AND_PORT.exec(text)?.groups ?? {}
  if (host === undefined || port === undefined || Number(port) > LARGEST_PORT) return null
  return new Address(host, Number(port))
}

/** The IPv4 address inside an IPv4-mapped IPv6 one (::ffff:10.0.0.1), as sockets of a dual-stack listener report it. */
export function withoutIpv4Mapping(ip: string): string {
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip)?.[1] ?? ip
}

/** Whether an IP address, in the form that the operating system reports, is reached from this machine only. */
export function isLoopback(ip: string): boolean {
  const plain = withoutIpv4Mapping(ip)
  return plain === '::1' || /^127(\.\d{1,3}){3}$/.test(plain)
}
