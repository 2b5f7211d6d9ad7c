// goqueue-admin as a process: its streams, Ctrl-C, its exit code.
import { main } from './run.ts'

const { stdin, stdout, stderr } = process
for (const stream of [stdout, stderr]) stream.on('error', () => {}) // `| head` has seen enough; the run takes note itself

// Once: whoever presses it again, while the command comes to its end, means it.
const interrupted = new AbortController()
process.once('SIGINT', () => interrupted.abort())

void main(process.argv.slice(2), { stdin, stdout, stderr, interrupt: interrupted.signal }).then((exitCode) => {
  process.exitCode = exitCode
  stdin.destroy() // or a terminal that nobody types into would keep the process
})
