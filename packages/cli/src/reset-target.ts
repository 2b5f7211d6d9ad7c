// Where offsets are to be reset to: from flags to a target.
import { readFile } from 'node:fs/promises'
import { CommandError } from './failure.ts'
import { offsetsFromCsv } from './offsets-csv.ts'
import type { ResetTarget } from './reset-plan.ts'

/** Exactly one of these is given. */
export interface TargetOptions {
  'to-earliest': boolean | undefined
  'to-latest': boolean | undefined
  'to-current': boolean | undefined
  'to-offset': number | undefined
  'to-datetime': number | undefined
  'by-duration': number | undefined
  'shift-by': number | undefined
  'from-file': string | undefined
}

export const TARGETS = [
  'to-earliest',
  'to-latest',
  'to-current',
  'to-offset',
  'to-datetime',
  'by-duration',
  'shift-by',
  'from-file',
] as const satisfies readonly (keyof TargetOptions)[]

/** Reads the file if there is one. */
export async function resetTarget(options: TargetOptions, nowMs: number): Promise<ResetTarget> {
  if (options['to-earliest']) return { to: 'earliest' }
  if (options['to-latest']) return { to: 'latest' }
  if (options['to-offset'] !== undefined) return { to: 'offset', offset: options['to-offset'] }
  if (options['to-datetime'] !== undefined) return { to: 'time', timeMs: options['to-datetime'] }
  if (options['by-duration'] !== undefined) return { to: 'time', timeMs: Math.floor(nowMs - options['by-duration']) }
  if (options['shift-by'] !== undefined) return { to: 'shifted', by: options['shift-by'] }
  const file = options['from-file']
  if (file === undefined) return { to: 'current' }
  const text = await readFile(file, 'utf8').catch((error: Error) => {
    throw new CommandError(`${file} could not be read: ${error.message}.`)
  })
  return { to: 'listed', offsets: offsetsFromCsv(text, file) }
}
