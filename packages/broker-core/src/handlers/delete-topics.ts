// DeleteTopics: deletes topics by name, or by id since v6.
import { ZERO_UUID, type ResponseInput } from '@goqueue/protocol'
import type { Handler } from './handler.ts'
import type { Services } from './services.ts'

type TopicAnswer = ResponseInput<'DeleteTopics'>['responses'][number]

async function deleteTopic(services: Services, name: string | null, topicId: string): Promise<TopicAnswer> {
  const topic = name === null ? services.topics.byId(topicId) : services.topics.byName(name)
  if (topic === undefined) {
    const errorCode = name === null ? 'UNKNOWN_TOPIC_ID' : 'UNKNOWN_TOPIC_OR_PARTITION'
    return { name, topicId, errorCode }
  }
  const outcome = await services.topics.delete(topic.name, topic.topicId)
  if (outcome.errorCode !== 'NONE') {
    return { name, topicId: topic.topicId, errorCode: outcome.errorCode, errorMessage: outcome.message }
  }
  services.groups.topicDeleted(topic.name)
  return { name: topic.name, topicId: topic.topicId, errorCode: 'NONE' }
}

export const deleteTopics: Handler<'DeleteTopics'> = async (services, request, { apiVersion }) => {
  const asked = apiVersion >= 6 ? request.topics : request.topicNames.map((name) => ({ name, topicId: ZERO_UUID }))
  const responses: TopicAnswer[] = []
  for (const { name, topicId } of asked) responses.push(await deleteTopic(services, name, topicId))
  return { responses }
}
