// What an admin does to groups as a whole: lists them, deletes them, removes their members.
import type { Cluster } from '../cluster.ts'
import { GoQueueError, KafkaError, throwOnError } from '../errors.ts'
import type { CallOptions } from '../waiting.ts'

export interface GroupSummary {
  readonly groupId: string
  /** 'consumer' for consumer groups; empty for a group that only holds offsets. */
  readonly protocolType: string
  /** 'Stable', 'PreparingRebalance', 'CompletingRebalance', 'Empty' or 'Dead'; empty where the broker does not say. */
  readonly state: string
}

export interface ListGroupsOptions extends CallOptions {
  /** Only groups in one of these states, e.g. `['Empty']` (KIP-518). Default: all. */
  readonly states?: readonly string[] | undefined
}

/** Names a member: a static one by its `consumerId`, any other by its `memberId`. */
export type MemberToRemove = { readonly memberId: string } | { readonly consumerId: string }

export interface RemoveMembersOptions extends CallOptions {
  /** For the logs of the broker and of the member (KIP-800). Default: 'removed by an administrator'. */
  readonly reason?: string | undefined
}

/** The groups that each broker coordinates: it knows no others. */
export async function listGroups(
  cluster: Cluster,
  { states = [], ...options }: ListGroupsOptions,
): Promise<GroupSummary[]> {
  await cluster.callAny('metadata', options, () => cluster.refresh([]))
  const answers = await Promise.all(
    cluster.nodeIds().map((nodeId) =>
      cluster.retrying('list groups', options, async (timeoutMs) => {
        const connection = await cluster.nodeConnection(nodeId, 'call')
        if (states.length > 0 && connection.version('ListGroups') < 4) {
          const explanation = 'this broker does not know the states of groups (KIP-518): list them without `states`'
          throw new KafkaError('UNSUPPORTED_VERSION', 'ListGroups', '', explanation)
        }
        const answer = await connection.request('ListGroups', { statesFilter: [...states] }, { timeoutMs })
        throwOnError(answer.errorCode, 'ListGroups')
        return answer.groups
      }),
    ),
  )
  const groups = new Map<string, GroupSummary>()
  for (const { groupId, protocolType, groupState } of answers.flat()) {
    groups.set(groupId, { groupId, protocolType, state: groupState })
  }
  return [...groups.values()]
}

export function deleteGroup(cluster: Cluster, groupId: string, options: CallOptions): Promise<void> {
  const path = `group '${groupId}'`
  return cluster.callCoordinator(groupId, `delete ${path}`, options, async (connection, timeoutMs) => {
    const answer = await connection.request('DeleteGroups', { groupsNames: [groupId] }, { timeoutMs })
    throwOnError(answer.results[0]?.errorCode ?? 'UNKNOWN_SERVER_ERROR', 'DeleteGroups', path)
  })
}

export function removeMembers(
  cluster: Cluster,
  groupId: string,
  members: readonly MemberToRemove[],
  { reason = 'removed by an administrator', ...options }: RemoveMembersOptions,
): Promise<void> {
  const path = `group '${groupId}'`
  const identities = members.map((member) => {
    const named = 'consumerId' in member ? member.consumerId : member.memberId
    if (!named) throw new GoQueueError('INVALID_ARGUMENT', 'removeMembers: an empty id names no member')
    return 'consumerId' in member
      ? { memberId: '', groupInstanceId: member.consumerId, reason }
      : { memberId: member.memberId, groupInstanceId: null, reason }
  })
  return cluster.callCoordinator(groupId, `remove members of ${path}`, options, async (connection, timeoutMs) => {
    if (connection.version('LeaveGroup') < 3) {
      const explanation = 'this broker lets members go by themselves only (KIP-345)'
      throw new KafkaError('UNSUPPORTED_VERSION', 'LeaveGroup', path, explanation)
    }
    const answer = await connection.request('LeaveGroup', { groupId, members: identities }, { timeoutMs })
    throwOnError(answer.errorCode, 'LeaveGroup', path)
    for (const { memberId, groupInstanceId, errorCode } of answer.members) {
      throwOnError(errorCode, 'LeaveGroup', `${path}, member '${groupInstanceId ?? memberId}'`)
    }
  })
}
