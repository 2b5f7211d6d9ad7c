// The whole state of a classic group as plain data: no clock, no socket, no promise.
import type { RebalanceUnderWay } from './rebalance-cause.ts'

/** Kafka's names, as DescribeGroups and ListGroups spell them. */
export type GroupState = 'PreparingRebalance' | 'CompletingRebalance' | 'Stable' | 'Empty' | 'Dead'

/** Limits and delays of a group, under Kafka's names where Kafka has one. */
export interface GroupOptions {
  /** `group.initial.rebalance.delay.ms`: how long an empty group waits for more members before its first rebalance. */
  readonly groupInitialRebalanceDelayMs: number
  /** `group.max.size`: members a group may have. */
  readonly groupMaxSize: number
  /** `group.min.session.timeout.ms` */
  readonly groupMinSessionTimeoutMs: number
  /** `group.max.session.timeout.ms` */
  readonly groupMaxSessionTimeoutMs: number
  /** What a client may ask for at most as its rebalance timeout; more is cut down to this. */
  readonly groupMaxRebalanceTimeoutMs: number
  /** How long a member that was never answered may stay with its JoinGroup held (KAFKA-7610). */
  readonly groupNewMemberJoinTimeoutMs: number
  /** Member ids handed out by MEMBER_ID_REQUIRED (KIP-394) that have not come back yet. */
  readonly groupMaxPendingMembers: number
  /** Bytes of metadata and of assignments that one group may keep. */
  readonly groupMetadataMaxBytes: number
}

/** One protocol a member offers: for consumers an assignor and the subscription sent with it. */
export interface MemberProtocol {
  readonly name: string
  readonly metadata: Buffer
  /** Equal for two metadata that subscribe to the same topics, whatever their bytes. */
  readonly subscriptionKey: string
}

export interface Member {
  readonly memberId: string
  readonly groupInstanceId: string | null
  clientId: string
  clientHost: string
  sessionTimeoutMs: number
  rebalanceTimeoutMs: number
  /** In the member's order of preference. */
  protocols: readonly MemberProtocol[]
  /** Empty until the leader's assignment of this generation has arrived. */
  assignment: Buffer
  /** The reason the client gave for its last join (KIP-800). */
  reason: string | null
  /** Joined and not answered yet: it may not know its own id, and cannot heartbeat. */
  isNew: boolean
  /** The request id of its JoinGroup that waits for the others. */
  heldJoin: number | null
  /** The request id of its SyncGroup that waits for the leader's assignment. */
  heldSync: number | null
  sessionDeadlineMs: number
  /** When it must have sent its SyncGroup for this generation; Infinity once it has. */
  syncDeadlineMs: number
}

/** What a restart keeps of a member. */
export interface MemberImage {
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  readonly protocols: readonly MemberProtocol[]
  readonly assignment: Buffer
  readonly reason: string | null
}

/** What a restart keeps of a group: how it was when its last assignment arrived, or when it became empty. */
export interface GroupImage {
  readonly generationId: number
  readonly protocolType: string | null
  readonly protocolName: string | null
  readonly leaderId: string | null
  readonly members: readonly MemberImage[]
  /** When the last member left, by the wall clock; null where it is not known. The coordinator's: the machine has no calendar. */
  readonly emptySinceMs: number | null
}

/** A group that starts from Empty holds its first rebalance open for more members to come. */
export interface InitialDelay {
  /** The window is extended while members keep coming, but never beyond this. */
  readonly untilMs: number
  memberAdded: boolean
}

export interface Group {
  readonly groupId: string
  readonly options: GroupOptions
  state: GroupState
  generationId: number
  /** Generations that may have begun since the last image and been forgotten: their numbers are not given again (row I2). */
  forgottenGenerations: number
  protocolType: string | null
  protocolName: string | null
  leaderId: string | null
  /** By member id, in join order: order decides who leads next and who breaks a tie. */
  members: Map<string, Member>
  /** Member ids handed out and not used yet (KIP-394), each with its own deadline. */
  readonly pendingMembers: Map<string, number>
  /** When the join phase ends without those who have not joined; Infinity outside PreparingRebalance. */
  rebalanceDeadlineMs: number
  initialDelay: InitialDelay | null
  /** What is known of the rebalance under way; null while the group is Stable, Empty or Dead. */
  rebalance: RebalanceUnderWay | null
  /** What a reload would give: the last image handed out to be persisted. */
  saved: GroupImage | null
}

/** A group nobody has joined yet. */
export function createGroup(groupId: string, options: GroupOptions): Group {
  return {
    groupId,
    options,
    state: 'Empty',
    generationId: 0,
    forgottenGenerations: 0,
    protocolType: null,
    protocolName: null,
    leaderId: null,
    members: new Map(),
    pendingMembers: new Map(),
    rebalanceDeadlineMs: Infinity,
    initialDelay: null,
    rebalance: null,
    saved: null,
  }
}

/** The id of the member that owns a group instance id now (KIP-345), or null. */
export function staticMemberId(group: Group, groupInstanceId: string): string | null {
  for (const member of group.members.values()) {
    if (member.groupInstanceId === groupInstanceId) return member.memberId
  }
  return null
}

/** The longest rebalance timeout among the members: what everyone waits for everyone. */
export function rebalanceTimeoutMs(group: Group): number {
  let longest = 0
  for (const member of group.members.values()) longest = Math.max(longest, member.rebalanceTimeoutMs)
  return longest
}
