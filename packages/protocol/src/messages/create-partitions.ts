// CreatePartitions: request and response, all versions.
import { array, bool, errorCode, int32, string, message, type MessageOf } from '../schema.ts'

/** Gives topics more partitions: `count` is how many each shall have (KIP-195). */
export const CreatePartitionsRequest = message({
  name: 'CreatePartitionsRequest',
  apiKey: 37,
  versions: '0-3',
  flexible: '2+',
  fields: {
    topics: array('0+', {
      name: string('0+'),
      count: int32('0+'),
      assignments: array(
        '0+',
        {
          brokerIds: array('0+', int32('0+')),
        },
        { nullable: '0+' },
      ),
    }),
    timeoutMs: int32('0+'),
    validateOnly: bool('0+'),
  },
})
export type CreatePartitionsRequest = MessageOf<typeof CreatePartitionsRequest>

/** Answers an error code for each topic. */
export const CreatePartitionsResponse = message({
  name: 'CreatePartitionsResponse',
  apiKey: 37,
  versions: '0-3',
  flexible: '2+',
  fields: {
    throttleTimeMs: int32('0+', { default: 0 }),
    results: array('0+', {
      name: string('0+'),
      errorCode: errorCode('0+'),
      errorMessage: string('0+', { nullable: '0+', default: null }),
    }),
  },
})
export type CreatePartitionsResponse = MessageOf<typeof CreatePartitionsResponse>
