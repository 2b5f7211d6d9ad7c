// OffsetCommit: request and response, all versions.
import { array, errorCode, int32, int64, string, message, type MessageOf } from '../schema.ts'

/** Commits offsets: the NEXT record to read. v7: static membership (KIP-345). v9: member epochs (KIP-848). */
export const OffsetCommitRequest = message({
  name: 'OffsetCommitRequest',
  apiKey: 8,
  versions: '0-9',
  flexible: '8+',
  fields: {
    groupId: string('0+'),
    generationIdOrMemberEpoch: int32('1+', { default: -1, ignorable: true }),
    memberId: string('1+', { ignorable: true }),
    groupInstanceId: string('7+', { nullable: '7+', default: null }),
    retentionTimeMs: int64('2-4', { default: -1, ignorable: true, saturate: true }),
    topics: array('0+', {
      name: string('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        committedOffset: int64('0+'),
        committedLeaderEpoch: int32('6+', { default: -1, ignorable: true }),
        commitTimestamp: int64('1', { default: -1, saturate: true }),
        committedMetadata: string('0+', { nullable: '0+' }),
      }),
    }),
  },
})
export type OffsetCommitRequest = MessageOf<typeof OffsetCommitRequest>

/** Answers an error code for each partition. */
export const OffsetCommitResponse = message({
  name: 'OffsetCommitResponse',
  apiKey: 8,
  versions: '0-9',
  flexible: '8+',
  fields: {
    throttleTimeMs: int32('3+', { ignorable: true }),
    topics: array('0+', {
      name: string('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        errorCode: errorCode('0+'),
      }),
    }),
  },
})
export type OffsetCommitResponse = MessageOf<typeof OffsetCommitResponse>
