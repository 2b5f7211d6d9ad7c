// `npm run bench`: runs the measurements one after another, each in a process of its own, and reports what they gave.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { help, parseFlags, type Flags } from './flags.ts'
import { measureApart } from './measure-apart.ts'
import { measurements } from './measurements/index.ts'
import { committedFigures } from './report/committed.ts'
import { describeMachine } from './report/machine.ts'
import { Progress } from './report/progress.ts'
import { tableOf } from './report/table.ts'
import type { MeasuredFigures, Results } from './report/results.ts'

const benchDirectory = dirname(fileURLToPath(import.meta.url))

async function measureAll(flags: Flags): Promise<Results> {
  const chosen = measurements.filter(({ name }) => flags.only.length === 0 || flags.only.includes(name))
  const started = new Date()
  const loadBefore = loadavg()
  const root = resolve(flags.dir ?? join(benchDirectory, 'results'))
  mkdirSync(root, { recursive: true })
  const progress = new Progress(chosen.length)
  const measured: MeasuredFigures[] = []
  try {
    for (const { name, title } of chosen) {
      progress.begin(name, title)
      const directory = mkdtempSync(join(root, `${name}-`))
      try {
        measured.push({ name, title, figures: await measureApart(name, { seconds: flags.seconds, directory }) })
      } finally {
        rmSync(directory, { recursive: true, force: true })
      }
      progress.finish()
    }
  } finally {
    progress.end()
  }
  return {
    started: started.toISOString(),
    seconds: flags.seconds,
    machine: describeMachine(),
    load: { before: loadBefore, after: loadavg() },
    measurements: measured,
  }
}

async function main(): Promise<void> {
  const flags = parseFlags(process.argv.slice(2))
  if (flags.help) {
    process.stdout.write(help)
    return
  }
  const results = await measureAll(flags)
  process.stdout.write(`${tableOf(results, committedFigures(benchDirectory))}\n`)
  const day = results.started.replace(/[:.]/g, '-')
  const file = resolve(flags.json ?? join(benchDirectory, 'results', `${day}.json`))
  writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`)
  process.stdout.write(`Figures: ${file}\n`)
}

try {
  await main()
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
