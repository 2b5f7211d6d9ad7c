// Fetch: request and response, all versions.
import {
  array,
  errorCode,
  int32,
  int64,
  int8,
  records,
  string,
  struct,
  tagged,
  uuid,
  message,
  type MessageOf,
} from '../schema.ts'

/** Reads record batches, waiting for `minBytes` up to `maxWaitMs`. v7: fetch sessions (KIP-227). v13: topic ids (KIP-516). */
export const FetchRequest = message({
  name: 'FetchRequest',
  apiKey: 1,
  versions: '0-17',
  flexible: '12+',
  fields: {
    clusterId: tagged(0, string('12+', { nullable: '12+', default: null, ignorable: true })),
    replicaId: int32('0-14', { default: -1 }),
    replicaState: tagged(
      1,
      struct('15+', {
        replicaId: int32('15+', { default: -1 }),
        replicaEpoch: int64('15+', { default: -1 }),
      }),
    ),
    maxWaitMs: int32('0+'),
    minBytes: int32('0+'),
    maxBytes: int32('3+', { default: 0x7fffffff, ignorable: true }),
    isolationLevel: int8('4+', { default: 0, ignorable: true }),
    sessionId: int32('7+', { default: 0, ignorable: true }),
    sessionEpoch: int32('7+', { default: -1, ignorable: true }),
    topics: array('0+', {
      topic: string('0-12', { ignorable: true }),
      topicId: uuid('13+', { ignorable: true }),
      partitions: array('0+', {
        partition: int32('0+'),
        currentLeaderEpoch: int32('9+', { default: -1, ignorable: true }),
        fetchOffset: int64('0+'),
        lastFetchedEpoch: int32('12+', { default: -1 }),
        logStartOffset: int64('5+', { default: -1, ignorable: true }),
        partitionMaxBytes: int32('0+'),
        replicaDirectoryId: tagged(0, uuid('17+', { ignorable: true })),
      }),
    }),
    forgottenTopicsData: array(
      '7+',
      {
        topic: string('7-12', { ignorable: true }),
        topicId: uuid('13+', { ignorable: true }),
        partitions: array('7+', int32('7+')),
      },
      { default: [] },
    ),
    rackId: string('11+', { default: '', ignorable: true }),
  },
})
export type FetchRequest = MessageOf<typeof FetchRequest>

/** Answers batches, whole or with a partial last one. v12: diverging epoch (KIP-595). v16: node endpoints (KIP-951). */
export const FetchResponse = message({
  name: 'FetchResponse',
  apiKey: 1,
  versions: '0-17',
  flexible: '12+',
  fields: {
    throttleTimeMs: int32('1+', { ignorable: true }),
    errorCode: errorCode('7+', { ignorable: true }),
    sessionId: int32('7+', { default: 0 }),
    responses: array('0+', {
      topic: string('0-12', { ignorable: true }),
      topicId: uuid('13+', { ignorable: true }),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        errorCode: errorCode('0+'),
        highWatermark: int64('0+'),
        lastStableOffset: int64('4+', { default: -1, ignorable: true }),
        logStartOffset: int64('5+', { default: -1, ignorable: true }),
        divergingEpoch: tagged(
          0,
          struct('12+', {
            epoch: int32('12+', { default: -1 }),
            endOffset: int64('12+', { default: -1 }),
          }),
        ),
        currentLeader: tagged(
          1,
          struct('12+', {
            leaderId: int32('12+', { default: -1 }),
            leaderEpoch: int32('12+', { default: -1 }),
          }),
        ),
        snapshotId: tagged(
          2,
          struct('12+', {
            endOffset: int64('0+', { default: -1 }),
            epoch: int32('0+', { default: -1 }),
          }),
        ),
        abortedTransactions: array(
          '4+',
          {
            producerId: int64('4+'),
            firstOffset: int64('4+'),
          },
          { nullable: '4+', ignorable: true },
        ),
        preferredReadReplica: int32('11+', { default: -1 }),
        records: records('0+', { nullable: '0+' }),
      }),
    }),
    nodeEndpoints: tagged(
      0,
      array('16+', {
        nodeId: int32('16+'),
        host: string('16+'),
        port: int32('16+'),
        rack: string('16+', { nullable: '16+', default: null }),
      }),
    ),
  },
})
export type FetchResponse = MessageOf<typeof FetchResponse>
