// A child process that is watched line by line.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { onTestFinished } from 'vitest'

export interface Ended {
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
  readonly lines: readonly string[]
  readonly stderr: string
}

export class LineProcess {
  /** Every whole line that it printed so far. */
  readonly lines: string[] = []
  /** Resolves when the process and its output have ended. */
  readonly ended: Promise<Ended>
  private readonly child
  private readonly watchers = new Set<() => void>()
  private stderr = ''
  private isOver = false

  /** Starts `file`; what is still running when the test ends is killed. */
  constructor(file: string, args: readonly string[], options: { readonly input?: string } = {}) {
    this.child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'] })
    const { stdin, stdout, stderr } = this.child
    stdin.on('error', () => {}) // it ended without reading; its exit code says why
    stdin.end(options.input ?? '')
    let rest = ''
    stdout.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      this.lines.push(...lines)
      this.tell()
    })
    stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
      this.tell()
    })
    this.ended = once(this.child, 'close').then(([exitCode, signal]) => {
      this.isOver = true
      this.tell()
      return {
        exitCode: exitCode as number | null,
        signal: signal as NodeJS.Signals | null,
        lines: this.lines,
        stderr: this.stderr,
      }
    })
    onTestFinished(async () => {
      this.child.kill('SIGKILL')
      await this.ended
    })
  }

  get errorOutput(): string {
    return this.stderr
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal)
  }

  /** Resolves when `look` finds something, and looks again at each line; rejects when the process ends without it. */
  async find<T>(look: () => T | null): Promise<T> {
    for (;;) {
      const found = look()
      if (found !== null) return found
      if (this.isOver)
        throw new Error(`${this.child.spawnfile} ended without it:\n${this.lines.join('\n')}\n${this.stderr}`)
      await new Promise<void>((resolve) => {
        const told = () => {
          this.watchers.delete(told)
          resolve()
        }
        this.watchers.add(told)
      })
    }
  }

  private tell(): void {
    for (const told of [...this.watchers]) told()
  }
}
