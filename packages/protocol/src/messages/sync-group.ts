// SyncGroup: request and response, all versions.
import { array, bytes, errorCode, int32, string, message, type MessageOf } from '../schema.ts'

/** Fetches a member's assignment; the leader brings everybody's. v3: static membership (KIP-345). */
export const SyncGroupRequest = message({
  name: 'SyncGroupRequest',
  apiKey: 14,
  versions: '0-5',
  flexible: '4+',
  fields: {
    groupId: string('0+'),
    generationId: int32('0+'),
    memberId: string('0+'),
    groupInstanceId: string('3+', { nullable: '3+', default: null }),
    protocolType: string('5+', { nullable: '5+', default: null, ignorable: true }),
    protocolName: string('5+', { nullable: '5+', default: null, ignorable: true }),
    assignments: array('0+', {
      memberId: string('0+'),
      assignment: bytes('0+'),
    }),
  },
})
export type SyncGroupRequest = MessageOf<typeof SyncGroupRequest>

/** Answers the member's assignment as the bytes the leader gave. */
export const SyncGroupResponse = message({
  name: 'SyncGroupResponse',
  apiKey: 14,
  versions: '0-5',
  flexible: '4+',
  fields: {
    throttleTimeMs: int32('1+', { ignorable: true }),
    errorCode: errorCode('0+'),
    protocolType: string('5+', { nullable: '5+', default: null, ignorable: true }),
    protocolName: string('5+', { nullable: '5+', default: null, ignorable: true }),
    assignment: bytes('0+'),
  },
})
export type SyncGroupResponse = MessageOf<typeof SyncGroupResponse>
