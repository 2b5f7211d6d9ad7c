// DescribeCluster: request and response, all versions.
import { array, bool, errorCode, int32, int8, string, message, type MessageOf } from '../schema.ts'

/** Asks for the brokers (KIP-700). v1: or the controllers (KIP-919). v2: fenced ones too (KIP-1073). */
export const DescribeClusterRequest = message({
  name: 'DescribeClusterRequest',
  apiKey: 60,
  versions: '0-2',
  flexible: '0+',
  fields: {
    includeClusterAuthorizedOperations: bool('0+'),
    endpointType: int8('1+', { default: 1 }),
    includeFencedBrokers: bool('2+', { default: false }),
  },
})
export type DescribeClusterRequest = MessageOf<typeof DescribeClusterRequest>

/** Answers the cluster's id, its controller and its brokers. */
export const DescribeClusterResponse = message({
  name: 'DescribeClusterResponse',
  apiKey: 60,
  versions: '0-2',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32('0+', { default: 0 }),
    errorCode: errorCode('0+'),
    errorMessage: string('0+', { nullable: '0+', default: null }),
    endpointType: int8('1+', { default: 1 }),
    clusterId: string('0+'),
    controllerId: int32('0+', { default: -1 }),
    brokers: array('0+', {
      brokerId: int32('0+'),
      host: string('0+'),
      port: int32('0+'),
      rack: string('0+', { nullable: '0+', default: null }),
      isFenced: bool('2+', { default: false }),
    }),
    clusterAuthorizedOperations: int32('0+', { default: -2147483648 }),
  },
})
export type DescribeClusterResponse = MessageOf<typeof DescribeClusterResponse>
