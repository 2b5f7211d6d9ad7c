// goqueue-broker: from flags to the ready line, and from a signal to the end.
import { helpText, parseFlags } from './flags.ts'
import { startServer, stopServer, type Server } from './lifecycle.ts'
import type { Listener } from './listener.ts'
import { Logger } from './logger.ts'
import { resolveSettings, type Settings } from './settings.ts'
import { explainStartFailure, FAILED } from './start-failure.ts'
import { packageVersion } from './version.ts'

/** How long a stopping broker finishes what is in flight. */
const DRAIN_MS = 10_000
/** When even that has not ended, the process ends anyway: whoever sent the signal counts on it. Counted from the signal. */
const LAST_DEADLINE_MS = DRAIN_MS + 5_000
/** How long a crash waits for its last words to be taken. */
const CRASH_LOG_MS = 1_000

async function main(): Promise<void> {
  const flags = parseFlags(process.argv.slice(2))
  if (flags.help) print(helpText)
  else if (flags.version) print(`${packageVersion()}\n`)
  else await serve(await resolveSettings(flags, process.env))
}

async function serve(settings: Settings): Promise<void> {
  const logger = new Logger(settings.server.logLevel)
  process.on('uncaughtException', (error) => void crash(error, logger))
  const started = startServer(settings, (event) => logger.log(event))
  const stopOnce = firstOfTwo(() => {
    // From the signal on: a start that hangs, on a disk that does not answer, must end too.
    setTimeout(() => process.exit(FAILED), LAST_DEADLINE_MS).unref()
    void started.then((server) => stop(server, logger), fail)
  })
  process.on('SIGTERM', stopOnce)
  process.on('SIGINT', stopOnce)

  const { listener } = await started.catch((error: unknown) => fail(error, settings))
  print(`goqueue-broker ready on ${listener.address}\n`)
  sayWhatStarted(settings, listener, logger)
  await logger.open()
}

function sayWhatStarted({ server, unknownVariables }: Settings, listener: Listener, logger: Logger): void {
  logger.log({
    kind: 'ready',
    level: 'info',
    message: `Ready on ${listener.address}.`,
    address: String(listener.address),
    dataDir: server.memory ? null : server.dataDir,
    version: packageVersion(),
    pid: process.pid,
  })
  if (server.insecure) {
    logger.log({
      kind: 'insecure',
      level: 'warn',
      message:
        'Whoever can connect may read and write everything: --insecure is set, and nobody is asked who they are.',
    })
  }
  if (unknownVariables.length > 0) {
    logger.log({
      kind: 'unknown-variables',
      level: 'warn',
      message: `These environment variables mean nothing to goqueue-broker: ${unknownVariables.join(', ')}.`,
      variables: unknownVariables,
    })
  }
}

async function stop(server: Server, logger: Logger): Promise<void> {
  logger.log({ kind: 'stopping', level: 'info', message: 'Stopping: finishing what is in flight.' })
  await stopServer(server, DRAIN_MS)
  logger.log({ kind: 'stopped', level: 'info', message: 'Stopped.' })
  await logger.flush()
  process.exit(0)
}

/** The first signal stops the broker; the second one means that somebody has waited long enough. */
function firstOfTwo(act: () => void): () => void {
  let calls = 0
  return () => {
    calls += 1
    if (calls === 1) act()
    else process.exit(FAILED)
  }
}

/** A fault of ours: nothing in memory can be trusted any more, and what is on disk is made for this. */
async function crash(error: Error, logger: Logger): Promise<void> {
  setTimeout(() => process.exit(FAILED), CRASH_LOG_MS).unref()
  logger.log({ kind: 'crash', level: 'error', message: error.message, stack: error.stack })
  await logger.flush()
  process.exit(FAILED)
}

function print(text: string): void {
  process.stdout.write(text)
}

/** Ends a start that did not succeed, with one sentence. */
function fail(error: unknown, settings?: Settings): never {
  const { sentence, exitCode } = explainStartFailure(error, settings)
  process.stderr.write(`goqueue-broker: ${sentence}\n`)
  process.exit(exitCode)
}

process.stdout.on('error', () => {}) // whoever waited for the ready line has gone
main().catch(fail)
