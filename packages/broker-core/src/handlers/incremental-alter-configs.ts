// IncrementalAlterConfigs: changes single configs of a topic and leaves the others as they are (KIP-339).
import type { RequestOf } from '@goqueue/protocol'
import type { ChangeConfigs, TopicRefusal } from '../topics/topic-catalog.ts'
import { isListConfig } from '../topics/topic-configs.ts'
import { alterTopicConfigs } from './alter-topic-configs.ts'
import type { Handler } from './handler.ts'

type Resource = RequestOf<'IncrementalAlterConfigs'>['resources'][number]
type Change = Resource['configs'][number]

const SET = 0
const DELETE = 1
const APPEND = 2
const SUBTRACT = 3

function withList(value: string, change: Change): string {
  const named = (change.value ?? '').split(',')
  const others = value.split(',').filter((element) => element !== '' && !named.includes(element))
  return (change.configOperation === APPEND ? [...others, ...named] : others).join(',')
}

/** Puts one change into `configs`; what the values may be is checked when all are in. */
function apply(configs: Map<string, string | null>, change: Change): TopicRefusal | null {
  const { name, configOperation } = change
  switch (configOperation) {
    case SET:
      configs.set(name, change.value)
      return null
    case DELETE:
      configs.delete(name)
      return null
    case APPEND:
    case SUBTRACT: {
      if (isListConfig(name) === false) {
        const message = `The topic config ${name} is no list: it can be set and deleted, not appended to or subtracted from.`
        return { errorCode: 'INVALID_CONFIG', message }
      }
      // The only list is cleanup.policy, and a topic that does not set it has this one.
      configs.set(name, withList(configs.get(name) ?? 'delete', change))
      return null
    }
    default: {
      const message = `Operation ${configOperation} on ${name} is none: 0 sets, 1 deletes, 2 appends, 3 subtracts.`
      return { errorCode: 'INVALID_REQUEST', message }
    }
  }
}

function changeOf(resource: Resource): ChangeConfigs {
  return (configs) => {
    const changed = new Map<string, string | null>(configs)
    const seen = new Set<string>()
    for (const change of resource.configs) {
      if (seen.has(change.name)) {
        return { errorCode: 'INVALID_REQUEST', message: `The request changes ${JSON.stringify(change.name)} twice.` }
      }
      seen.add(change.name)
      const refusal = apply(changed, change)
      if (refusal !== null) return refusal
    }
    return changed
  }
}

export const incrementalAlterConfigs: Handler<'IncrementalAlterConfigs'> = async (services, request) => ({
  responses: await alterTopicConfigs(services, request.resources, changeOf, request.validateOnly),
})
