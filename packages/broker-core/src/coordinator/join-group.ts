// JoinGroup between the wire and the machine.
import type { ErrorCode, JoinGroupRequest, ResponseInput } from '@goqueue/protocol'
import { joinGroupError } from '../classic-group/effect.ts'
import type { JoinGroupReply } from '../classic-group/effect.ts'
import type { JoinGroupInput } from '../classic-group/input.ts'
import { isValidId } from './group-id.ts'
import { subscriptionKey } from './subscription-key.ts'

const MAX_REASON_LENGTH = 255
/** A member offers as many protocols as it knows assignors. */
const MAX_PROTOCOLS = 100

/** A client's reason (KIP-800), cut as Kafka's own client cuts it. */
export function cutReason(reason: string | null): string | null {
  return reason?.slice(0, MAX_REASON_LENGTH) ?? null
}

interface Context {
  readonly apiVersion: number
  readonly clientId: string
  readonly clientHost: string
}

/** Whether the names in the request are few and short enough to be kept; metadata has a limit of its own (row N19). */
export function hasValidJoinIds(request: JoinGroupRequest, context: Context): boolean {
  const { memberId, groupInstanceId, protocolType, protocols } = request
  if (protocols.length > MAX_PROTOCOLS) return false
  const names = protocols.map(({ name }) => name)
  return [memberId, groupInstanceId, protocolType, context.clientId, ...names].every(isValidId)
}

/** The machine's input. Metadata is copied: the request's bytes are a view into a frame that would never be freed. */
export function joinGroupInput(
  request: JoinGroupRequest,
  context: Context,
  requestId: number,
  randomUuid: string,
): JoinGroupInput {
  const { protocolType, groupInstanceId } = request
  return {
    kind: 'joinGroup',
    requestId,
    memberId: request.memberId,
    freshMemberId: `${groupInstanceId ?? context.clientId}-${randomUuid}`,
    groupInstanceId,
    clientId: context.clientId,
    clientHost: context.clientHost,
    sessionTimeoutMs: request.sessionTimeoutMs,
    rebalanceTimeoutMs: request.rebalanceTimeoutMs,
    protocolType,
    protocols: request.protocols.map(({ name, metadata }) => ({
      name,
      metadata: Buffer.from(metadata),
      subscriptionKey: subscriptionKey(protocolType, metadata),
    })),
    supportsMemberIdRequired: context.apiVersion >= 4,
    supportsSkipAssignment: context.apiVersion >= 9,
    reason: cutReason(request.reason),
  }
}

/** The wire's answer; an error code stands for a request that never reached the machine. */
export function joinGroupResponse(
  answer: JoinGroupReply | ErrorCode,
  request: JoinGroupRequest,
  { apiVersion }: Context,
): ResponseInput<'JoinGroup'> {
  const reply = typeof answer === 'string' ? joinGroupError(answer, request.memberId) : answer
  const { errorCode, generationId, protocolType, protocolName, leader, skipAssignment, memberId, members } = reply
  return {
    errorCode,
    generationId,
    protocolType,
    // Null came with v7.
    protocolName: apiVersion >= 7 ? protocolName : (protocolName ?? ''),
    leader,
    skipAssignment,
    memberId,
    members,
  }
}
