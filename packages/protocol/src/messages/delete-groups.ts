// DeleteGroups: request and response, all versions.
import { array, errorCode, int32, string, message, type MessageOf } from '../schema.ts'

/** Deletes groups that have no members, with their committed offsets (KIP-229). */
export const DeleteGroupsRequest = message({
  name: 'DeleteGroupsRequest',
  apiKey: 42,
  versions: '0-2',
  flexible: '2+',
  fields: {
    groupsNames: array('0+', string('0+')),
  },
})
export type DeleteGroupsRequest = MessageOf<typeof DeleteGroupsRequest>

/** Answers an error code for each group. */
export const DeleteGroupsResponse = message({
  name: 'DeleteGroupsResponse',
  apiKey: 42,
  versions: '0-2',
  flexible: '2+',
  fields: {
    throttleTimeMs: int32('0+', { default: 0 }),
    results: array('0+', {
      groupId: string('0+'),
      errorCode: errorCode('0+'),
    }),
  },
})
export type DeleteGroupsResponse = MessageOf<typeof DeleteGroupsResponse>
