// The figures that were committed, for comparison.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Results } from './results.ts'

/** Values by measurement and figure, `${measurement}/${figure}`, from baseline.json. */
export function committedFigures(directory: string): ReadonlyMap<string, number> {
  const file = join(directory, 'baseline.json')
  if (!existsSync(file)) return new Map()
  const { measurements } = JSON.parse(readFileSync(file, 'utf8')) as Results
  return new Map(
    measurements.flatMap(({ name, figures }) => figures.map((figure) => [`${name}/${figure.name}`, figure.value])),
  )
}
