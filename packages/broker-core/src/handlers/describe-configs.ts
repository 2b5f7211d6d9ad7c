// DescribeConfigs: the configs in force for topics, and the settings that the broker was started with.
import type { RequestOf, ResponseInput } from '@goqueue/protocol'
import { brokerDefaults, type BrokerSettings } from '../broker-defaults.ts'
import type { TopicRefusal } from '../topics/topic-catalog.ts'
import { effectiveConfigs, type ConfigType, type EffectiveConfig } from '../topics/topic-configs.ts'
import { answered, BROKER, findTopic, namedTwice, TOPIC } from './config-resource.ts'
import type { Handler } from './handler.ts'
import type { Services } from './services.ts'

type ResourceAsked = RequestOf<'DescribeConfigs'>['resources'][number]
type ConfigAnswer = ResponseInput<'DescribeConfigs'>['results'][number]['configs'][number]

/** ConfigEntry.ConfigSource and ConfigEntry.ConfigType of Kafka's clients, as numbers on the wire. */
const sources = { topic: 1, broker: 4, default: 5 } as const
const types: Readonly<Record<ConfigType, number>> = { boolean: 1, string: 2, int: 3, long: 5, list: 7 }

function described({ name, value, type, source }: EffectiveConfig, readOnly: boolean): ConfigAnswer {
  return {
    name,
    value,
    readOnly,
    configSource: sources[source],
    isSensitive: false,
    synonyms: [],
    configType: types[type],
    documentation: null,
  }
}

function brokerConfigs(settings: BrokerSettings): EffectiveConfig[] {
  return Object.entries(settings).map(([key, value]) => ({
    name: key.replace(/[A-Z]/g, (letter) => `.${letter.toLowerCase()}`),
    value: String(value),
    type: typeof value === 'number' ? 'long' : typeof value === 'boolean' ? 'boolean' : 'string',
    source: value === brokerDefaults[key as keyof BrokerSettings] ? 'default' : 'broker',
  }))
}

function configsOf(services: Services, { resourceType, resourceName }: ResourceAsked): ConfigAnswer[] | TopicRefusal {
  if (resourceType === TOPIC) {
    const topic = findTopic(services.topics, resourceName)
    if ('errorCode' in topic) return topic
    return effectiveConfigs(topic.configs, services.settings).map((config) => described(config, false))
  }
  if (resourceType !== BROKER) {
    const message = `Topics (resource type ${TOPIC}) and brokers (${BROKER}) have configs here, not type ${resourceType}.`
    return { errorCode: 'INVALID_REQUEST', message }
  }
  // The empty name stands for what is set for all brokers at run time: there is no such thing here.
  if (resourceName === '') return []
  if (resourceName !== String(services.nodeId)) {
    const message = `This is broker ${services.nodeId}, not ${JSON.stringify(resourceName)}.`
    return { errorCode: 'INVALID_REQUEST', message }
  }
  return brokerConfigs(services.settings).map((config) => described(config, true))
}

const NAMED_TWICE: TopicRefusal = { errorCode: 'INVALID_REQUEST', message: 'The request names the resource twice.' }

export const describeConfigs: Handler<'DescribeConfigs'> = (services, request) => {
  // A few bytes that name a resource ask for all its configs: whoever names it very often gets none.
  const ambiguous = namedTwice(request.resources)
  return {
    results: request.resources.map((resource) => {
      const configs = ambiguous.has(resource) ? NAMED_TWICE : configsOf(services, resource)
      if ('errorCode' in configs) return { ...answered(resource, configs), configs: [] }
      const keys = resource.configurationKeys === null ? null : new Set(resource.configurationKeys)
      return { ...answered(resource, null), configs: configs.filter(({ name }) => keys === null || keys.has(name)) }
    }),
  }
}
