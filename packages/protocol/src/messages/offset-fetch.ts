// OffsetFetch: request and response, all versions.
import { array, bool, errorCode, int32, int64, string, message, type MessageOf } from '../schema.ts'

/** Reads committed offsets. v7: `requireStable` (KIP-447). v8: many groups at once (KIP-709). */
export const OffsetFetchRequest = message({
  name: 'OffsetFetchRequest',
  apiKey: 9,
  versions: '0-9',
  flexible: '6+',
  fields: {
    groupId: string('0-7', { default: '' }),
    topics: array(
      '0-7',
      {
        name: string('0-7'),
        partitionIndexes: array('0-7', int32('0-7')),
      },
      { nullable: '2-7', default: [] },
    ),
    groups: array(
      '8+',
      {
        groupId: string('8+'),
        memberId: string('9+', { nullable: '9+', default: null, ignorable: true }),
        memberEpoch: int32('9+', { default: -1, ignorable: true }),
        topics: array(
          '8+',
          {
            name: string('8+'),
            partitionIndexes: array('8+', int32('8+')),
          },
          { nullable: '8+' },
        ),
      },
      { default: [] },
    ),
    requireStable: bool('7+', { default: false }),
  },
})
export type OffsetFetchRequest = MessageOf<typeof OffsetFetchRequest>

/** Answers an offset for each partition, −1 where nothing is committed. */
export const OffsetFetchResponse = message({
  name: 'OffsetFetchResponse',
  apiKey: 9,
  versions: '0-9',
  flexible: '6+',
  fields: {
    throttleTimeMs: int32('3+', { ignorable: true }),
    topics: array(
      '0-7',
      {
        name: string('0-7'),
        partitions: array('0-7', {
          partitionIndex: int32('0-7'),
          committedOffset: int64('0-7'),
          committedLeaderEpoch: int32('5-7', { default: -1, ignorable: true }),
          metadata: string('0-7', { nullable: '0-7' }),
          errorCode: errorCode('0-7'),
        }),
      },
      { default: [] },
    ),
    errorCode: errorCode('2-7', { ignorable: true }),
    groups: array(
      '8+',
      {
        groupId: string('8+'),
        topics: array('8+', {
          name: string('8+'),
          partitions: array('8+', {
            partitionIndex: int32('8+'),
            committedOffset: int64('8+'),
            committedLeaderEpoch: int32('8+', { default: -1, ignorable: true }),
            metadata: string('8+', { nullable: '8+' }),
            errorCode: errorCode('8+'),
          }),
        }),
        errorCode: errorCode('8+'),
      },
      { default: [] },
    ),
  },
})
export type OffsetFetchResponse = MessageOf<typeof OffsetFetchResponse>
