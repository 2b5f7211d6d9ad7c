// Produce: appends each partition's batches to its log.
import type { ResponseInput } from '@goqueue/protocol'
import type { RequestContext } from '../request-context.ts'
import { internalTopicMessage, isInternalTopic } from '../topics/internal-topics.ts'
import type { Handler } from './handler.ts'
import type { Services } from './services.ts'

type PartitionAnswer = ResponseInput<'Produce'>['responses'][number]['partitionResponses'][number]
type Refusal = Pick<PartitionAnswer, 'errorCode' | 'errorMessage'>

function refused(index: number, refusal: Refusal): PartitionAnswer {
  return { index, baseOffset: -1, ...refusal }
}

/** What forbids the whole request, whatever its partitions hold. */
function refusalOf(transactionalId: string | null, acks: number, { apiVersion }: RequestContext): Refusal | null {
  if (apiVersion < 3) {
    return { errorCode: 'UNSUPPORTED_VERSION', errorMessage: 'Produce needs version 3 or above: records in format v2' }
  }
  if (transactionalId !== null) {
    return {
      errorCode: 'INVALID_REQUEST',
      errorMessage: 'transactions are not supported: send without transactional.id',
    }
  }
  if (acks !== -1 && acks !== 0 && acks !== 1) {
    return { errorCode: 'INVALID_REQUIRED_ACKS', errorMessage: `acks is ${acks}: -1 (all), 0 and 1 are allowed` }
  }
  return null
}

async function append(
  services: Services,
  topic: string,
  index: number,
  records: Buffer | null,
  acks: -1 | 0 | 1,
): Promise<PartitionAnswer> {
  const log = services.topics.byName(topic)?.logs[index]
  if (log === undefined) return refused(index, { errorCode: 'UNKNOWN_TOPIC_OR_PARTITION' })
  if (isInternalTopic(topic)) {
    return refused(index, { errorCode: 'INVALID_TOPIC_EXCEPTION', errorMessage: internalTopicMessage(topic) })
  }
  if (records === null || records.length === 0) {
    return refused(index, { errorCode: 'INVALID_RECORD', errorMessage: 'there are no records in the request' })
  }
  const outcome = await log.append(records, { acks })
  if (outcome.errorCode !== 'NONE') {
    return refused(index, { errorCode: outcome.errorCode, errorMessage: outcome.message })
  }
  const { baseOffset, logAppendTimeMs, logStartOffset } = outcome
  return { index, errorCode: 'NONE', baseOffset, logAppendTimeMs, logStartOffset }
}

export const produce: Handler<'Produce'> = async (services, request, context) => {
  const refusal = refusalOf(request.transactionalId, request.acks, context)
  const acks = request.acks as -1 | 0 | 1
  const responses = await Promise.all(
    request.topicData.map(async ({ name, partitionData }) => ({
      name,
      partitionResponses: await Promise.all(
        partitionData.map(({ index, records }) =>
          refusal === null ? append(services, name, index, records, acks) : refused(index, refusal),
        ),
      ),
    })),
  )
  return request.acks === 0 ? null : { responses }
}
