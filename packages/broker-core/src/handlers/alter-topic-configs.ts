// What AlterConfigs and IncrementalAlterConfigs share: which resources may be changed, one after another.
import type { ChangeConfigs, TopicRefusal } from '../topics/topic-catalog.ts'
import { answered, findTopic, namedTwice, TOPIC } from './config-resource.ts'
import type { ConfigResource, ResourceAnswer } from './config-resource.ts'
import type { Services } from './services.ts'

async function alter(
  services: Services,
  { resourceType, resourceName }: ConfigResource,
  change: ChangeConfigs,
  validateOnly: boolean,
): Promise<TopicRefusal | null> {
  if (resourceType !== TOPIC) {
    const message = `Only the configs of topics (resource type ${TOPIC}) can be altered; the broker reads its own at start.`
    return { errorCode: 'INVALID_REQUEST', message }
  }
  const topic = findTopic(services.topics, resourceName)
  if ('errorCode' in topic) return topic
  const outcome = await services.topics.alterConfigs(resourceName, change, { validateOnly })
  return outcome.errorCode === 'NONE' ? null : outcome
}

/** Changes each topic by itself: one that is refused does not keep the others from being changed. */
export async function alterTopicConfigs<Resource extends ConfigResource>(
  services: Services,
  resources: readonly Resource[],
  changeOf: (resource: Resource) => ChangeConfigs,
  validateOnly: boolean,
): Promise<ResourceAnswer[]> {
  const ambiguous = namedTwice(resources)
  const responses: ResourceAnswer[] = []
  for (const resource of resources) {
    const refusal: TopicRefusal | null = ambiguous.has(resource)
      ? { errorCode: 'INVALID_REQUEST', message: 'The request names the resource twice.' }
      : await alter(services, resource, changeOf(resource), validateOnly)
    responses.push(answered(resource, refusal))
  }
  return responses
}
