// ListGroups: request and response, all versions.
import { array, errorCode, int32, string, message, type MessageOf } from '../schema.ts'

/** Lists groups. v4: by state (KIP-518). v5: by type (KIP-848). */
export const ListGroupsRequest = message({
  name: 'ListGroupsRequest',
  apiKey: 16,
  versions: '0-5',
  flexible: '3+',
  fields: {
    statesFilter: array('4+', string('4+'), { default: [] }),
    typesFilter: array('5+', string('5+'), { default: [] }),
  },
})
export type ListGroupsRequest = MessageOf<typeof ListGroupsRequest>

/** Answers the id, protocol type, state and type of each group. */
export const ListGroupsResponse = message({
  name: 'ListGroupsResponse',
  apiKey: 16,
  versions: '0-5',
  flexible: '3+',
  fields: {
    throttleTimeMs: int32('1+', { ignorable: true }),
    errorCode: errorCode('0+'),
    groups: array('0+', {
      groupId: string('0+'),
      protocolType: string('0+'),
      groupState: string('4+', { ignorable: true }),
      groupType: string('5+', { ignorable: true }),
    }),
  },
})
export type ListGroupsResponse = MessageOf<typeof ListGroupsResponse>
