// InitProducerId: request and response, all versions.
import { errorCode, int16, int32, int64, string, message, type MessageOf } from '../schema.ts'

/** Asks for a producer id (KIP-98). v3: an epoch bump after an error (KIP-360). */
export const InitProducerIdRequest = message({
  name: 'InitProducerIdRequest',
  apiKey: 22,
  versions: '0-5',
  flexible: '2+',
  fields: {
    transactionalId: string('0+', { nullable: '0+' }),
    transactionTimeoutMs: int32('0+'),
    producerId: int64('3+', { default: -1 }),
    producerEpoch: int16('3+', { default: -1 }),
  },
})
export type InitProducerIdRequest = MessageOf<typeof InitProducerIdRequest>

/** Answers the producer id and epoch. */
export const InitProducerIdResponse = message({
  name: 'InitProducerIdResponse',
  apiKey: 22,
  versions: '0-5',
  flexible: '2+',
  fields: {
    throttleTimeMs: int32('0+', { ignorable: true }),
    errorCode: errorCode('0+'),
    producerId: int64('0+', { default: -1 }),
    producerEpoch: int16('0+'),
  },
})
export type InitProducerIdResponse = MessageOf<typeof InitProducerIdResponse>
