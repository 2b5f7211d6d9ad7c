// Runs goqueue-broker from the sources as a real process, and waits for what it says and does.
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const READY = /^goqueue-broker ready on (?<host>[^ ]+):(?<port>\d+)$/m

export interface Outcome {
  exitCode: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

export interface BrokerProcess {
  readonly pid: number
  /** Resolves with the address in the ready line; rejects when the process ends without one. */
  readonly ready: Promise<{ host: string; port: number }>
  readonly ended: Promise<Outcome>
  /** Resolves when the log has an event of this kind, with that event. */
  logged(kind: string): Promise<Record<string, unknown>>
  kill(signal: NodeJS.Signals): void
}

export interface StartOptions {
  /** Environment variables on top of this process's own. */
  environment?: Record<string, string>
  /** Modules that Node loads before the broker. */
  preload?: readonly string[]
}

const running = new Set<BrokerProcess>()

/** Starts goqueue-broker with these flags. */
export function startBroker(
  flags: readonly string[],
  { environment = {}, preload = [] }: StartOptions = {},
): BrokerProcess {
  const imports = [import.meta.resolve('tsx'), ...preload].flatMap((module) => ['--import', module])
  const child = spawn(process.execPath, ['--conditions=@goqueue/source', ...imports, MAIN, ...flags], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const broker = watch(child)
  running.add(broker)
  void broker.ended.then(() => running.delete(broker))
  return broker
}

/** For afterEach: no test leaves a process behind. */
export async function killAll(): Promise<void> {
  await Promise.all(
    [...running].map((broker) => {
      broker.kill('SIGKILL')
      return broker.ended
    }),
  )
}

function watch(child: ChildProcessByStdio<null, Readable, Readable>): BrokerProcess {
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text
    })
  }
  const ended = once(child, 'close').then(([exitCode, signal]): Outcome => {
    return { exitCode: exitCode as number | null, signal: signal as NodeJS.Signals | null, ...output }
  })

  /** Looks again whenever the stream says more, until there is something to find. */
  const find = async <T>(name: 'stdout' | 'stderr', look: (text: string) => T | null): Promise<T> => {
    const isOver = ended.then(() => true)
    for (;;) {
      const found = look(output[name])
      if (found !== null) return found
      const more = once(child[name], 'data').then(() => false)
      if (await Promise.race([more, isOver])) {
        throw new Error(`goqueue-broker ended without saying it:\n${output.stdout}${output.stderr}`)
      }
    }
  }
  const ready = find('stdout', (text) => {
    const { host, port } = READY.exec(text)?.groups ?? {}
    return host === undefined ? null : { host, port: Number(port) }
  })
  ready.catch(() => {}) // a test that expects a failed start asks only for `ended`
  return {
    pid: child.pid ?? 0,
    ready,
    ended,
    logged: (kind) => find('stderr', (text) => eventsIn(text).find((event) => event['kind'] === kind) ?? null),
    kill: (signal) => child.kill(signal),
  }
}

/** The events in a log; a last line that is not whole yet is left out. Throws when a line is not JSON. */
export function eventsIn(log: string): Record<string, unknown>[] {
  return log
    .slice(0, log.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}
