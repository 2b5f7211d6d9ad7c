// PURE. One member of a consumer group: when to join, sync, heartbeat, give up partitions, and when it is over.
import { errorEntry, type ErrorCode, type PartitionsByTopic } from '@goqueue/protocol'

/**
 * out: no member. joining, syncing: a request is held by the coordinator. assigning: this member leads and computes.
 * stable: partitions are ours. revoking: some are being given up before a rejoin. waiting: for another attempt.
 * leaving: all are being given up before the end. ended: an error that joining again would not mend.
 */
export type MembershipPhase =
  'out' | 'joining' | 'assigning' | 'syncing' | 'stable' | 'revoking' | 'waiting' | 'leaving' | 'ended'

/** The state: plain data. What waits for an answer is a number. */
export interface Membership {
  phase: MembershipPhase
  readonly isStatic: boolean
  /** Whether partitions are kept through a rebalance, and only those given up that another is to have (KIP-429). */
  readonly isCooperative: boolean
  readonly sessionTimeoutMs: number
  readonly heartbeatIntervalMs: number
  /** Empty until the coordinator has given one. */
  memberId: string
  generationId: number
  isLeader: boolean
  /** Whether the last assignment, or what is left of it, is still ours. */
  isOwner: boolean
  /** What is ours. */
  owned: PartitionsByTopic
  /** The new assignment, held back until the partitions that it takes from us are given up. */
  heldBack: PartitionsByTopic | null
  /** Whether the coordinator is told once everything is given up. */
  isLeaveToBeTold: boolean
  /** The attempt under way; answers to any other are stale. */
  requestId: number
  heartbeatCount: number
  /** The heartbeat under way: there is never more than one. */
  heartbeatRequestId: number | null
  heartbeatSentMs: number
  heartbeatDueMs: number
  /** From here on the coordinator may have given our partitions away: they are given up before that (row I19). */
  sessionDeadlineMs: number
  syncSentMs: number
  retryAtMs: number
  /** Whether the end was FENCED_INSTANCE_ID: another process owns the consumer id, and coming back would only fence it. */
  isFenced: boolean
}

/** A member as the leader gets to see it. */
export interface JoinedMember {
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly metadata: Buffer
}

export type MembershipInput =
  | { readonly kind: 'start' }
  | {
      readonly kind: 'joinAnswered'
      readonly requestId: number
      readonly errorCode: ErrorCode
      readonly memberId: string
      readonly generationId: number
      readonly protocolName: string
      readonly leaderId: string
      readonly skipAssignment: boolean
      readonly members: readonly JoinedMember[]
      readonly retryDelayMs: number
    }
  | { readonly kind: 'assignmentMade'; readonly requestId: number; readonly assignments: ReadonlyMap<string, Buffer> }
  | {
      readonly kind: 'syncAnswered'
      readonly requestId: number
      readonly errorCode: ErrorCode
      readonly assignment: PartitionsByTopic
      readonly retryDelayMs: number
    }
  /** No answer, or one that a later attempt may better. */
  | { readonly kind: 'attemptFailed'; readonly requestId: number; readonly retryDelayMs: number }
  /** Something that no attempt can better. */
  | { readonly kind: 'attemptImpossible'; readonly requestId: number; readonly error: Error }
  | { readonly kind: 'heartbeatAnswered'; readonly requestId: number; readonly errorCode: ErrorCode }
  | { readonly kind: 'heartbeatFailed'; readonly requestId: number }
  /** The application has let go of what 'release' named. */
  | { readonly kind: 'released'; readonly requestId: number }
  /** A commit of this generation was refused: as telling as a heartbeat's answer, and perhaps earlier. */
  | { readonly kind: 'commitRefused'; readonly generationId: number; readonly errorCode: ErrorCode }
  /** A topic that this leader has assigned has more partitions now, or a subscribed one has appeared. */
  | { readonly kind: 'partitionsChanged' }
  /** This member wants another assignment, or to start over. */
  | { readonly kind: 'rejoin'; readonly reason: string }
  | { readonly kind: 'leave' }
  /** Stop without a word, as a static member does that will be back. */
  | { readonly kind: 'stop' }
  | { readonly kind: 'tick' }

/** Why partitions are given up. */
export type ReleaseReason = 'REBALANCE_IN_PROGRESS' | 'SESSION_EXPIRED' | 'CLOSED' | ErrorCode

