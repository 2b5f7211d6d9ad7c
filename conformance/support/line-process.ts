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
  /** Every whole line that it printed so far; in the end, a last one without its end too. */
  readonly lines: string[] = []
  /** Resolves when the process and its output have ended. */
  readonly ended: Promise<Ended>
  private readonly child
  private readonly watchers: (() => void)[] = []
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
      if (rest !== '') this.lines.push(rest)
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

  /** Everything that it said, for a failure. */
  get output(): string {
    return [...this.lines, this.stderr].join('\n')
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal)
  }

  /** Resolves when `isThere` says so, asked at each line; rejects when the process ends before. */
  until(isThere: () => boolean): Promise<void> {
    return untilAny([this], isThere)
  }

  /** Resolves when it says more, or ends; at once when it has ended. */
  async change(): Promise<'more' | 'over'> {
    if (this.isOver) return 'over'
    await new Promise<void>((resolve) => this.watchers.push(resolve))
    return 'more'
  }

  private tell(): void {
    for (const told of this.watchers.splice(0)) told()
  }
}

/** Resolves when `isThere` says so, asked whenever one of these processes says more; rejects when one ends before. */
export async function untilAny(processes: readonly LineProcess[], isThere: () => boolean): Promise<void> {
  while (!isThere()) {
    if ((await Promise.race(processes.map((one) => one.change()))) === 'more') continue
    throw new Error(`a process ended too early:\n${processes.map((one) => one.output).join('\n')}`)
  }
}
