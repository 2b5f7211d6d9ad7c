// The log: one JSON object a line on stderr. The library that writes it is loaded when there is something to say.
import type { ServerEvent } from './event.ts'
import { logLevels, type LogLevel } from './server-settings.ts'

/** Bytes of log held for a reader that does not read; beyond it lines are dropped, because the broker must not wait. */
const LONGEST_BACKLOG_BYTES = 4 * 1024 * 1024

interface Sink {
  write(event: ServerEvent): void
  /** Resolves when everything is written, or nothing can be written any more. */
  drained(): Promise<void>
}

/** Takes events at any time, and writes them in order. */
export class Logger {
  readonly #lowestRank: number
  readonly #fileDescriptor: number
  #sink: Sink | null = null
  #loading: Promise<void> | null = null
  #waiting: ServerEvent[] = []

  constructor(level: LogLevel, fileDescriptor: number = process.stderr.fd) {
    this.#lowestRank = logLevels.indexOf(level)
    this.#fileDescriptor = fileDescriptor
  }

  /** Logs one event. News of an ordinary start waits for `open()`, so that being ready waits for no library. */
  log(event: ServerEvent): void {
    const rank = logLevels.indexOf(event.level)
    if (rank < this.#lowestRank) return
    if (this.#sink !== null) return this.#sink.write(event)
    this.#waiting.push(event)
    if (rank >= logLevels.indexOf('warn')) void this.open()
  }

  /** Loads the library and writes what has waited. */
  open(): Promise<void> {
    this.#loading ??= openSink(this.#fileDescriptor).then((sink) => {
      this.#sink = sink
      for (const event of this.#waiting) sink.write(event)
      this.#waiting = []
    })
    return this.#loading
  }

  /** Resolves when everything logged so far is written, before the process ends. */
  async flush(): Promise<void> {
    if (this.#waiting.length > 0) await this.open()
    await this.#sink?.drained()
  }
}

async function openSink(fileDescriptor: number): Promise<Sink> {
  const { pino } = await import('pino')
  const destination = pino.destination({ dest: fileDescriptor, sync: false, maxLength: LONGEST_BACKLOG_BYTES })
  const state = { isDrained: true }
  const drained = () => (state.isDrained = true)
  destination.on('drain', drained)
  destination.on('error', drained) // nobody reads the log any more, and there is nowhere left to say so
  const logger = pino(
    {
      level: 'debug',
      base: null,
      messageKey: 'message',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
      serializers: { error: pino.stdSerializers.err },
    },
    destination,
  )
  return {
    write: ({ level, message, ...details }) => {
      state.isDrained = false
      logger[level](details, message)
    },
    drained: () => {
      if (state.isDrained) return Promise.resolve()
      return new Promise((resolve) => {
        destination.once('drain', resolve)
        destination.once('error', () => resolve())
      })
    },
  }
}
