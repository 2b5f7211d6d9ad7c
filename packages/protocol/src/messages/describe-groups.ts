// DescribeGroups: request and response, all versions.
import { array, bool, bytes, errorCode, int32, string, message, type MessageOf } from '../schema.ts'

/** Describes classic groups. v4: group instance ids (KIP-345). v6: GROUP_ID_NOT_FOUND (KIP-1043). */
export const DescribeGroupsRequest = message({
  name: 'DescribeGroupsRequest',
  apiKey: 15,
  versions: '0-6',
  flexible: '5+',
  fields: {
    groups: array('0+', string('0+')),
    includeAuthorizedOperations: bool('3+', { default: false }),
  },
})
export type DescribeGroupsRequest = MessageOf<typeof DescribeGroupsRequest>

/** Answers the state, protocol and members of each group. */
export const DescribeGroupsResponse = message({
  name: 'DescribeGroupsResponse',
  apiKey: 15,
  versions: '0-6',
  flexible: '5+',
  fields: {
    throttleTimeMs: int32('1+', { ignorable: true }),
    groups: array('0+', {
      errorCode: errorCode('0+'),
      errorMessage: string('6+', { nullable: '6+', default: null }),
      groupId: string('0+'),
      groupState: string('0+'),
      protocolType: string('0+'),
      protocolData: string('0+'),
      members: array('0+', {
        memberId: string('0+'),
        groupInstanceId: string('4+', { nullable: '4+', default: null, ignorable: true }),
        clientId: string('0+'),
        clientHost: string('0+'),
        memberMetadata: bytes('0+'),
        memberAssignment: bytes('0+'),
      }),
      authorizedOperations: int32('3+', { default: -2147483648 }),
    }),
  },
})
export type DescribeGroupsResponse = MessageOf<typeof DescribeGroupsResponse>
