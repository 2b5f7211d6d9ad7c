// What the three config APIs call a resource, and how Kafka's numbers for configs read.
import type { ErrorCode } from '@goqueue/protocol'
import type { Topic, TopicCatalog, TopicRefusal } from '../topics/topic-catalog.ts'
import { refusalOfTopicName } from '../topics/topic-name.ts'

export const TOPIC = 2
export const BROKER = 4

/** A resource as it is named in a request. */
export interface ConfigResource {
  readonly resourceType: number
  readonly resourceName: string
}

/** How the answer for one resource begins. */
export interface ResourceAnswer extends ConfigResource {
  readonly errorCode: ErrorCode
  readonly errorMessage: string | null
}

export function answered({ resourceType, resourceName }: ConfigResource, refusal: TopicRefusal | null): ResourceAnswer {
  const errorCode = refusal?.errorCode ?? 'NONE'
  return { errorCode, errorMessage: refusal?.message ?? null, resourceType, resourceName }
}

/** The topic of this name, or why there is none. */
export function findTopic(topics: TopicCatalog, name: string): Topic | TopicRefusal {
  const topic = topics.byName(name)
  if (topic !== undefined) return topic
  const message = refusalOfTopicName(name)
  if (message !== null) return { errorCode: 'INVALID_TOPIC_EXCEPTION', message }
  return { errorCode: 'UNKNOWN_TOPIC_OR_PARTITION', message: `There is no topic ${JSON.stringify(name)}.` }
}

/** Every resource that the request names more than once: none of these can be answered for. */
export function namedTwice<Resource extends ConfigResource>(resources: readonly Resource[]): Set<Resource> {
  const byName = new Map<string, Resource[]>()
  for (const resource of resources) {
    const key = `${resource.resourceType} ${resource.resourceName}`
    const same = byName.get(key)
    if (same === undefined) byName.set(key, [resource])
    else same.push(resource)
  }
  return new Set([...byName.values()].filter((same) => same.length > 1).flat())
}
