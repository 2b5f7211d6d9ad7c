// Why a group rebalances: every cause from the first until the group has settled again.

/**
 * - `join`: a member that the group did not have
 * - `rejoin`: a member asked for another round: the leader, or one whose metadata differ in other things than topics
 *   (a cooperative member that has given partitions up)
 * - `subscriptionChange`: a member subscribes to other topics, or offers other assignors
 * - `staticTakeover`: a static member came back under a new member id (KIP-345)
 * - `leave`: a member left, or was removed by an administrator
 * - `sessionTimeout`: a member was not heard of for its session timeout
 * - `syncTimeout`: a member joined and never sent its SyncGroup
 * - `joinTimeout`: a member did not join again within the rebalance timeout
 * - `groupMaxSize`: the group has more members than `group.max.size` allows
 */
export type RebalanceCauseKind =
  | 'join'
  | 'rejoin'
  | 'subscriptionChange'
  | 'staticTakeover'
  | 'leave'
  | 'sessionTimeout'
  | 'syncTimeout'
  | 'joinTimeout'
  | 'groupMaxSize'

/** The member that caused it; null in all its fields where it was the group as a whole. */
export interface RebalanceCause {
  readonly kind: RebalanceCauseKind
  readonly memberId: string | null
  readonly groupInstanceId: string | null
  readonly clientId: string | null
  readonly clientHost: string | null
  /** What the client itself gave as its reason (KIP-800). */
  readonly reason: string | null
}

/** A rebalance that has begun and has not settled, through as many generations as it takes. */
export interface RebalanceUnderWay {
  readonly sinceMs: number
  readonly causes: RebalanceCause[]
  /** All of them: only the first are kept. */
  causeCount: number
}

/** A group that never settles must not grow by that. */
const KEPT_CAUSES = 100

type CausingMember = Pick<RebalanceCause, 'memberId' | 'groupInstanceId' | 'clientId' | 'clientHost'>

/** Takes down a cause. The first one begins the rebalance: the caller sees to it that there is one. */
export function noteCause(
  group: { rebalance: RebalanceUnderWay | null },
  kind: RebalanceCauseKind,
  member: CausingMember | null,
  reason: string | null,
  nowMs: number,
): void {
  group.rebalance ??= { sinceMs: nowMs, causes: [], causeCount: 0 }
  group.rebalance.causeCount += 1
  if (group.rebalance.causes.length >= KEPT_CAUSES) return
  group.rebalance.causes.push({
    kind,
    memberId: member?.memberId ?? null,
    groupInstanceId: member?.groupInstanceId ?? null,
    clientId: member?.clientId ?? null,
    clientHost: member?.clientHost ?? null,
    reason,
  })
}
