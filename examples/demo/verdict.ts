// The demo's verdict: what the workers wrote against what was produced.
import { readFile } from 'node:fs/promises'

export interface Verdict {
  readonly rows: number
  /** Rows of the data set that at least one worker finished, at their offset and under their key. */
  readonly counted: number
  readonly missing: number
  /** Records finished more than once: at-least-once delivery repeats what was not committed. */
  readonly redelivered: number
  /** Lines that are no row of the data set. */
  readonly foreign: number
}

/** `PARTITION OFFSET KEY` of a row: how both sides name it. */
export function rowName(partition: number, offset: number, key: string): string {
  return `${partition} ${offset} ${key}`
}

/** Compares the produced rows, by name, with the workers' files. */
export async function judge(produced: ReadonlySet<string>, files: readonly string[]): Promise<Verdict> {
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')))
  // A worker that was killed may have left half a line: it was not finished, so it does not count.
  const lines = texts.flatMap((text) => text.split('\n').slice(0, -1))
  const finished = new Set(lines)
  const counted = [...produced].filter((row) => finished.has(row)).length
  const foreign = [...finished].filter((row) => !produced.has(row)).length
  return {
    rows: produced.size,
    counted,
    missing: produced.size - counted,
    redelivered: lines.length - finished.size,
    foreign,
  }
}

/** The verdict in a sentence. */
export function inWords({ rows, missing, redelivered }: Verdict): string {
  if (missing > 0) return `LOST: ${missing} of ${rows} rows ${missing === 1 ? 'was' : 'were'} finished by nobody.`
  const again = redelivered === 0 ? 'none twice' : `${redelivered} of them again after a kill`
  return `Nothing was lost: every one of the ${rows} rows was finished, ${again}.`
}
