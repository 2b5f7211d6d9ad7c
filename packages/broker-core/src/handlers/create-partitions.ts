// CreatePartitions: gives topics more partitions.
import type { RequestOf, ResponseInput } from '@goqueue/protocol'
import type { Handler } from './handler.ts'
import type { Services } from './services.ts'

type TopicAsked = RequestOf<'CreatePartitions'>['topics'][number]
type TopicAnswer = ResponseInput<'CreatePartitions'>['results'][number]

async function grow(services: Services, asked: TopicAsked, validateOnly: boolean): Promise<TopicAnswer> {
  const { name, count, assignments } = asked
  if (assignments !== null && assignments.length > 0) {
    const errorMessage = 'replicas cannot be assigned: this broker is the only one'
    return { name, errorCode: 'INVALID_REPLICA_ASSIGNMENT', errorMessage }
  }
  const outcome = await services.topics.createPartitions(name, count, { validateOnly })
  const errorMessage = outcome.errorCode === 'NONE' ? null : outcome.message
  return { name, errorCode: outcome.errorCode, errorMessage }
}

export const createPartitions: Handler<'CreatePartitions'> = async (services, request) => {
  const counts = new Map<string, number>()
  for (const { name } of request.topics) counts.set(name, (counts.get(name) ?? 0) + 1)
  const results: TopicAnswer[] = []
  for (const name of [...counts].filter(([, count]) => count > 1).map(([name]) => name)) {
    results.push({ name, errorCode: 'INVALID_REQUEST', errorMessage: 'the request names the topic twice' })
  }
  for (const asked of request.topics) {
    if (counts.get(asked.name) === 1) results.push(await grow(services, asked, request.validateOnly))
  }
  return { results }
}
