// OffsetDelete: request and response.
import { array, errorCode, int32, string, message, type MessageOf } from '../schema.ts'

/** Deletes committed offsets of one group (KIP-496). */
export const OffsetDeleteRequest = message({
  name: 'OffsetDeleteRequest',
  apiKey: 47,
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: string('0+'),
    topics: array('0+', {
      name: string('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
      }),
    }),
  },
})
export type OffsetDeleteRequest = MessageOf<typeof OffsetDeleteRequest>

/** Answers for the group and, where the group may be touched, for each partition. */
export const OffsetDeleteResponse = message({
  name: 'OffsetDeleteResponse',
  apiKey: 47,
  versions: '0',
  flexible: 'none',
  fields: {
    errorCode: errorCode('0+'),
    throttleTimeMs: int32('0+', { ignorable: true }),
    topics: array('0+', {
      name: string('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        errorCode: errorCode('0+'),
      }),
    }),
  },
})
export type OffsetDeleteResponse = MessageOf<typeof OffsetDeleteResponse>
