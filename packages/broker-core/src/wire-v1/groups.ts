// Consumer groups and their offsets in the original dialect.
import {
  wireV1CodeResponse,
  wireV1ErrorResponse,
  wireV1FetchOffsetResponse,
  wireV1JoinGroupResponse,
  type WireV1Request,
} from '@goqueue/protocol'
import type { ConnectionContext } from '../dialect.ts'
import type { Services } from '../handlers/services.ts'

type Of<Type extends WireV1Request['type']> = Extract<WireV1Request, { type: Type }>

const NOTHING_COMMITTED = 3

export async function answerJoin(
  { groups }: Services,
  request: Of<'joinGroup'>,
  { clientHost }: ConnectionContext,
): Promise<Buffer> {
  const { groupId, consumerId, clientId, topics, sessionTimeoutMs } = request
  const reply = await groups.wireV1.join(groupId, { consumerId, clientId, clientHost, topics, sessionTimeoutMs })
  if (reply.kind === 'code') {
    return reply.errorCode === 0 ? wireV1CodeResponse(0) : wireV1ErrorResponse('joinGroup', reply.errorCode)
  }
  const { generation, leader, members, share } = reply
  return wireV1JoinGroupResponse({ errorCode: 0, generation, groupId, consumerId, leader, members, assignment: share })
}

export async function answerLeave({ groups }: Services, request: Of<'leaveGroup'>): Promise<Buffer> {
  return wireV1CodeResponse(await groups.wireV1.leave(request.groupId, request.consumerId))
}

export async function answerHeartbeat({ groups }: Services, request: Of<'heartbeat'>): Promise<Buffer> {
  return wireV1CodeResponse(await groups.wireV1.heartbeat(request.groupId, request.consumerId, request.generation))
}

export async function answerCommitOffset({ groups }: Services, request: Of<'commitOffset'>): Promise<Buffer> {
  const { groupId, topic, partition, offset, metadata } = request
  return wireV1CodeResponse(await groups.wireV1.commit(groupId, { topic, partition, offset, metadata }))
}

/** In both dialects, and whoever the group belongs to: reading what is committed always works. */
export function answerFetchOffset({ groups }: Services, { groupId, topic, partition }: Of<'fetchOffset'>): Buffer {
  const offset = groups.wireV1.committedOffset(groupId, topic, partition)
  return offset === null ? wireV1ErrorResponse('fetchOffset', NOTHING_COMMITTED) : wireV1FetchOffsetResponse(0, offset)
}
