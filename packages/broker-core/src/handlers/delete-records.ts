// DeleteRecords: takes the start of logs forward.
import type { ResponseInput } from '@goqueue/protocol'
import { isInternalTopic } from '../topics/internal-topics.ts'
import type { Handler } from './handler.ts'
import type { Services } from './services.ts'

type PartitionAnswer = ResponseInput<'DeleteRecords'>['topics'][number]['partitions'][number]

async function deleteBefore(
  services: Services,
  topic: string,
  partitionIndex: number,
  offset: number,
): Promise<PartitionAnswer> {
  const log = services.topics.byName(topic)?.logs[partitionIndex]
  if (log === undefined) return { partitionIndex, lowWatermark: -1, errorCode: 'UNKNOWN_TOPIC_OR_PARTITION' }
  if (isInternalTopic(topic)) return { partitionIndex, lowWatermark: -1, errorCode: 'INVALID_TOPIC_EXCEPTION' }
  const outcome = await log.deleteRecordsBefore(offset)
  const lowWatermark = outcome.errorCode === 'NONE' ? outcome.logStartOffset : -1
  return { partitionIndex, lowWatermark, errorCode: outcome.errorCode }
}

export const deleteRecords: Handler<'DeleteRecords'> = async (services, request) => ({
  topics: await Promise.all(
    request.topics.map(async ({ name, partitions }) => ({
      name,
      partitions: await Promise.all(
        partitions.map(({ partitionIndex, offset }) => deleteBefore(services, name, partitionIndex, offset)),
      ),
    })),
  ),
})
