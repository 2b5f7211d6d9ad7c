// Metadata: request and response, all versions.
import { array, bool, errorCode, int32, string, uuid, message, type MessageOf } from '../schema.ts'

/** Asks for brokers, topics and partition leaders. v10: topic ids (KIP-516). v12: topics by id. */
export const MetadataRequest = message({
  name: 'MetadataRequest',
  apiKey: 3,
  versions: '0-12',
  flexible: '9+',
  fields: {
    topics: array(
      '0+',
      {
        topicId: uuid('10+', { ignorable: true }),
        name: string('0+', { nullable: '10+' }),
      },
      { nullable: '1+' },
    ),
    allowAutoTopicCreation: bool('4+', { default: true }),
    includeClusterAuthorizedOperations: bool('8-10', { default: false }),
    includeTopicAuthorizedOperations: bool('8+', { default: false }),
  },
})
export type MetadataRequest = MessageOf<typeof MetadataRequest>

/** Answers brokers, the controller, and each topic with its partitions. */
export const MetadataResponse = message({
  name: 'MetadataResponse',
  apiKey: 3,
  versions: '0-12',
  flexible: '9+',
  fields: {
    throttleTimeMs: int32('3+', { ignorable: true }),
    brokers: array('0+', {
      nodeId: int32('0+'),
      host: string('0+'),
      port: int32('0+'),
      rack: string('1+', { nullable: '1+', default: null, ignorable: true }),
    }),
    clusterId: string('2+', { nullable: '2+', default: null, ignorable: true }),
    controllerId: int32('1+', { default: -1, ignorable: true }),
    topics: array('0+', {
      errorCode: errorCode('0+'),
      name: string('0+', { nullable: '12+' }),
      topicId: uuid('10+', { ignorable: true }),
      isInternal: bool('1+', { default: false, ignorable: true }),
      partitions: array('0+', {
        errorCode: errorCode('0+'),
        partitionIndex: int32('0+'),
        leaderId: int32('0+'),
        leaderEpoch: int32('7+', { default: -1, ignorable: true }),
        replicaNodes: array('0+', int32('0+')),
        isrNodes: array('0+', int32('0+')),
        offlineReplicas: array('5+', int32('5+'), { ignorable: true }),
      }),
      topicAuthorizedOperations: int32('8+', { default: -2147483648 }),
    }),
    clusterAuthorizedOperations: int32('8-10', { default: -2147483648 }),
  },
})
export type MetadataResponse = MessageOf<typeof MetadataResponse>
