// Brings together what flags, environment, configuration file and defaults say, in that order of precedence.
import type { BrokerOptions } from '@goqueue/broker-core'
import { readConfigFile } from './config-file.ts'
import type { Flags } from './flags.ts'
import { givenInEnvironment, givenInFile, type Given } from './given-settings.ts'
import { keyOf, serverDefaults, type ServerSettings } from './server-settings.ts'
import { UsageError } from './usage-error.ts'

/** All that a start needs to know. */
export interface Settings {
  server: ServerSettings
  /** For openBroker: where the data is, and what was given of the broker's own settings, unchecked. */
  broker: BrokerOptions
  /** Variables that begin with GOQUEUE_ and mean nothing. */
  unknownVariables: string[]
  /** What file and environment gave, by the name of the setting, with the place where it was written. */
  given: ReadonlyMap<string, Given>
}

/** Reads the file that is named and checks the server's settings; openBroker checks its own. Throws UsageError. */
export async function resolveSettings(flags: Flags, environment: NodeJS.ProcessEnv): Promise<Settings> {
  const fromFile = flags.config === undefined ? new Map<string, Given>() : readFile(flags.config)
  const { given: fromEnvironment, unknown: unknownVariables } = givenInEnvironment(environment)
  const layers = [fromFile, fromEnvironment]
  const server: ServerSettings = { ...serverDefaults }
  for (const layer of layers) overlay(server, await checkServerSettings(layer))
  overlay(server, flags.settings)

  const given = new Map(layers.flatMap((layer) => [...layer]))
  const brokerSettings: BrokerOptions = Object.fromEntries(
    [...given].filter(([name]) => !isServerSetting(name)).map(([name, { value }]) => [name, value]),
  )
  const place = server.memory ? { memory: true } : { dataDir: server.dataDir }
  return {
    server,
    broker: { ...brokerSettings, ...place },
    unknownVariables,
    given,
  }
}

function readFile(path: string): Map<string, Given> {
  return givenInFile(path, readConfigFile(path))
}

function isServerSetting(name: string): boolean {
  return Object.hasOwn(serverDefaults, name)
}

async function checkServerSettings(layer: ReadonlyMap<string, Given>): Promise<Partial<ServerSettings>> {
  const mine = [...layer].filter(([name]) => isServerSetting(name))
  if (mine.length === 0) return {}
  const { serverSettingsSchema } = await import('./server-settings-schema.ts')
  const result = serverSettingsSchema.safeParse(Object.fromEntries(mine.map(([name, { value }]) => [name, value])))
  if (!result.success) {
    const [issue] = result.error.issues
    const name = String(issue?.path[0])
    throw new UsageError(sentenceAbout(layer.get(name), name, issue?.message ?? ''))
  }
  const { dataDir, memory } = result.data
  if (memory === true && dataDir !== undefined) {
    throw new UsageError(`${layer.get('memory')?.origin}: true excludes '${keyOf('dataDir')}': choose one of them.`)
  }
  return result.data as Partial<ServerSettings>
}

/** One sentence for a value that cannot be used; `reason` says what was expected. */
export function sentenceAbout(given: Given | undefined, name: string, reason: string): string {
  const subject =
    given === undefined ? `key '${keyOf(name)}'` : `${given.origin} cannot be ${JSON.stringify(given.value)}`
  return `${subject}: ${reason.charAt(0).toLowerCase()}${reason.slice(1)}.`
}

/** Lays one layer over another. Whoever names a data directory wants no memory, and the other way round. */
function overlay(settings: ServerSettings, layer: Partial<ServerSettings>): void {
  if (layer.dataDir !== undefined) settings.memory = false
  Object.assign(settings, layer)
}
