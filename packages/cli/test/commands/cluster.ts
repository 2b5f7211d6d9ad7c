// A real broker on a free port, and goqueue-admin run against it in this process.
import { PassThrough, Readable, type Writable } from 'node:stream'
import { openBroker, type Broker, type BrokerOptions } from '@goqueue/broker-core'
import { listen, type Listener } from '@goqueue/broker-server'
import { main } from '../../src/run.ts'

export interface Outcome {
  exitCode: number
  stdout: string
  stderr: string
}

export interface RunOptions {
  stdin?: Readable | string | Buffer
  interrupt?: AbortSignal
  stdout?: Writable
  stderrIsTerminal?: boolean
}

export class Cluster {
  readonly broker: Broker
  readonly listener: Listener

  private constructor(broker: Broker, listener: Listener) {
    this.broker = broker
    this.listener = listener
  }

  static async open(options: BrokerOptions = {}): Promise<Cluster> {
    const broker = await openBroker({ memory: true, groupInitialRebalanceDelayMs: 0, ...options })
    return new Cluster(broker, await listen(broker))
  }

  /** HOST:PORT */
  get address(): string {
    return String(this.listener.address)
  }

  /** Runs goqueue-admin with these arguments against this cluster. */
  run(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
    return runAdmin(['--broker', this.address, ...args], options)
  }

  /** Runs a command that must succeed, and gives what it says in JSON. */
  async json<T = unknown>(args: readonly string[], options: RunOptions = {}): Promise<T> {
    const { exitCode, stdout, stderr } = await this.run([...args, '--output', 'json'], options)
    if (exitCode !== 0) throw new Error(`${args.join(' ')} exited with ${exitCode}: ${stderr}`)
    return JSON.parse(stdout) as T
  }

  async close(): Promise<void> {
    await this.listener.close()
    await this.broker.close()
  }
}

/** A stream that keeps what is written to it, and tells who waits for more. */
export class Collector extends PassThrough {
  text = ''

  constructor() {
    super()
    this.setEncoding('utf8').on('data', (chunk: string) => {
      this.text += chunk
    })
  }

  /** Resolves when what was written passes the test. */
  async until(passes: (text: string) => boolean): Promise<string> {
    while (!passes(this.text)) await new Promise((resolve) => this.once('data', resolve))
    return this.text
  }
}

export async function runAdmin(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const { stdin = '', interrupt } = options
  const stdout = options.stdout ?? new Collector()
  const stderr = Object.assign(new Collector(), { isTTY: options.stderrIsTerminal ?? false })
  const exitCode = await main(args, {
    stdin: stdin instanceof Readable ? stdin : Readable.from(stdin === '' ? [] : [Buffer.from(stdin)]),
    stdout,
    stderr,
    ...(interrupt && { interrupt }),
  })
  return { exitCode, stdout: stdout instanceof Collector ? stdout.text : '', stderr: stderr.text }
}
