// What openBroker takes, and how it becomes settings: defaults from one table, everything given checked.
import { brokerDefaults, type BrokerSettings } from './broker-defaults.ts'
import type { BrokerEvent } from './broker-event.ts'
import { BrokerOptionsError } from './broker-options-error.ts'
import type { Runtime } from './runtime.ts'
import type { FileSystem } from './storage/file-system.ts'

/** Where the broker keeps its data, and any of its settings. */
export interface BrokerOptions extends Partial<BrokerSettings> {
  /** Directory for the log and the metadata; created when absent. One broker at a time. */
  readonly dataDir?: string
  /** Keeps nothing on disk: for tests. */
  readonly memory?: boolean
  /** Told of what an operator would want to know; never called for a client's ordinary mistakes. */
  readonly report?: (event: BrokerEvent) => void
  /** Clock, timers and randomness; a test may pass a virtual one. */
  readonly runtime?: Runtime
  /** With `memory`: the simulated disk that holds the log, so that a test can break it. */
  readonly fileSystem?: FileSystem
}

/** The settings that result from `options`. Throws BrokerOptionsError. */
export async function settingsOf(options: BrokerOptions): Promise<BrokerSettings> {
  const { dataDir, memory, report: _report, runtime: _runtime, fileSystem: _fileSystem, ...given } = options
  if (memory !== undefined && typeof memory !== 'boolean') throw new BrokerOptionsError('memory', 'true or false')
  if (memory === true && dataDir !== undefined) {
    throw new BrokerOptionsError('dataDir', 'not together with memory: true, which keeps nothing on disk')
  }
  if (memory !== true && (typeof dataDir !== 'string' || dataDir === '')) {
    throw new BrokerOptionsError('dataDir', 'a directory is required, or memory: true to keep nothing on disk')
  }
  if (Object.keys(given).length === 0) return brokerDefaults
  // A default start needs no validator, and loading one costs it a tenth of its time to ready.
  const { checkSettings } = await import('./options-schema.ts')
  return { ...brokerDefaults, ...checkSettings(given) }
}
