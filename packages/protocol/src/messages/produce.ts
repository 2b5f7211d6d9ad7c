// Produce: request and response, all versions.
import {
  array,
  errorCode,
  int16,
  int32,
  int64,
  records,
  string,
  struct,
  tagged,
  message,
  type MessageOf,
} from '../schema.ts'

/** Appends record batches. v3: batch format v2 and transactional id. v7: zstd. v12+ is transactions v2, not here. */
export const ProduceRequest = message({
  name: 'ProduceRequest',
  apiKey: 0,
  versions: '0-11',
  flexible: '9+',
  fields: {
    transactionalId: string('3+', { nullable: '3+', default: null }),
    acks: int16('0+'),
    timeoutMs: int32('0+'),
    topicData: array('0+', {
      name: string('0+'),
      partitionData: array('0+', {
        index: int32('0+'),
        records: records('0+', { nullable: '0+' }),
      }),
    }),
  },
})
export type ProduceRequest = MessageOf<typeof ProduceRequest>

/** Answers the base offset of each partition. v8: per-record errors (KIP-467). v10: the current leader (KIP-951). */
export const ProduceResponse = message({
  name: 'ProduceResponse',
  apiKey: 0,
  versions: '0-11',
  flexible: '9+',
  fields: {
    responses: array('0+', {
      name: string('0+'),
      partitionResponses: array('0+', {
        index: int32('0+'),
        errorCode: errorCode('0+'),
        baseOffset: int64('0+'),
        logAppendTimeMs: int64('2+', { default: -1, ignorable: true, saturate: true }),
        logStartOffset: int64('5+', { default: -1, ignorable: true }),
        recordErrors: array(
          '8+',
          {
            batchIndex: int32('8+'),
            batchIndexErrorMessage: string('8+', { nullable: '8+', default: null }),
          },
          { ignorable: true },
        ),
        errorMessage: string('8+', { nullable: '8+', default: null, ignorable: true }),
        currentLeader: tagged(
          0,
          struct('10+', {
            leaderId: int32('10+', { default: -1 }),
            leaderEpoch: int32('10+', { default: -1 }),
          }),
        ),
      }),
    }),
    throttleTimeMs: int32('1+', { default: 0, ignorable: true }),
    nodeEndpoints: tagged(
      0,
      array('10+', {
        nodeId: int32('10+'),
        host: string('10+'),
        port: int32('10+'),
        rack: string('10+', { nullable: '10+', default: null }),
      }),
    ),
  },
})
export type ProduceResponse = MessageOf<typeof ProduceResponse>
