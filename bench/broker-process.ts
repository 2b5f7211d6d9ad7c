// goqueue-broker as users start it: the built command, in its own process, on a data directory on disk.
import { fileURLToPath } from 'node:url'
import { MeasuredProcess } from './child-process.ts'

const command = fileURLToPath(new URL('../packages/broker-server/bin/goqueue-broker.js', import.meta.url))

export interface BrokerProcess {
  readonly process: MeasuredProcess
  /** HOST:PORT */
  readonly address: string
  /** From the start of the process to its ready line. */
  readonly readyMs: number
}

/** Resolves when the broker, given these flags besides, has said that it is ready. */
export async function startBroker(dataDir: string, flags: readonly string[] = []): Promise<BrokerProcess> {
  const broker = new MeasuredProcess([command, '--data-dir', dataDir, '--listen', '127.0.0.1:0', ...flags])
  const { line, afterMs } = await broker.firstLine
  const address = / ready on (\S+)$/.exec(line)?.[1]
  if (address === undefined) throw new Error(`the broker's first line is: ${line}`)
  return { process: broker, address, readyMs: afterMs }
}
