// What can happen to a group. Requests carry a number to answer to and any fresh entropy they need.
import type { MemberProtocol } from './group.ts'

export interface JoinGroupInput {
  readonly kind: 'joinGroup'
  readonly requestId: number
  /** Empty while the client has no member id. */
  readonly memberId: string
  /** The id it gets if it needs one: unique for ever. */
  readonly freshMemberId: string
  readonly groupInstanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  readonly sessionTimeoutMs: number
  /** Zero or less: the same as the session timeout (JoinGroup v0 has none). */
  readonly rebalanceTimeoutMs: number
  readonly protocolType: string
  readonly protocols: readonly MemberProtocol[]
  /** JoinGroup v4+: the client rejoins with the id that MEMBER_ID_REQUIRED gives it (KIP-394). */
  readonly supportsMemberIdRequired: boolean
  /** JoinGroup v9+: a static leader may come back without assigning again (KIP-814). */
  readonly supportsSkipAssignment: boolean
  readonly reason: string | null
}

export interface SyncGroupInput {
  readonly kind: 'syncGroup'
  readonly requestId: number
  readonly generationId: number
  readonly memberId: string
  readonly groupInstanceId: string | null
  /** Null when the client's version does not say (below v5). */
  readonly protocolType: string | null
  readonly protocolName: string | null
  readonly assignments: readonly { readonly memberId: string; readonly assignment: Buffer }[]
}

export interface HeartbeatInput {
  readonly kind: 'heartbeat'
  readonly requestId: number
  readonly generationId: number
  readonly memberId: string
  readonly groupInstanceId: string | null
}

export interface LeavingMember {
  /** Empty when an administrator removes a static member by its instance id. */
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly reason: string | null
}

export interface LeaveGroupInput {
  readonly kind: 'leaveGroup'
  readonly requestId: number
  readonly members: readonly LeavingMember[]
}

export interface OffsetToCommit {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly leaderEpoch: number
  readonly metadata: string
  readonly committedMs: number
  readonly expireMs: number | null
}

export interface OffsetCommitInput {
  readonly kind: 'offsetCommit'
  readonly requestId: number
  /** -1 from a consumer that uses the group for its offsets only. */
  readonly generationId: number
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly offsets: readonly OffsetToCommit[]
}

/** Time has passed: everything that is due now happens. */
export interface TickInput {
  readonly kind: 'tick'
}

/** The process stood still for `byMs`, and nobody's silence during that time counts against him (row I23). */
export interface StalledInput {
  readonly kind: 'stalled'
  readonly byMs: number
}

/** The coordinator lets go of the group: whoever waits is sent away, and the state becomes Dead. */
export interface UnloadInput {
  readonly kind: 'unload'
}

export type Input =
  | JoinGroupInput
  | SyncGroupInput
  | HeartbeatInput
  | LeaveGroupInput
  | OffsetCommitInput
  | TickInput
  | StalledInput
  | UnloadInput
