// Idle memory: what a broker that has just started and does nothing keeps resident.
import { startBroker } from '../broker-process.ts'
import { MeasuredProcess } from '../child-process.ts'
import type { Measurement } from '../measurement.ts'

/** What comes after the ready line is over by then. */
const SETTLE_MS = 2_000

async function settledMib(idle: MeasuredProcess): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
  const mib = idle.residentMib()
  await idle.stop()
  return mib
}

export const idleMemory: Measurement = {
  name: 'idle-memory',
  title: 'resident memory of an idle broker',
  async run({ directory }) {
    const bare = new MeasuredProcess(['--eval', 'console.log(); setInterval(() => {}, 60_000)'])
    await bare.firstLine
    const [bareMib, broker] = await Promise.all([settledMib(bare), startBroker(`${directory}/data`)])
    const value = await settledMib(broker.process)
    const bareNode = { name: 'bare Node', value: bareMib }
    return [{ name: 'resident', value, unit: 'MiB', target: { below: 90 }, bare: bareNode }]
  },
}