export type MembershipEffect =
  | { readonly kind: 'join'; readonly requestId: number; readonly memberId: string; readonly reason: string }
  | {
      readonly kind: 'assign'
      readonly requestId: number
      readonly protocolName: string
      readonly members: readonly JoinedMember[]
    }
  | {
      readonly kind: 'sync'
      readonly requestId: number
      readonly memberId: string
      readonly generationId: number
      readonly assignments: ReadonlyMap<string, Buffer>
    }
  | { readonly kind: 'heartbeat'; readonly requestId: number; readonly memberId: string; readonly generationId: number }
  /** The assignment is in force. `added` is what of it was not ours before. */
  | {
      readonly kind: 'own'
      readonly added: PartitionsByTopic
      readonly assignment: PartitionsByTopic
      readonly generationId: number
    }
  /** Partitions are ours no more. With `mustConfirm`, 'released' is awaited before the member rejoins or leaves. */
  | {
      readonly kind: 'release'
      readonly requestId: number
      readonly partitions: PartitionsByTopic
      readonly reason: ReleaseReason
      readonly mustConfirm: boolean
    }
  /** The held request, if any, is given up. */
  | { readonly kind: 'dropHeld' }
  | { readonly kind: 'leave'; readonly memberId: string }
  | { readonly kind: 'end'; readonly errorCode: ErrorCode | null; readonly error: Error | null }

const NOBODY: ReadonlyMap<string, Buffer> = new Map()
const NOTHING: PartitionsByTopic = new Map()

/** A member that has not joined. */
export function newMembership(options: {
  readonly isStatic: boolean
  readonly isCooperative: boolean
  readonly sessionTimeoutMs: number
  readonly heartbeatIntervalMs: number
}): Membership {
  return {
    ...options,
    phase: 'out',
    memberId: '',
    generationId: -1,
    isLeader: false,
    isOwner: false,
    owned: NOTHING,
    heldBack: null,
    isLeaveToBeTold: false,
    requestId: 0,
    heartbeatCount: 0,
    heartbeatRequestId: null,
    heartbeatSentMs: 0,
    heartbeatDueMs: Infinity,
    syncSentMs: -Infinity,
    sessionDeadlineMs: -Infinity,
    retryAtMs: Infinity,
    isFenced: false,
  }
}

/** When a 'tick' is due; Infinity when time alone changes nothing. */
export function nextDeadlineMs(member: Membership): number {
  const heartbeatMs = heartbeats(member) && member.heartbeatRequestId === null ? member.heartbeatDueMs : Infinity
  const sessionMs = member.isOwner ? member.sessionDeadlineMs : Infinity
  const retryMs = member.phase === 'waiting' ? member.retryAtMs : Infinity
  return Math.min(heartbeatMs, sessionMs, retryMs)
}

/** Takes one input in. Changes `member` and nothing else; what must be done is in the effects, in order. */
export function step(member: Membership, input: MembershipInput, nowMs: number): MembershipEffect[] {
  switch (input.kind) {
    case 'start':
      if (member.isFenced) return end(member, 'FENCED_INSTANCE_ID', null)
      return member.phase === 'out' || member.phase === 'ended' ? join(member, 'joins') : []
    case 'joinAnswered':
      return isCurrent(member, input, 'joining') ? joinAnswered(member, input, nowMs) : []
    case 'assignmentMade':
      return isCurrent(member, input, 'assigning') ? sync(member, input.assignments, nowMs) : []
    case 'syncAnswered':
      return isCurrent(member, input, 'syncing') ? syncAnswered(member, input, nowMs) : []
    case 'attemptFailed':
      return isAttempt(member, input) ? wait(member, nowMs + input.retryDelayMs) : []
    case 'attemptImpossible':
      return isAttempt(member, input) ? end(member, null, input.error) : []
    case 'heartbeatAnswered':
      return heartbeatAnswered(member, input, nowMs)
    case 'heartbeatFailed':
      if (member.heartbeatRequestId === input.requestId) heartbeatMissed(member, nowMs)
      return []
    case 'released':
      if (isCurrent(member, input, 'leaving')) return depart(member)
      return isCurrent(member, input, 'revoking') ? revoked(member, nowMs) : []
    case 'commitRefused':
      return commitRefused(member, input)
    case 'partitionsChanged':
      return member.phase === 'stable' && member.isLeader ? rejoin(member, 'partitions were added') : []
    case 'rejoin':
      return member.phase === 'stable' ? rejoin(member, input.reason) : []
    case 'leave':
      return stop(member, true)
    case 'stop':
      return stop(member, false)
    case 'tick':
      return tick(member, nowMs)
    default:
      return input satisfies never
  }
}

