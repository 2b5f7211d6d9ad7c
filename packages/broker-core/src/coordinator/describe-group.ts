// What DescribeGroups and ListGroups say about a group.
import { encodeAssignment, encodeSubscription, type ErrorCode, type ResponseInput } from '@goqueue/protocol'
import { metadataOf } from '../classic-group/protocols.ts'
import type { WireV1Group } from '../wire-v1-group/group.ts'
import type { HostedGroup } from './hosted-group.ts'

export type DescribedGroup = ResponseInput<'DescribeGroups'>['groups'][number]
export type ListedGroup = ResponseInput<'ListGroups'>['groups'][number]

const NOTHING = Buffer.alloc(0)

/** The group as it is. Protocol, metadata and assignments are settled in Stable only, and are shown only then. */
export function describeGroup({ group, wireV1 }: HostedGroup): DescribedGroup {
  if (wireV1 !== null) return describeWireV1Group(wireV1)
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

/** What the original dialect does, in Kafka's terms: consumers with a share each, assigned by `roundrobin`. */
const CONSUMER_PROTOCOL = 'consumer'
const WIRE_V1_ASSIGNOR = 'roundrobin'

/** In the original dialect a group with members is always settled: the consumer id serves as member id. */
function describeWireV1Group(group: WireV1Group): DescribedGroup {
  return {
    errorCode: 'NONE',
    groupId: group.groupId,
    groupState: 'Stable',
    protocolType: CONSUMER_PROTOCOL,
    protocolData: WIRE_V1_ASSIGNOR,
    members: Array.from(group.members.values(), ({ consumerId, clientId, clientHost, topics }) => ({
      memberId: consumerId,
      groupInstanceId: consumerId,
      clientId,
      clientHost,
      memberMetadata: encodeSubscription({ topics }),
      memberAssignment: encodeAssignment(group.shares.get(consumerId) ?? new Map()),
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
export function listGroups(groups: Iterable<HostedGroup>, filter: GroupFilter): ListedGroup[] {
  const states = new Set(filter.states.map((state) => state.toLowerCase()))
  const types = new Set(filter.types.map((type) => type.toLowerCase()))
  if (types.size > 0 && !types.has(GROUP_TYPE)) return []
  const listed: ListedGroup[] = []
  for (const { group, wireV1 } of groups) {
    const groupState = wireV1 === null ? group.state : 'Stable'
    const protocolType = wireV1 === null ? (group.protocolType ?? '') : CONSUMER_PROTOCOL
    if (states.size > 0 && !states.has(groupState.toLowerCase())) continue
    listed.push({ groupId: group.groupId, protocolType, groupState, groupType: GROUP_TYPE })
  }
  return listed
}
