// One run of one command: its streams, its output form, and the client that it opens when it needs one.
import { once } from 'node:events'
import type { Client } from '@goqueue/client'
import type { ArgumentsCamelCase } from 'yargs'
import { CommandError } from './failure.ts'
import { columnsOf, isTerminal, type Streams } from './streams.ts'

/** Options that every command has. */
export interface GlobalOptions {
  broker: string[]
  output: 'table' | 'json'
  'timeout-ms': number
}

/** A result in its two forms: a value for programs, which is stable and documented, and text for people. */
export interface Result {
  json: unknown
  text: string
}

export class Session {
  readonly stdin: Streams['stdin']
  /** Fires on Ctrl-C, and when whoever read stdout has gone (`| head`): both mean that it is enough. */
  readonly enough: AbortSignal
  readonly #stdout: Streams['stdout']
  readonly #stderr: Streams['stderr']
  readonly #options: ArgumentsCamelCase<GlobalOptions>
  readonly #readerGone = new AbortController()
  #writeFailure: Error | undefined
  #client: Client | undefined

  constructor(streams: Streams, options: ArgumentsCamelCase<GlobalOptions>) {
    this.stdin = streams.stdin
    this.#stdout = streams.stdout
    this.#stderr = streams.stderr
    this.#options = options
    const { interrupt } = streams
    this.enough = interrupt ? AbortSignal.any([interrupt, this.#readerGone.signal]) : this.#readerGone.signal
    this.#stdout.on('error', this.#onStdoutError)
  }

  get wantsJson(): boolean {
    return this.#options.output === 'json'
  }

  get showsProgress(): boolean {
    return isTerminal(this.#stderr)
  }

  /** The width of what shows the results. */
  get columns(): number {
    return columnsOf(this.#stdout)
  }

  /** The client, loaded and made when it is first asked for: --help and mistakes cost nothing. */
  async client(): Promise<Client> {
    const { Client } = await import('@goqueue/client')
    const { broker: brokers, timeoutMs } = this.#options
    this.#client ??= new Client({ brokers, timeoutMs, clientId: 'goqueue-admin' })
    return this.#client
  }

  async print({ json, text }: Result): Promise<void> {
    await this.write(this.wantsJson ? `${JSON.stringify(json, null, 2)}\n` : text)
  }

  /** Writes to stdout, and waits while its reader is slower. False when the reader has gone. */
  async write(chunk: string | Uint8Array): Promise<boolean> {
    const { signal } = this.#readerGone
    if (!signal.aborted && !this.#stdout.write(chunk)) await once(this.#stdout, 'drain', { signal }).catch(() => {})
    return !signal.aborted
  }

  /** Writes text in place of what is on the screen; where there is none, below what was written before. */
  async redraw(text: string): Promise<void> {
    await this.write(isTerminal(this.#stdout) ? `\x1b[H\x1b[2J${text}` : `${text}\n`)
  }

  /** Overwrites the one line of progress on stderr. */
  progress(line: string): void {
    if (this.showsProgress) this.#stderr.write(`\r\x1b[K${line}`)
  }

  /** Says a line on stderr to somebody who watches; programs need no company. */
  notice(line: string): void {
    if (this.showsProgress) this.#stderr.write(`${line}\n`)
  }

  /** Lets go of everything; throws when stdout failed for another reason than that nobody reads it. */
  async close(): Promise<void> {
    await this.#client?.close()
    this.#stdout.off('error', this.#onStdoutError)
    if (this.#writeFailure !== undefined) {
      throw new CommandError(`The output could not be written: ${this.#writeFailure.message}.`)
    }
  }

  readonly #onStdoutError = (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') this.#writeFailure = error
    this.#readerGone.abort()
  }
}