function isCurrent(member: Membership, input: { requestId: number }, phase: MembershipPhase): boolean {
  return member.phase === phase && member.requestId === input.requestId
}

function isAttempt(member: Membership, input: { requestId: number }): boolean {
  const isUnderWay = member.phase === 'joining' || member.phase === 'assigning' || member.phase === 'syncing'
  return isUnderWay && member.requestId === input.requestId
}

/**
 * The coordinator counts the session from the answer to a join on, so heartbeats start there, not with the assignment.
 * One that keeps its partitions while it rejoins goes on with them: only an answer shows that they are still ours.
 */
function heartbeats({ phase, isOwner }: Membership): boolean {
  if (phase === 'joining' || phase === 'waiting') return isOwner
  return phase !== 'out' && phase !== 'ended'
}

function join(member: Membership, reason: string): MembershipEffect[] {
  member.phase = 'joining'
  member.requestId += 1
  member.heartbeatRequestId = null
  member.retryAtMs = Infinity
  return [{ kind: 'join', requestId: member.requestId, memberId: member.memberId, reason }]
}

function wait(member: Membership, untilMs: number): MembershipEffect[] {
  member.phase = 'waiting'
  member.requestId += 1
  member.retryAtMs = untilMs
  return []
}

function joinAnswered(
  member: Membership,
  answer: Extract<MembershipInput, { kind: 'joinAnswered' }>,
  nowMs: number,
): MembershipEffect[] {
  const retryAtMs = nowMs + answer.retryDelayMs
  switch (answer.errorCode) {
    case 'NONE':
      member.memberId = answer.memberId
      member.generationId = answer.generationId
      member.isLeader = answer.leaderId === answer.memberId
      // One under way is of the generation that is over: its refusal would say nothing of this one.
      member.heartbeatRequestId = null
      // Who keeps partitions counts its session by heartbeats: rebalance upon rebalance must not put the next one off for ever.
      member.heartbeatDueMs = Math.min(
        member.isOwner ? member.heartbeatDueMs : Infinity,
        nowMs + member.heartbeatIntervalMs,
      )
      if (!member.isLeader || answer.skipAssignment) return sync(member, NOBODY, nowMs)
      member.phase = 'assigning'
      member.requestId += 1
      return [
        { kind: 'assign', requestId: member.requestId, protocolName: answer.protocolName, members: answer.members },
      ]
    case 'MEMBER_ID_REQUIRED': {
      // Once is KIP-394's round trip; a coordinator that keeps asking is not answered at once for ever.
      const isFirst = member.memberId === ''
      member.memberId = answer.memberId
      return isFirst ? join(member, 'joins with the member id it was given') : wait(member, retryAtMs)
    }
    case 'UNKNOWN_MEMBER_ID': {
      const wasKnown = member.memberId !== ''
      const effects = release(member, answer.errorCode)
      member.memberId = ''
      return [...effects, ...(wasKnown ? join(member, 'its member id is no longer known') : wait(member, retryAtMs))]
    }
    default:
      return isWorthRetrying(answer.errorCode) ? wait(member, retryAtMs) : end(member, answer.errorCode, null)
  }
}

function sync(member: Membership, assignments: ReadonlyMap<string, Buffer>, nowMs: number): MembershipEffect[] {
  member.phase = 'syncing'
  member.syncSentMs = nowMs
  member.requestId += 1
  const { requestId, memberId, generationId } = member
  return [{ kind: 'sync', requestId, memberId, generationId, assignments }]
}

