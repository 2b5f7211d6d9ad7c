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

/** Whether somebody watches the stream, so that progress is worth showing. */
export function isTerminal(stream: Writable): boolean {
  return 'isTTY' in stream && stream.isTTY === true
}
