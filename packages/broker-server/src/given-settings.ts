// Settings as somebody wrote them, before anything is checked: by name, each with the place that it came from.
import { brokerDefaults } from '@goqueue/broker-core'
import { nearestTo } from './nearest.ts'
import { keyOf, serverDefaults, variableOf } from './server-settings.ts'
import { UsageError } from './usage-error.ts'

/** A value, and how to name the place where it was written: "broker.json: key 'listen'" or "GOQUEUE_LISTEN". */
export interface Given {
  value: unknown
  origin: string
}

const defaults: ReadonlyMap<string, unknown> = new Map(Object.entries({ ...serverDefaults, ...brokerDefaults }))
const namesByKey = new Map([...defaults.keys()].map((name) => [keyOf(name), name]))
const namesByVariable = new Map([...defaults.keys()].map((name) => [variableOf(name), name]))

/** What the configuration file gives. An unknown key is a UsageError: a misspelt limit must not go unnoticed. */
export function givenInFile(path: string, content: ReadonlyMap<string, unknown>): Map<string, Given> {
  const given = new Map<string, Given>()
  for (const [key, value] of content) {
    const name = namesByKey.get(key)
    if (name === undefined) {
      const nearest = nearestTo(keyOf(key), [...namesByKey.keys()])
      throw new UsageError(`${path}: there is no key '${key}'; the nearest is '${nearest}'.`)
    }
    given.set(name, { value, origin: `${path}: key '${key}'` })
  }
  return given
}

/**
 * What the environment gives, and the variables that begin with GOQUEUE_ but mean nothing here. Those are no error:
 * Kubernetes sets GOQUEUE_PORT and the like for a service that is named goqueue.
 */
export function givenInEnvironment(environment: NodeJS.ProcessEnv): { given: Map<string, Given>; unknown: string[] } {
  const given = new Map<string, Given>()
  const unknown: string[] = []
  for (const [variable, text] of Object.entries(environment)) {
    if (!variable.startsWith('GOQUEUE_') || text === undefined) continue
    const name = namesByVariable.get(variable)
    if (name === undefined) unknown.push(variable)
    else given.set(name, { value: valueFromText(text, defaults.get(name)), origin: variable })
  }
  return { given, unknown }
}

/** A variable is text. Where the default is a number or a boolean, text that looks like one is meant as one. */
function valueFromText(text: string, defaultValue: unknown): unknown {
  if (typeof defaultValue === 'number' && /^-?\d+$/.test(text)) return Number(text)
  if (typeof defaultValue === 'boolean' && (text === 'true' || text === 'false')) return text === 'true'
  return text
}
