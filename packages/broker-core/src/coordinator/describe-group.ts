// What DescribeGroups and ListGroups say about a group.
import type { ErrorCode, ResponseInput } from '@goqueue/protocol'
import type { Group } from '../classic-group/group.ts'
import { metadataOf } from '../classic-group/protocols.ts'

export type DescribedGroup = ResponseInput<'DescribeGroups'>['groups'][number]
export type ListedGroup = ResponseInput<'ListGroups'>['groups'][number]

const NOTHING = Buffer.alloc(0)

/** The group as it is. Protocol, metadata and assignments are settled in Stable only, and are shown only then. */
export function describeGroup(group: Group): DescribedGroup {
  const isStable = group.state === 'Stable'
  return {
    errorCode: 'NONE',
    groupId: group.groupId,
    groupState: group.state,
    protocolType: group.protocolType ?? '',
    protocolData: isStable ? (group.protocolName ?? '') : '',
    members: Array.from(group.members.values(), (member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      memberMetadata: isStable ? metadataOf(member, group.protocolName) : NOTHING,
      memberAssignment: isStable ? member.assignment : NOTHING,
    })),
  }
}

/** A group that is not here: up to v5 that is a Dead group and no error, from v6 on GROUP_ID_NOT_FOUND (KIP-1043). */
export function describeMissingGroup(groupId: string, apiVersion: number): DescribedGroup {
  return undescribedGroup(groupId, apiVersion >= 6 ? 'GROUP_ID_NOT_FOUND' : 'NONE')
}

/** A description without content. */
export function undescribedGroup(groupId: string, errorCode: ErrorCode): DescribedGroup {
  return { errorCode, groupId, groupState: 'Dead', protocolType: '', protocolData: '', members: [] }
}

/** What a ListGroups request asks for: an empty list asks for everything, names in any case. */
export interface GroupFilter {
  readonly states: readonly string[]
  readonly types: readonly string[]
}

const GROUP_TYPE = 'classic'

/** The groups that pass the filter. */
export function listGroups(groups: Iterable<Group>, filter: GroupFilter): ListedGroup[] {
  const states = new Set(filter.states.map((state) => state.toLowerCase()))
  const types = new Set(filter.types.map((type) => type.toLowerCase()))
  if (types.size > 0 && !types.has(GROUP_TYPE)) return []
  const listed: ListedGroup[] = []
  for (const { groupId, protocolType, state } of groups) {
    if (states.size > 0 && !states.has(state.toLowerCase())) continue
    listed.push({ groupId, protocolType: protocolType ?? '', groupState: state, groupType: GROUP_TYPE })
  }
  return listed
}
