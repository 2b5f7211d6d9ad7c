// Start-up: from the start of the process to the ready line, on a new data directory and on one that has been used.
import { startBroker } from '../broker-process.ts'
import { MeasuredProcess } from '../child-process.ts'
import type { Measurement } from '../measurement.ts'
import { median } from '../statistics.ts'

const TARGET = { below: 300 }

/** How long Node itself needs until a program can print a line. */
async function bareStartMs(): Promise<number> {
  const bare = new MeasuredProcess(['--eval', 'console.log()'])
  const { afterMs } = await bare.firstLine
  await bare.stop()
  return afterMs
}

async function startMs(dataDir: string): Promise<number> {
  const broker = await startBroker(dataDir)
  await broker.process.stop()
  return broker.readyMs
}

export const startUp: Measurement = {
  name: 'start-up',
  title: 'process start to ready line',
  async run({ seconds, directory }) {
    const bareMs: number[] = []
    const newMs: number[] = []
    const usedMs: number[] = []
    const starts = Math.max(3, Math.round(seconds * 2))
    for (let start = 0; start < starts; start++) {
      bareMs.push(await bareStartMs())
      newMs.push(await startMs(`${directory}/new-${start}`))
      usedMs.push(await startMs(`${directory}/new-0`))
    }
    const bare = { name: 'bare Node', value: median(bareMs) }
    const figure = (name: string, values: readonly number[]) => ({
      name,
      value: median(values),
      unit: 'ms' as const,
      target: TARGET,
      bare,
      notes: { fastestRound: Math.min(...values), slowestRound: Math.max(...values) },
    })
    return [figure('new data directory', newMs), figure('used data directory', usedMs)]
  },
}
