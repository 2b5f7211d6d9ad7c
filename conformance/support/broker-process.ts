// Runs goqueue-broker as real processes on data directories of their own, and leaves neither behind.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { bundleBroker } from './broker-bundle.ts'

const READY = /^goqueue-broker ready on (?<host>[^ ]+):(?<port>\d+)$/m
/** How much of a broker's log a failure shows. */
const LOG_CHARACTERS = 10_000

export interface Address {
  readonly host: string
  readonly port: number
}

export interface BrokerProcess {
  readonly pid: number
  /** Where it listens; rejects, with the log, when the process ends before it is ready. */
  readonly ready: Promise<Address>
  /** Resolves when the process has ended. */
  readonly exited: Promise<{ readonly exitCode: number | null; readonly signal: NodeJS.Signals | null }>
  /** The end of what it logged. */
  readonly log: string
  kill(signal: NodeJS.Signals): void
}

export interface StartOptions {
  readonly dataDir: string
  /** 0, the default, is any free port. */
  readonly port?: number
  /** Flags besides --data-dir and --listen. */
  readonly args?: readonly string[]
}

export class BrokerProcesses {
  private readonly directories: string[] = []
  private readonly running = new Set<BrokerProcess>()
  private main = ''

  async prepare(): Promise<void> {
    this.main = await bundleBroker(await this.directory('goqueue-bundle-'))
  }

  /** A fresh directory, removed at the end. */
  async directory(prefix = 'goqueue-data-'): Promise<string> {
    const directory = await mkdtemp(join(tmpdir(), prefix))
    this.directories.push(directory)
    return directory
  }

  /** Starts a broker without waiting for it. */
  spawn({ dataDir, port = 0, args = [] }: StartOptions): BrokerProcess {
    const flags = ['--data-dir', dataDir, '--listen', `127.0.0.1:${port}`, ...args]
    const child = spawn(process.execPath, [this.main, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] })
    let log = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      log = (log + text).slice(-LOG_CHARACTERS)
    })
    const exited = once(child, 'close').then(([exitCode, signal]) => ({
      exitCode: exitCode as number | null,
      signal: signal as NodeJS.Signals | null,
    }))
    const ready = new Promise<Address>((resolve, reject) => {
      let output = ''
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        output += text
        const { host, port } = READY.exec(output)?.groups ?? {}
        if (host !== undefined) resolve({ host, port: Number(port) })
      })
      void exited.then(({ exitCode, signal }) => {
        reject(new Error(`goqueue-broker ended with ${exitCode ?? signal} before it was ready:\n${log}`))
      })
    })
    ready.catch(() => {}) // whoever kills it on its way up does not ask
    const broker: BrokerProcess = {
      pid: child.pid ?? 0,
      ready,
      exited,
      get log() {
        return log
      },
      kill: (signal) => child.kill(signal),
    }
    this.running.add(broker)
    void exited.then(() => this.running.delete(broker))
    return broker
  }

  /** Starts a broker and waits until it can serve. */
  async start(options: StartOptions): Promise<BrokerProcess & { readonly address: string; readonly port: number }> {
    const broker = this.spawn(options)
    const { host, port } = await broker.ready
    return Object.assign(broker, { address: `${host}:${port}`, port })
  }

  async end(): Promise<void> {
    for (const broker of this.running) broker.kill('SIGKILL')
    await Promise.all([...this.running].map((broker) => broker.exited))
    await Promise.all(this.directories.splice(0).map((directory) => rm(directory, { recursive: true, force: true })))
  }
}

/** To be called at the top of a test file: brokers for its tests, with everything of theirs gone after the last. */
export function useBrokerProcesses(): BrokerProcesses {
  const brokers = new BrokerProcesses()
  beforeAll(() => brokers.prepare(), 60_000)
  afterAll(() => brokers.end(), 60_000)
  return brokers
}
