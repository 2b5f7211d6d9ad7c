// Import time: what loading each package costs a process that imports nothing else.
import { MeasuredProcess } from '../child-process.ts'
import type { Figure, Measurement } from '../measurement.ts'
import { median } from '../statistics.ts'

const PACKAGES = ['protocol', 'broker-core', 'broker-server', 'client']

/** Milliseconds that the import takes in a fresh process, as that process sees it. */
async function importMs(specifier: string): Promise<number> {
  const url = import.meta.resolve(specifier)
  const program = `const started = performance.now(); await import('${url}'); console.log(performance.now() - started)`
  const importer = new MeasuredProcess(['--input-type=module', '--eval', program])
  const { line } = await importer.firstLine
  await importer.stop()
  return Number(line)
}

export const importTime: Measurement = {
  name: 'import-time',
  title: 'import of a package into a fresh process',
  async run({ seconds }) {
    const samples = new Map(PACKAGES.map((name) => [name, [] as number[]]))
    const rounds = Math.max(3, Math.round(seconds))
    for (let round = 0; round < rounds; round++) {
      for (const [name, values] of samples) values.push(await importMs(`@goqueue/${name}`))
    }
    return Array.from(samples, ([name, values]): Figure => ({ name, value: median(values), unit: 'ms' }))
  },
}