function syncAnswered(
  member: Membership,
  answer: Extract<MembershipInput, { kind: 'syncAnswered' }>,
  nowMs: number,
): MembershipEffect[] {
  switch (answer.errorCode) {
    case 'NONE':
      // Not from the answer, which took its time: the coordinator must not be the first to end the session.
      member.sessionDeadlineMs = Math.max(member.sessionDeadlineMs, member.syncSentMs + member.sessionTimeoutMs)
      member.heartbeatDueMs = Math.min(member.heartbeatDueMs, nowMs + member.heartbeatIntervalMs)
      // An answer that lay unread while the process stood still tells of a session that is over.
      return nowMs < member.sessionDeadlineMs ? assigned(member, answer.assignment) : expire(member)
    case 'REBALANCE_IN_PROGRESS':
      return join(member, 'the group is rebalancing')
    case 'UNKNOWN_MEMBER_ID':
    case 'ILLEGAL_GENERATION':
      return lose(member, answer.errorCode)
    default:
      return isWorthRetrying(answer.errorCode)
        ? wait(member, nowMs + answer.retryDelayMs)
        : end(member, answer.errorCode, null)
  }
}

/** What is taken from us is given up first; then the rest of the assignment is ours, and the group learns what is free. */
function assigned(member: Membership, assignment: PartitionsByTopic): MembershipEffect[] {
  const lost = without(member.owned, assignment)
  member.isOwner = true
  if (lost.size === 0) {
    member.phase = 'stable'
    return own(member, assignment)
  }
  member.phase = 'revoking'
  member.requestId += 1
  member.owned = without(member.owned, lost)
  member.heldBack = assignment
  const { requestId } = member
  return [{ kind: 'release', requestId, partitions: lost, reason: 'REBALANCE_IN_PROGRESS', mustConfirm: true }]
}

function own(member: Membership, assignment: PartitionsByTopic): MembershipEffect[] {
  const added = without(assignment, member.owned)
  member.owned = assignment
  return [{ kind: 'own', added, assignment, generationId: member.generationId }]
}

function revoked(member: Membership, nowMs: number): MembershipEffect[] {
  const { heldBack } = member
  if (heldBack === null) return join(member, 'the group is rebalancing')
  if (nowMs >= member.sessionDeadlineMs) return expire(member)
  member.heldBack = null
  return [...own(member, heldBack), ...join(member, 'gave up partitions for others to have')]
}

/** The partitions of `left` that `right` does not name. */
function without(left: PartitionsByTopic, right: PartitionsByTopic): PartitionsByTopic {
  const rest = new Map<string, number[]>()
  for (const [topic, partitions] of left) {
    const others = new Set(right.get(topic))
    const kept = partitions.filter((partition) => !others.has(partition))
    if (kept.length > 0) rest.set(topic, kept)
  }
  return rest
}

function heartbeatAnswered(
  member: Membership,
  answer: Extract<MembershipInput, { kind: 'heartbeatAnswered' }>,
  nowMs: number,
): MembershipEffect[] {
  if (member.heartbeatRequestId !== answer.requestId || !heartbeats(member)) return []
  member.heartbeatRequestId = null
  member.heartbeatDueMs = Math.max(nowMs, member.heartbeatSentMs + member.heartbeatIntervalMs)
  if (answer.errorCode === 'NONE' || answer.errorCode === 'REBALANCE_IN_PROGRESS') {
    // Counted from when it was sent: the coordinator cannot have heard it earlier.
    member.sessionDeadlineMs = member.heartbeatSentMs + member.sessionTimeoutMs
  }
  if (answer.errorCode === 'NONE') return []
  if (errorEntry(answer.errorCode).retriable) {
    heartbeatMissed(member, nowMs)
    return []
  }
  return refused(member, answer.errorCode)
}

function heartbeatMissed(member: Membership, nowMs: number): void {
  member.heartbeatRequestId = null
  member.heartbeatDueMs = nowMs + member.heartbeatIntervalMs
}

/** While a join is under way its own answer tells more: a commit that crosses it belongs to a generation that is over. */
function commitRefused(
  member: Membership,
  { generationId, errorCode }: Extract<MembershipInput, { kind: 'commitRefused' }>,
): MembershipEffect[] {
  if (!member.isOwner || generationId !== member.generationId) return []
  const isTold = member.phase === 'stable' || member.phase === 'revoking' || errorCode === 'FENCED_INSTANCE_ID'
  return isTold ? refused(member, errorCode) : []
}

