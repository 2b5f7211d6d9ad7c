// LeaveGroup: request and response, all versions.
import { array, errorCode, int32, string, message, type MessageOf } from '../schema.ts'

/** Leaves a group. v3: many members at once, by member or instance id (KIP-345). v5: a reason (KIP-800). */
export const LeaveGroupRequest = message({
  name: 'LeaveGroupRequest',
  apiKey: 13,
  versions: '0-5',
  flexible: '4+',
  fields: {
    groupId: string('0+'),
    memberId: string('0-2', { default: '' }),
    members: array(
      '3+',
      {
        memberId: string('3+'),
        groupInstanceId: string('3+', { nullable: '3+', default: null }),
        reason: string('5+', { nullable: '5+', default: null, ignorable: true }),
      },
      { default: [] },
    ),
  },
})
export type LeaveGroupRequest = MessageOf<typeof LeaveGroupRequest>

/** Answers for the group and, since v3, for each member. */
export const LeaveGroupResponse = message({
  name: 'LeaveGroupResponse',
  apiKey: 13,
  versions: '0-5',
  flexible: '4+',
  fields: {
    throttleTimeMs: int32('1+', { ignorable: true }),
    errorCode: errorCode('0+'),
    members: array(
      '3+',
      {
        memberId: string('3+'),
        groupInstanceId: string('3+', { nullable: '3+' }),
        errorCode: errorCode('3+'),
      },
      { default: [] },
    ),
  },
})
export type LeaveGroupResponse = MessageOf<typeof LeaveGroupResponse>
