// The demo's broker: the real goqueue-broker in a process of its own, which can be killed and started again.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const bin = fileURLToPath(new URL('../../packages/broker-server/bin/goqueue-broker.js', import.meta.url))

export class BrokerProcess {
  private readonly dataDir: string
  private child: ChildProcess | null = null
  /** HOST:PORT, the same after a restart. */
  address = '127.0.0.1:0'

  constructor(dataDir: string) {
    this.dataDir = dataDir
  }

  /** Starts it; resolves when it can serve. */
  async start(): Promise<void> {
    const args = [bin, '--data-dir', this.dataDir, '--listen', this.address, '--log-level', 'error']
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    this.child = child
    const failed = once(child, 'exit').then(([code]) => {
      throw new Error(`goqueue-broker exited with code ${code} before it was ready`)
    })
    const ready = once(createInterface(child.stdout), 'line')
    const [line] = (await Promise.race([ready, failed])) as [string]
    failed.catch(() => undefined)
    this.address = line.replace('goqueue-broker ready on ', '')
  }

  /** Ends it by SIGTERM (it drains) or SIGKILL; resolves with its exit code, null for a kill. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
    if (this.child === null || this.child.exitCode !== null || this.child.signalCode !== null) return null
    const exited = once(this.child, 'exit')
    this.child.kill(signal)
    const [code] = (await exited) as [number | null]
    return code
  }
}
