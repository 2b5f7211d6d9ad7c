// A process under measurement: started, looked at from outside, and always ended.
import { spawn, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

const running = new Set<MeasuredProcess>()

/** Ends whatever still runs. */
export async function stopAll(): Promise<void> {
  await Promise.all([...running].map((one) => one.stop()))
}

/** Clock ticks per second in /proc: fixed by Linux for all programs. */
const TICKS_PER_SECOND = 100

export class MeasuredProcess {
  readonly child: ChildProcess
  /** Its first line on stdout, and how long after the start it came. */
  readonly firstLine: Promise<{ readonly line: string; readonly afterMs: number }>
  private readonly ended: Promise<void>

  /** Starts `node ...args`. */
  constructor(args: readonly string[]) {
    const startedMs = performance.now()
    this.child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    running.add(this)
    this.ended = new Promise((resolve) => {
      this.child.once('close', () => {
        running.delete(this)
        resolve()
      })
    })
    let complaint = ''
    this.child.stderr!.on('data', (chunk: Buffer) => (complaint = `${complaint}${chunk.toString()}`.slice(-2_000)))
    this.firstLine = new Promise((resolve, reject) => {
      this.child.once('error', reject)
      this.child.once('close', () => reject(new Error(`${args.join(' ')} has ended: ${complaint}`)))
      createInterface({ input: this.child.stdout! }).once('line', (line) => {
        resolve({ line, afterMs: performance.now() - startedMs })
      })
    })
    this.firstLine.catch(() => {})
  }

  /** CPU time used so far by all its threads, in milliseconds; NaN where there is no /proc. */
  cpuMs(): number {
    const stat = this.proc('stat')
    // The name, in parentheses, may hold anything: fields are counted behind it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return ((Number(fields[11]) + Number(fields[12])) * 1_000) / TICKS_PER_SECOND
  }

  /** Resident memory in MiB; NaN where there is no /proc. */
  residentMib(): number {
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(this.proc('status'))?.[1]) / 1_024
  }

  /** Ends it and waits until it has: politely, and after ten seconds by force. */
  async stop(): Promise<void> {
    if (!running.has(this)) return
    this.child.kill('SIGTERM')
    const force = setTimeout(() => this.child.kill('SIGKILL'), 10_000)
    await this.ended
    clearTimeout(force)
  }

  private proc(file: string): string {
    try {
      return readFileSync(`/proc/${this.child.pid}/${file}`, 'utf8')
    } catch {
      return ''
    }
  }
}