/** What the coordinator's refusal of this generation means, whichever request it answered. */
function refused(member: Membership, errorCode: ErrorCode): MembershipEffect[] {
  if (member.phase === 'leaving') return []
  switch (errorCode) {
    case 'REBALANCE_IN_PROGRESS':
      // While this member computes or awaits the assignment, the answer to its SyncGroup will say the same.
      return member.phase === 'stable' ? rejoin(member, 'the group is rebalancing') : []
    case 'ILLEGAL_GENERATION':
      // A heartbeat of the generation that a join has ended meanwhile: the member is known, and is about to hear more.
      return member.phase === 'joining' || member.phase === 'waiting' ? [] : lose(member, errorCode)
    case 'UNKNOWN_MEMBER_ID':
      return lose(member, errorCode)
    default:
      return isWorthRetrying(errorCode) ? [] : [...dropHeld(member), ...end(member, errorCode, null)]
  }
}

/** Everything may be another's already: it is given up at once, and the member comes back owning nothing. */
function lose(member: Membership, reason: 'UNKNOWN_MEMBER_ID' | 'ILLEGAL_GENERATION'): MembershipEffect[] {
  const effects = [...release(member, reason), ...dropHeld(member)]
  if (reason === 'ILLEGAL_GENERATION') return [...effects, ...join(member, 'its generation is over')]
  member.memberId = ''
  return [...effects, ...join(member, 'its member id is no longer known')]
}

/** Nobody has heard of us for a whole session: what is ours may be another's by now. */
function expire(member: Membership): MembershipEffect[] {
  return [...release(member, 'SESSION_EXPIRED'), ...dropHeld(member), ...join(member, 'its session has expired')]
}

function rejoin(member: Membership, reason: string): MembershipEffect[] {
  if (!member.isOwner || member.isCooperative) return join(member, reason)
  member.phase = 'revoking'
  return release(member, 'REBALANCE_IN_PROGRESS', true)
}

function release(member: Membership, reason: ReleaseReason, mustConfirm = false): MembershipEffect[] {
  if (!member.isOwner) return []
  const partitions = member.owned
  member.isOwner = false
  member.owned = NOTHING
  member.heldBack = null
  member.requestId += 1
  return [{ kind: 'release', requestId: member.requestId, partitions, reason, mustConfirm }]
}

function dropHeld({ phase }: Membership): MembershipEffect[] {
  return phase === 'joining' || phase === 'syncing' ? [{ kind: 'dropHeld' }] : []
}

function end(member: Membership, errorCode: ErrorCode | null, error: Error | null): MembershipEffect[] {
  const effects = release(member, errorCode ?? 'CLOSED')
  member.phase = 'ended'
  member.requestId += 1
  if (errorCode === 'FENCED_INSTANCE_ID') member.isFenced = true
  member.memberId = ''
  return [...effects, { kind: 'end', errorCode, error }]
}

function stop(member: Membership, isLeaving: boolean): MembershipEffect[] {
  if (member.phase === 'out' || member.phase === 'ended' || member.phase === 'leaving') return []
  const effects = dropHeld(member)
  member.isLeaveToBeTold = isLeaving
  const isGivingUp = member.phase === 'revoking'
  if (!member.isOwner && !isGivingUp) return [...effects, ...depart(member)]
  member.phase = 'leaving'
  return [...effects, ...release(member, 'CLOSED', true)]
}

function depart(member: Membership): MembershipEffect[] {
  const { memberId } = member
  member.phase = 'out'
  member.requestId += 1
  member.memberId = ''
  member.generationId = -1
  member.isLeader = false
  // A static member can be named even before it knows its member id.
  const canBeNamed = memberId !== '' || member.isStatic
  return member.isLeaveToBeTold && canBeNamed ? [{ kind: 'leave', memberId }] : []
}

function tick(member: Membership, nowMs: number): MembershipEffect[] {
  if (member.isOwner && nowMs >= member.sessionDeadlineMs) return expire(member)
  if (member.phase === 'waiting' && nowMs >= member.retryAtMs) return join(member, 'tries again')
  if (!heartbeats(member) || member.heartbeatRequestId !== null || nowMs < member.heartbeatDueMs) return []
  member.heartbeatCount += 1
  member.heartbeatRequestId = member.heartbeatCount
  member.heartbeatSentMs = nowMs
  const { memberId, generationId } = member
  return [{ kind: 'heartbeat', requestId: member.heartbeatRequestId, memberId, generationId }]
}

function isWorthRetrying(errorCode: ErrorCode): boolean {
  return (
    errorEntry(errorCode).retriable || errorCode === 'REBALANCE_IN_PROGRESS' || errorCode === 'UNKNOWN_SERVER_ERROR'
  )
}
