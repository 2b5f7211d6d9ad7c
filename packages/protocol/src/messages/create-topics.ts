// CreateTopics: request and response, all versions.
import { array, bool, errorCode, int16, int32, int8, string, tagged, uuid, message, type MessageOf } from '../schema.ts'

/** Creates topics. v4: −1 for default partitions and replicas (KIP-464). */
export const CreateTopicsRequest = message({
  name: 'CreateTopicsRequest',
  apiKey: 19,
  versions: '0-7',
  flexible: '5+',
  fields: {
    topics: array('0+', {
      name: string('0+'),
      numPartitions: int32('0+'),
      replicationFactor: int16('0+'),
      assignments: array('0+', {
        partitionIndex: int32('0+'),
        brokerIds: array('0+', int32('0+')),
      }),
      configs: array('0+', {
        name: string('0+'),
        value: string('0+', { nullable: '0+' }),
      }),
    }),
    timeoutMs: int32('0+', { default: 60000 }),
    validateOnly: bool('1+', { default: false }),
  },
})
export type CreateTopicsRequest = MessageOf<typeof CreateTopicsRequest>

/** Answers an error or, since v5 (KIP-525), what was created; the topic id since v7. */
export const CreateTopicsResponse = message({
  name: 'CreateTopicsResponse',
  apiKey: 19,
  versions: '0-7',
  flexible: '5+',
  fields: {
    throttleTimeMs: int32('2+', { ignorable: true }),
    topics: array('0+', {
      name: string('0+'),
      topicId: uuid('7+', { ignorable: true }),
      errorCode: errorCode('0+'),
      errorMessage: string('1+', { nullable: '0+', ignorable: true }),
      topicConfigErrorCode: tagged(0, int16('5+', { ignorable: true })),
      numPartitions: int32('5+', { default: -1, ignorable: true }),
      replicationFactor: int16('5+', { default: -1, ignorable: true }),
      configs: array(
        '5+',
        {
          name: string('5+'),
          value: string('5+', { nullable: '5+' }),
          readOnly: bool('5+'),
          configSource: int8('5+', { default: -1, ignorable: true }),
          isSensitive: bool('5+'),
        },
        { nullable: '5+', ignorable: true },
      ),
    }),
  },
})
export type CreateTopicsResponse = MessageOf<typeof CreateTopicsResponse>
