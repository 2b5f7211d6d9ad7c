// What a step asks of the world, in order: a reply must wait until every persist before it is durable.
import type { ErrorCode } from '@goqueue/protocol'
import type { GroupImage, MemberImage } from './group.ts'
import type { OffsetToCommit } from './input.ts'
import type { RebalanceCause } from './rebalance-cause.ts'

export interface JoinGroupReply {
  readonly kind: 'joinGroup'
  readonly errorCode: ErrorCode
  readonly generationId: number
  readonly protocolType: string | null
  readonly protocolName: string | null
  readonly leader: string
  readonly skipAssignment: boolean
  readonly memberId: string
  /** Everyone, in join order, for the leader; empty for the others. */
  readonly members: readonly {
    readonly memberId: string
    readonly groupInstanceId: string | null
    readonly metadata: Buffer
  }[]
}

export interface SyncGroupReply {
  readonly kind: 'syncGroup'
  readonly errorCode: ErrorCode
  readonly protocolType: string | null
  readonly protocolName: string | null
  readonly assignment: Buffer
}

export interface HeartbeatReply {
  readonly kind: 'heartbeat'
  readonly errorCode: ErrorCode
}

export interface LeaveGroupReply {
  readonly kind: 'leaveGroup'
  readonly errorCode: ErrorCode
  readonly members: readonly {
    readonly memberId: string
    readonly groupInstanceId: string | null
    readonly errorCode: ErrorCode
  }[]
}

export interface OffsetCommitReply {
  readonly kind: 'offsetCommit'
  readonly errorCode: ErrorCode
}

export type Reply = JoinGroupReply | SyncGroupReply | HeartbeatReply | LeaveGroupReply | OffsetCommitReply

/** A rebalance from its first cause until the group was Stable or Empty. Generations that never settled are part of it. */
export interface Rebalance {
  /** The generation that has settled. */
  readonly generationId: number
  readonly protocolType: string | null
  /** Null when the group became Empty. */
  readonly protocolName: string | null
  /** The members with their assignments as they were when the group had last settled, and as they are now. */
  readonly before: readonly MemberImage[]
  readonly after: readonly MemberImage[]
  readonly tookMs: number
  /** In order, one at least. */
  readonly causes: readonly RebalanceCause[]
  /** With those that were not kept. */
  readonly causeCount: number
}

export type Effect =
  | { readonly kind: 'reply'; readonly requestId: number; readonly reply: Reply }
  | { readonly kind: 'persistGroup'; readonly image: GroupImage }
  | { readonly kind: 'persistOffsets'; readonly offsets: readonly OffsetToCommit[] }
  /** To be written down for whoever asks later; nobody waits for it. */
  | { readonly kind: 'rebalanced'; readonly rebalance: Rebalance }

const NOTHING = Buffer.alloc(0)

/** Appends a reply to the effects of this step. */
export function reply(effects: Effect[], requestId: number, answer: Reply): void {
  effects.push({ kind: 'reply', requestId, reply: answer })
}

/** A JoinGroup reply that carries an error: no generation, no protocol, no leader. */
export function joinGroupError(errorCode: ErrorCode, memberId: string): JoinGroupReply {
  return {
    kind: 'joinGroup',
    errorCode,
    generationId: -1,
    protocolType: null,
    protocolName: null,
    leader: '',
    skipAssignment: false,
    memberId,
    members: [],
  }
}

/** A SyncGroup reply that carries an error and no assignment. */
export function syncGroupError(errorCode: ErrorCode): SyncGroupReply {
  return { kind: 'syncGroup', errorCode, protocolType: null, protocolName: null, assignment: NOTHING }
}
