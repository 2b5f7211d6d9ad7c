// Runs one measurement in a process of its own: on the built packages, as users have them, and with nothing warmed up by another.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Figure, Run } from './measurement.ts'

/** What the process says in the end. */
export interface Outcome {
  readonly figures?: Figure[]
  readonly error?: string
}

const program = fileURLToPath(new URL('./measurement-process.ts', import.meta.url))

/** The figures of the measurement with this name; rejects with its error. */
export function measureApart(name: string, run: Run): Promise<Figure[]> {
  return new Promise((resolve, reject) => {
    // Without the source condition: tsx, which runs this directory, would slow down what is to be measured.
    const args = ['--import', import.meta.resolve('tsx'), program, name, JSON.stringify(run)]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 2, 2, 'ipc'] })
    let outcome: Outcome = {}
    child.on('message', (message) => (outcome = message as Outcome))
    child.on('error', reject)
    child.on('close', (code, signal) => {
      if (outcome.figures !== undefined) resolve(outcome.figures)
      else reject(new Error(outcome.error ?? `${name} ended with ${signal ?? code} before it gave figures`))
    })
  })
}
