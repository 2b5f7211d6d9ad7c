// The command line of goqueue-broker: read with node:util, because a parser package would cost more than the whole start.
import { parseArgs } from 'node:util'
import { parseAddress, type Address } from './address.ts'
import { logLevels, type LogLevel, type ServerSettings } from './server-settings.ts'
import { UsageError } from './usage-error.ts'

/** What the command line asks for. */
export interface Flags {
  help: boolean
  version: boolean
  /** --config: the path of a configuration file. */
  config: string | undefined
  /** The settings that were given as flags, and no others. */
  settings: Partial<ServerSettings>
}

const options = {
  config: { type: 'string' },
  'data-dir': { type: 'string' },
  memory: { type: 'boolean' },
  listen: { type: 'string' },
  advertise: { type: 'string' },
  insecure: { type: 'boolean' },
  metrics: { type: 'string' },
  'log-level': { type: 'string' },
  help: { type: 'boolean' },
  version: { type: 'boolean' },
} as const

export const helpText = `goqueue-broker: the GoQueue broker, for every Kafka client.

Usage: goqueue-broker [flags]

  --config FILE          configuration file: one flat JSON object of keys in Kafka's spelling
  --data-dir DIR         where records, topics and offsets are kept (default ./data)
  --memory               keep everything in memory: for tests
  --listen HOST:PORT     default 127.0.0.1:9092; port 0 is any free port
  --advertise HOST:PORT  the address that clients are told (default: the one they connected to)
  --insecure             listen where other machines can connect, though nobody is asked who they are
  --metrics HOST:PORT    answer /metrics (Prometheus), /healthz and /readyz over HTTP there
  --log-level LEVEL      debug, info (default), warn or error
  --help                 print this and exit
  --version              print the version and exit

Every key of the file can also come from the environment: data.dir is GOQUEUE_DATA_DIR.
Flags win over the environment, the environment over the file, the file over the defaults.
When it can serve, stdout says "goqueue-broker ready on HOST:PORT". Logs go to stderr, one JSON object a line.
SIGTERM and SIGINT finish what is in flight, for up to 10 s; a second signal exits at once.
`

/** Reads the arguments after the program's name. Throws UsageError. */
export function parseFlags(args: readonly string[]): Flags {
  const values = parse(args)
  if (values.memory !== undefined && values['data-dir'] !== undefined) {
    throw new UsageError(
      '--memory and --data-dir exclude each other: either nothing is kept, or it is kept in a directory.',
    )
  }
  if (values['data-dir'] === '') throw new UsageError('--data-dir: the name of a directory is needed.')
  return {
    help: values.help ?? false,
    version: values.version ?? false,
    config: values.config,
    settings: {
      ...(values['data-dir'] !== undefined && { dataDir: values['data-dir'] }),
      ...(values.memory !== undefined && { memory: values.memory }),
      ...(values.listen !== undefined && { listen: readAddress('--listen', values.listen) }),
      ...(values.advertise !== undefined && { advertise: readAdvertised(values.advertise) }),
      ...(values.insecure !== undefined && { insecure: values.insecure }),
      ...(values.metrics !== undefined && { metrics: readAddress('--metrics', values.metrics) }),
      ...(values['log-level'] !== undefined && { logLevel: readLogLevel(values['log-level']) }),
    },
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    const [sentence = ''] = error.message.split(/\.\s/)
    throw new UsageError(`${sentence}; goqueue-broker --help lists the flags.`)
  }
}

function readAddress(flag: string, text: string): Address {
  const address = parseAddress(text)
  if (address === null)
    throw new UsageError(`${flag}: '${text}' is not HOST:PORT, such as 127.0.0.1:9092 or [::1]:9092.`)
  return address
}

function readAdvertised(text: string): Address {
  const address = readAddress('--advertise', text)
  if (address.port === 0) throw new UsageError(`--advertise: '${text}' has port 0, and no client can connect to that.`)
  return address
}

function readLogLevel(text: string): LogLevel {
  const level = logLevels.find((name) => name === text)
  if (level === undefined) throw new UsageError(`--log-level: '${text}' is none of ${logLevels.join(', ')}.`)
  return level
}
