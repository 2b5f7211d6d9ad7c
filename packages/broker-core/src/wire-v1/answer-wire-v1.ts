// Answers one request of the original dialect with the broker's own topics, logs and groups.
import { wireV1CodeResponse, type WireV1Request } from '@goqueue/protocol'
import type { ConnectionContext } from '../dialect.ts'
import type { Services } from '../handlers/services.ts'
import { answerCommitOffset, answerFetchOffset, answerHeartbeat, answerJoin, answerLeave } from './groups.ts'
import { answerFetch, answerProduce } from './records.ts'
import {
  answerCreateTopic,
  answerDeleteTopic,
  answerDescribeTopic,
  answerListTopics,
  answerTopicInfo,
} from './topics.ts'

/** The whole response. Refusals are codes in it; it rejects only for a broken broker. */
export async function answerWireV1(
  services: Services,
  request: WireV1Request,
  context: ConnectionContext,
): Promise<Buffer> {
  switch (request.type) {
    case 'produce':
      return answerProduce(services, request)
    case 'fetch':
      return answerFetch(services, request)
    case 'createTopic':
      return answerCreateTopic(services, request)
    case 'joinGroup':
      return answerJoin(services, request, context)
    case 'leaveGroup':
      return answerLeave(services, request)
    case 'heartbeat':
      return answerHeartbeat(services, request)
    case 'commitOffset':
      return answerCommitOffset(services, request)
    case 'fetchOffset':
      return answerFetchOffset(services, request)
    case 'listGroups':
    case 'describeGroup':
      // The original names these two and never answers them otherwise.
      return wireV1CodeResponse(1)
    case 'listTopics':
      return answerListTopics(services)
    case 'describeTopic':
      return answerDescribeTopic(services, request.topic)
    case 'deleteTopic':
      return answerDeleteTopic(services, request.topic)
    case 'topicInfo':
      return answerTopicInfo(services, request.topic)
    default:
      return request satisfies never
  }
}
