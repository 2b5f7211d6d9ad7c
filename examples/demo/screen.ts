// What the demo shows: one line after another, and below the last of them a bar that tells how far it is.
import { MultiBar } from 'cli-progress'

/** Says a line. On a terminal a bar may stand where the line belongs: it gives way, and is drawn again below. */
export function say(text: string): void {
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K')
  process.stdout.write(`${text}\n`)
}

export interface ProgressBar {
  update(value: number): void
  /** Leaves it standing as it is now. */
  stop(): void
}

/** Starts a bar that counts records up to `total`. */
export function progressBar(what: string, total: number): ProgressBar {
  const format = `${what.padEnd(8)} [{bar}] {value}/{total} records, {duration_formatted}`
  // Not a SingleBar: when that one stops, it takes the cursor back to where it began, and what follows overwrites lines.
  const bars = new MultiBar({ format, noTTYOutput: true, notTTYSchedule: 5_000, forceRedraw: true })
  const bar = bars.create(total, 0)
  return {
    update: (value) => bar.update(value),
    stop: () => bars.stop(),
  }
}
