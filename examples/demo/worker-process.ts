// A worker of the demo in a process of its own, which may be killed.
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { FromWorker, ToWorker } from './messages.ts'

const entry = fileURLToPath(new URL('./worker.ts', import.meta.url))

export class WorkerProcess {
  readonly name: string
  /** Where it writes what it finished. */
  readonly file: string
  private readonly child: ChildProcess
  private readonly exited: Promise<unknown[]>
  private isEnding = false

  constructor(options: {
    readonly name: string
    readonly file: string
    readonly broker: string
    readonly topic: string
    readonly groupId: string
    readonly onMessage: (message: FromWorker) => void
    readonly onFailure: (error: Error) => void
  }) {
    const { name, file, broker, topic, groupId, onMessage, onFailure } = options
    this.name = name
    this.file = file
    // A fork inherits the flags that let this process run TypeScript sources.
    this.child = fork(entry, [name, broker, topic, groupId, file])
    this.exited = once(this.child, 'exit')
    this.child.on('message', onMessage)
    this.child.on('exit', (code, signal) => {
      if (!this.isEnding) onFailure(new Error(`${name} ended by itself (${signal ?? `exit code ${code}`})`))
    })
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null
  }

  join(): void {
    this.tell('join')
  }

  /** Closes its client, which leaves the group; resolves when the process has ended. */
  async stop(): Promise<void> {
    this.isEnding = true
    if (!this.isRunning) return
    this.tell('stop')
    await this.exited
  }

  async kill(): Promise<void> {
    this.isEnding = true
    this.child.kill('SIGKILL')
    await this.exited
  }

  private tell(message: ToWorker): void {
    this.child.send(message)
  }
}
