// Starts store-process.ts and reads what it says, line by line.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const script = fileURLToPath(new URL('./store-process.ts', import.meta.url))

const running = new Set<ChildProcess>()

/** Kills what a failed test has left running. */
export function killStoreProcesses(): void {
  for (const child of running) child.kill('SIGKILL')
}

export interface StoreProcess {
  /** Every line that the process wrote, then the end. */
  readonly lines: AsyncIterator<string>
  /** SIGKILL; resolves when the process is gone and the rest of its lines can be read. */
  kill(): Promise<void>
  readonly exitCode: Promise<number | null>
}

/** `forget` opens the store and does nothing more; `overflow` runs where no file may grow beyond 4 MiB. */
export function runStoreProcess(directory: string, task: 'hold' | 'commit' | 'forget' | 'overflow'): StoreProcess {
  const command = [process.execPath, '--import', 'tsx', '-C', '@goqueue/source', script, directory, task]
  // In sh the unit of -f is 512 bytes; Node ignores the signal, so that a write beyond the limit fails with EFBIG.
  const limit = task === 'overflow' ? 'ulimit -f 8192; ' : ''
  const child = spawn('sh', ['-c', `${limit}exec "$0" "$@"`, ...command], { stdio: ['pipe', 'pipe', 'inherit'] })
  const exited = once(child, 'exit') as Promise<[number | null]>
  running.add(child)
  void exited.then(() => running.delete(child))
  return {
    lines: createInterface({ input: child.stdout })[Symbol.asyncIterator](),
    exitCode: exited.then(([code]) => code),
    async kill() {
      child.kill('SIGKILL')
      await exited
    },
  }
}
