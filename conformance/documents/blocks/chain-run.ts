// Runs a chain: each step as a process of its own, against a broker that only this chain has.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openBroker } from '@goqueue/broker-core'
import { listen } from '@goqueue/broker-server'
import type { Chain, Commands, Program, Step } from './chain.ts'
import { place, type CodeBlock } from './code-block.ts'
import { isExpected } from './expectation.ts'
import { isNotRun } from './not-run.ts'
import { withAddress, type Workshop } from './workshop.ts'

/** How long a step may take; a program that never ends by itself is marked `stays`. */
const PATIENCE_MS = 30_000
/** How long what stayed may take to end when it is asked to. */
const END_PATIENCE_MS = 10_000
const STARTS_A_BROKER = /^(?:npx @goqueue\/broker-server|(?:npx )?goqueue-broker)(?: |$)(?!.*--(?:help|version))/
/** What the lines of a shell block may begin with. All else could do anything to the machine. */
const MAY_RUN = /^(?:goqueue-admin|goqueue-broker|npx|node|echo|printf|cat|mkdir|kill|for|do|done)\b/

/** Runs all steps. Throws, with everything that was printed, when one does not do what its document says. */
export async function runChain(chain: Chain, workshop: Workshop): Promise<void> {
  const broker = await openBroker({ memory: true })
  const listener = await listen(broker)
  const run = new ChainRun(workshop, await workshop.workingDirectory(), chain, String(listener.address))
  try {
    for (const step of chain) await run.step(step)
  } finally {
    await run.end()
    await listener.close()
    await broker.close()
  }
}

class ChainRun {
  private readonly workshop: Workshop
  private readonly directory: string
  private readonly files: ReadonlyMap<string, Program>
  /** Of the broker of the harness, until a block starts one. */
  private address: string
  private readonly running: Running[] = []

  constructor(workshop: Workshop, directory: string, chain: Chain, address: string) {
    this.workshop = workshop
    this.directory = directory
    this.address = address
    this.files = new Map(
      chain.flatMap((step) => (step.kind === 'program' && step.file !== null ? [[step.file, step] as const] : [])),
    )
  }

  async step(step: Step): Promise<void> {
    if (step.kind === 'program') {
      if (step.file === null) await this.program(step)
    } else if (step.kind === 'commands') {
      await this.commands(step)
    } else {
      const text = withAddress(step.block.code.join('\n'), this.address)
      await writeFile(join(this.directory, step.file), `${text}\n`)
    }
  }

  /** Ends what stayed. */
  async end(): Promise<void> {
    await Promise.all(this.running.map((running) => running.end()))
  }

  private async program(step: Program & Step): Promise<void> {
    const module = await this.workshop.program(step, this.address)
    const running = this.spawn(process.execPath, ['--enable-source-maps', module])
    await this.outcome(step, running)
  }

  private async commands(step: Commands & Step): Promise<void> {
    const { block } = step
    let script: string[] = []
    for (const { command, comment } of commandLines(block)) {
      if (isNotRun(command)) continue
      if (!MAY_RUN.test(command)) throw new Error(`${place(block)}: '${command}' is not a command that tests may run`)
      if (STARTS_A_BROKER.test(command)) await this.startBroker(block, command, comment)
      else script.push(command)
    }
    if (script.length === 0) return
    script = ['set -e', ...script]
    await this.outcome(step, await this.shell(script.join('\n')))
  }

  private async startBroker(block: CodeBlock, command: string, comment: string): Promise<void> {
    const broker = await this.shell(`exec ${command}`)
    const line = await broker.until((output) => /^goqueue-broker ready on \S+$/m.test(output))
    if (!line) throw new Error(`${place(block)}: '${command}' is not ready:\n${broker.everything}`)
    if (comment !== '' && !isExpected({ language: 'text', text: comment }, this.asWritten(broker.output))) {
      throw new Error(`${place(block)}: '${command}' prints ${broker.output}`)
    }
    this.address = /ready on (\S+)/.exec(broker.output)?.[1] ?? ''
  }

