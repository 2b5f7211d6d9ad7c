// Heartbeat: request and response, all versions.
import { errorCode, int32, string, message, type MessageOf } from '../schema.ts'

/** Keeps a member alive and learns of rebalances. v3: static membership (KIP-345). */
export const HeartbeatRequest = message({
  name: 'HeartbeatRequest',
  apiKey: 12,
  versions: '0-4',
  flexible: '4+',
  fields: {
    groupId: string('0+'),
    generationId: int32('0+'),
    memberId: string('0+'),
    groupInstanceId: string('3+', { nullable: '3+', default: null }),
  },
})
export type HeartbeatRequest = MessageOf<typeof HeartbeatRequest>

/** Answers NONE, or why the member must rejoin. */
export const HeartbeatResponse = message({
  name: 'HeartbeatResponse',
  apiKey: 12,
  versions: '0-4',
  flexible: '4+',
  fields: {
    throttleTimeMs: int32('1+', { ignorable: true }),
    errorCode: errorCode('0+'),
  },
})
export type HeartbeatResponse = MessageOf<typeof HeartbeatResponse>
