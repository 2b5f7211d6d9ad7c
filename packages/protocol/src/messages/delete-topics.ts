// DeleteTopics: request and response, all versions.
import { array, errorCode, int32, string, uuid, message, type MessageOf } from '../schema.ts'

/** Deletes topics: by name until v5, by name or id since v6 (KIP-516). */
export const DeleteTopicsRequest = message({
  name: 'DeleteTopicsRequest',
  apiKey: 20,
  versions: '0-6',
  flexible: '4+',
  fields: {
    topics: array(
      '6+',
      {
        name: string('6+', { nullable: '6+', default: null }),
        topicId: uuid('6+'),
      },
      { default: [] },
    ),
    topicNames: array('0-5', string('0-5'), { ignorable: true }),
    timeoutMs: int32('0+'),
  },
})
export type DeleteTopicsRequest = MessageOf<typeof DeleteTopicsRequest>

/** Answers an error code for each topic. */
export const DeleteTopicsResponse = message({
  name: 'DeleteTopicsResponse',
  apiKey: 20,
  versions: '0-6',
  flexible: '4+',
  fields: {
    throttleTimeMs: int32('1+', { ignorable: true }),
    responses: array('0+', {
      name: string('0+', { nullable: '6+' }),
      topicId: uuid('6+', { ignorable: true }),
      errorCode: errorCode('0+'),
      errorMessage: string('5+', { nullable: '5+', default: null, ignorable: true }),
    }),
  },
})
export type DeleteTopicsResponse = MessageOf<typeof DeleteTopicsResponse>