  private async shell(script: string): Promise<Running> {
    const bin = await this.workshop.commands(this.address, this.files)
    return this.spawn('/bin/sh', ['-c', withAddress(script, this.address)], bin)
  }

  private spawn(file: string, args: readonly string[], bin?: string): Running {
    const { NODE_OPTIONS: _, ...env } = process.env
    const PATH = bin === undefined ? env['PATH'] : `${bin}:${env['PATH']}`
    const child = spawn(file, args, {
      cwd: this.directory,
      env: { ...env, PATH, NO_COLOR: '1' },
      stdio: 'pipe',
      detached: true, // a group of its own, so that what a shell has started ends with it
    })
    const running = new Running(child)
    this.running.push(running)
    return running
  }

  /** Waits for the end of a step, or, where it stays, for what it prints. */
  private async outcome({ block, stays, expected }: (Program | Commands) & Step, running: Running): Promise<void> {
    const where = place(block)
    const fits = () => expected === null || isExpected(expected, this.asWritten(running.output))
    const isOver = await running.until(() => stays && fits())
    if (!isOver) {
      const advice = stays ? '' : ' (one that goes on for ever is marked <!-- stays -->)'
      throw new Error(`${where}: not done after ${PATIENCE_MS} ms${advice}. It printed:\n${running.everything}`)
    }
    if (running.exitCode !== null && running.exitCode !== 0) {
      throw new Error(`${where}: exit code ${running.exitCode}:\n${running.everything}`)
    }
    if (!fits()) throw new Error(`${where}: printed\n${running.everything}\ninstead of\n${expected?.text}`)
  }

  /** Output as a reader would see it, whose broker listens on the default port. */
  private asWritten(output: string): string {
    return output.replaceAll(this.address, '127.0.0.1:9092').replace(/(ready on 127\.0\.0\.1):\d+/, '$1:9092')
  }
}

/** A process and what it printed. */
class Running {
  readonly child: ChildProcess
  readonly exited: Promise<void>
  output = ''
  exitCode: number | null = null
  private errors = ''
  private changed: (() => void) | null = null

  constructor(child: ChildProcess) {
    this.child = child
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.output += text
      this.changed?.()
    })
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.errors += text
    })
    this.exited = once(child, 'close').then(([code, signal]) => {
      this.exitCode = (code as number | null) ?? (signal === null ? 0 : 1)
    })
  }

  get everything(): string {
    return `${this.output}${this.errors}`
  }

  /** Asks it, and what it has started, to end, and insists after a while. */
  async end(): Promise<void> {
    const signal = (name: NodeJS.Signals) => {
      if (this.exitCode === null && this.child.pid !== undefined) process.kill(-this.child.pid, name)
    }
    signal('SIGTERM')
    const timer = setTimeout(signal, END_PATIENCE_MS, 'SIGKILL')
    await this.exited
    clearTimeout(timer)
  }

  /** Resolves with true when `isThere` says so or the process has ended, with false when that takes too long. */
  async until(isThere: (output: string) => boolean): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<'late'>((resolve) => (timer = setTimeout(resolve, PATIENCE_MS, 'late')))
    try {
      for (;;) {
        if (isThere(this.output) || this.exitCode !== null) return true
        const more = new Promise<void>((resolve) => (this.changed = resolve))
        if ((await Promise.race([more, this.exited, late])) === 'late') return false
      }
    } finally {
      clearTimeout(timer)
    }
  }
}

/** The commands of a block, a line that ends in `\` together with the next, each without the comment behind it. */
function commandLines({ code }: CodeBlock): { command: string; comment: string }[] {
  return code
    .join('\n')
    .replace(/\\\n\s*/g, ' ')
    .split('\n')
    .map((line) => {
      const [, command = '', comment = ''] = /^(.*?)(?:(?:^|\s+)# *(.*))?$/.exec(line.trim()) ?? []
      return { command, comment }
    })
    .filter(({ command }) => command !== '')
}
