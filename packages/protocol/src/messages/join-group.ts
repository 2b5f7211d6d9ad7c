// JoinGroup: request and response, all versions.
import { array, bool, bytes, errorCode, int32, string, message, type MessageOf } from '../schema.ts'

/** Joins, or rejoins, a group. v4: MEMBER_ID_REQUIRED round trip (KIP-394). v5: static membership (KIP-345). v8: a reason (KIP-800). */
export const JoinGroupRequest = message({
  name: 'JoinGroupRequest',
  apiKey: 11,
  versions: '0-9',
  flexible: '6+',
  fields: {
    groupId: string('0+'),
    sessionTimeoutMs: int32('0+'),
    rebalanceTimeoutMs: int32('1+', { default: -1, ignorable: true }),
    memberId: string('0+'),
    groupInstanceId: string('5+', { nullable: '5+', default: null }),
    protocolType: string('0+'),
    protocols: array('0+', {
      name: string('0+'),
      metadata: bytes('0+'),
    }),
    reason: string('8+', { nullable: '8+', default: null, ignorable: true }),
  },
})
export type JoinGroupRequest = MessageOf<typeof JoinGroupRequest>

/** Answers the generation; the leader is given the members to assign. v9: `skipAssignment` (KIP-814). */
export const JoinGroupResponse = message({
  name: 'JoinGroupResponse',
  apiKey: 11,
  versions: '0-9',
  flexible: '6+',
  fields: {
    throttleTimeMs: int32('2+', { ignorable: true }),
    errorCode: errorCode('0+'),
    generationId: int32('0+', { default: -1 }),
    protocolType: string('7+', { nullable: '7+', default: null, ignorable: true }),
    protocolName: string('0+', { nullable: '7+' }),
    leader: string('0+'),
    skipAssignment: bool('9+', { default: false }),
    memberId: string('0+'),
    members: array('0+', {
      memberId: string('0+'),
      groupInstanceId: string('5+', { nullable: '5+', default: null, ignorable: true }),
      metadata: bytes('0+'),
    }),
  },
})
export type JoinGroupResponse = MessageOf<typeof JoinGroupResponse>
