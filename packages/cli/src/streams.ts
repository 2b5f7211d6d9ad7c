// The world as the command line sees it: three streams, and somebody who may press Ctrl-C.
import type { Readable, Writable } from 'node:stream'

/** What a run reads and writes; a process passes its own, a test whatever it likes. */
export interface Streams {
  stdin: Readable
  stdout: Writable
  stderr: Writable
  /** Ends a command that would go on for ever, as if it had come to its end: Ctrl-C. */
  interrupt?: AbortSignal
}

/** How many characters a line of the terminal has; where there is none, as many as it takes. */
export function columnsOf(stream: Writable): number {
  const columns = isTerminal(stream) && 'columns' in stream ? Number(stream.columns) : 0
  return columns > 0 ? columns : Infinity
}

/** Whether somebody watches the stream, so that progress is worth showing. */
export function isTerminal(stream: Writable): boolean {
  return 'isTTY' in stream && stream.isTTY === true
}
