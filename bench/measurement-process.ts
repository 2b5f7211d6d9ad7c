// The process of one measurement: measurement-process.ts NAME RUN.
import type { Outcome } from './measure-apart.ts'
import type { Run } from './measurement.ts'
import { measurements } from './measurements/index.ts'
import { stopAll } from './child-process.ts'

async function outcomeOf(name: string, run: Run): Promise<Outcome> {
  const measurement = measurements.find((one) => one.name === name)
  if (measurement === undefined) return { error: `there is no measurement ${name}` }
  try {
    return { figures: await measurement.run(run) }
  } catch (error) {
    return { error: `${name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}` }
  } finally {
    await stopAll()
  }
}

const [name = '', run = ''] = process.argv.slice(2)
// Whoever wanted the figures has gone: nothing may be left running.
process.on('disconnect', () => void stopAll().then(() => process.exit(1)))
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => void stopAll().then(() => process.exit(1)))
process.send?.(await outcomeOf(name, JSON.parse(run) as Run), () => process.exit(0))
