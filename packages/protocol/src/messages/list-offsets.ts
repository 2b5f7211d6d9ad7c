// ListOffsets: request and response, all versions.
import { array, errorCode, int32, int64, int8, string, message, type MessageOf } from '../schema.ts'

/** Looks offsets up by timestamp: −1 latest, −2 earliest, −3 max timestamp (KIP-734), else the first record at or after it. */
export const ListOffsetsRequest = message({
  name: 'ListOffsetsRequest',
  apiKey: 2,
  versions: '0-10',
  flexible: '6+',
  fields: {
    replicaId: int32('0+'),
    isolationLevel: int8('2+', { default: 0 }),
    topics: array('0+', {
      name: string('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        currentLeaderEpoch: int32('4+', { default: -1, ignorable: true }),
        timestamp: int64('0+', { saturate: true }),
        maxNumOffsets: int32('0', { default: 1 }),
      }),
    }),
    timeoutMs: int32('10+', { ignorable: true }),
  },
})
export type ListOffsetsRequest = MessageOf<typeof ListOffsetsRequest>

/** Answers one offset and its timestamp for each partition, −1 where there is none. */
export const ListOffsetsResponse = message({
  name: 'ListOffsetsResponse',
  apiKey: 2,
  versions: '0-10',
  flexible: '6+',
  fields: {
    throttleTimeMs: int32('2+', { ignorable: true }),
    topics: array('0+', {
      name: string('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        errorCode: errorCode('0+'),
        oldStyleOffsets: array('0', int64('0'), { default: [] }),
        timestamp: int64('1+', { default: -1, saturate: true }),
        offset: int64('1+', { default: -1 }),
        leaderEpoch: int32('4+', { default: -1 }),
      }),
    }),
  },
})
export type ListOffsetsResponse = MessageOf<typeof ListOffsetsResponse>
