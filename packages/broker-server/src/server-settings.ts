// The settings of the server itself, in one table: where it listens, whom it lets in, where the broker keeps its data.
import { Address } from './address.ts'
import { defaultConnectionLimits, type ConnectionLimits } from './connection-limits.ts'

export const logLevels = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof logLevels)[number]

export interface ServerSettings extends ConnectionLimits {
  dataDir: string
  memory: boolean
  listen: Address
  advertise: Address | undefined
  insecure: boolean
  metrics: Address | undefined
  logLevel: LogLevel
}

export const serverDefaults: Readonly<ServerSettings> = {
  /** Where records, topics and offsets are kept; relative to the working directory. One broker at a time. */
  dataDir: './data',
  /** Keep everything in memory instead: for tests. */
  memory: false,
  /** Where clients connect; port 0 is any free port. Anything but loopback needs `insecure`. */
  listen: new Address('127.0.0.1', 9092),
  /** The address that clients are told. Without it, each is told the one that it connected to. */
  advertise: undefined,
  /** Agree to listen where other machines can connect, though nobody is asked who they are. */
  insecure: false,
  /** Where monitoring asks over HTTP: `/metrics`, `/healthz`, `/readyz`. Anything but loopback needs `insecure`. Without it nothing is measured for them. */
  metrics: undefined,
  /** Events below this level are not logged. */
  logLevel: 'info',
  ...defaultConnectionLimits,
}

/** Kafka's spelling of a setting's name, as the configuration file has it: groupMaxSize is group.max.size. */
export function keyOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `.${letter.toLowerCase()}`)
}

/** The environment variable of a setting: groupMaxSize is GOQUEUE_GROUP_MAX_SIZE. */
export function variableOf(name: string): string {
  return `GOQUEUE_${keyOf(name).replaceAll('.', '_').toUpperCase()}`
}
