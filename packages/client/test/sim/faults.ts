// Planted faults: a member with one bug each, so that we know that the simulator would see it.
import type { PreviousAssignment } from '@goqueue/protocol'
import { step } from '../../src/membership.ts'
import type { Membership, MembershipEffect, MembershipInput } from '../../src/membership.ts'

type Step = (member: Membership, input: MembershipInput, nowMs: number) => MembershipEffect[]

/** What is wrong with every member of a schedule. */
export interface Fault {
  /** The membership machine, when it is not the real one. */
  readonly step?: Step
  /** What a JoinGroup claims to own. */
  readonly claim?: (owned: readonly number[], previous: PreviousAssignment) => PreviousAssignment
  readonly commitsAfterRevoke?: true
  readonly commitsWhileSyncing?: true
  /** Does not wait for the answer to a commit before it sends the next. */
  readonly commitsAtOnce?: true
  readonly keepsBuffered?: true
  /** Does not look at the time before it does something in the name of the member. */
  readonly looksAtNoClock?: true
  /** Handlers get no more records once a commit has failed. */
  readonly neverResumes?: true
  /** What is held by the coordinator and what is not goes over the same connection. */
  readonly hasOneConnection?: true
  readonly heartbeatsBetweenRecords?: true
  /** As leader it looks after no partition that has been without an owner for a session. */
  readonly watchesNoOwners?: true
}

/** Members as they are. */
export const faultless: Fault = {}

/** A session that never ends by itself. */
const endlessSession: Step = (member, input, nowMs) => {
  const effects = step(member, input, nowMs)
  member.sessionDeadlineMs = Infinity
  return effects
}

/** An answer that lay unread for longer than a session is taken as if it had just come. */
const lateAssignment: Step = (member, input, nowMs) =>
  step(member, input, input.kind === 'syncAnswered' ? Math.min(nowMs, member.syncSentMs) : nowMs)

/** Each word of the rebalance starts another join, though one is under way. */
const rejoinStorm: Step = (member, input, nowMs) => {
  const isJoining = member.phase === 'joining'
  const effects = step(member, input, nowMs)
  const isTold = input.kind === 'heartbeatAnswered' && input.errorCode === 'REBALANCE_IN_PROGRESS'
  if (!isTold || !isJoining) return effects
  const again = step(member, { kind: 'attemptFailed', requestId: member.requestId, retryDelayMs: 0 }, nowMs)
  return [...effects, ...again, ...step(member, { kind: 'tick' }, nowMs)]
}

/** What is taken from it by an assignment it goes on reading. */
const keptPartitions: Step = (member, input, nowMs) => {
  const effects = step(member, input, nowMs)
  const release = effects.find((effect) => effect.kind === 'release' && effect.mustConfirm)
  if (input.kind !== 'syncAnswered' || release?.kind !== 'release') return effects
  return step(member, { kind: 'released', requestId: release.requestId }, nowMs)
}

const NOTHING: PreviousAssignment = { partitions: new Map(), generationId: -1 }

const previousAssignment: Fault['claim'] = (_owned, previous) => previous

interface PlantedFault {
  readonly fault: Fault
  /** The promise that must catch it. */
  readonly caughtBy: RegExp
  /** Where to begin to look for a schedule that does: for those that only few do. */
  readonly firstSeed?: number
}

/** By name. */
export const faults: ReadonlyMap<string, PlantedFault> = new Map<string, PlantedFault>([
  ['a commit after the revoke callback has returned', { fault: { commitsAfterRevoke: true }, caughtBy: /^I3:/ }],
  ['a commit while the member is syncing', { fault: { commitsWhileSyncing: true }, caughtBy: /^I18: no commit/ }],
  ['commits that overtake each other', { fault: { commitsAtOnce: true }, caughtBy: /^I4:/ }],
  ['buffered records that are kept', { fault: { keepsBuffered: true }, caughtBy: /^I20:/ }],
  ['a session that never ends', { fault: { step: endlessSession, looksAtNoClock: true }, caughtBy: /^I1:/ }],
  ['a late assignment that is taken', { fault: { step: lateAssignment }, caughtBy: /^I1:/, firstSeed: 490 }],
  ['an application that goes on after a stall', { fault: { looksAtNoClock: true }, caughtBy: /^I1:.*delivered/ }],
  ['a storm of rejoins', { fault: { step: rejoinStorm }, caughtBy: /^I18: a member joins/ }],
  [
    'partitions that are not given up',
    { fault: { step: keptPartitions, claim: previousAssignment }, caughtBy: /^I1:/ },
  ],
  ['a join that claims nothing', { fault: { claim: () => NOTHING }, caughtBy: /^I1:|^I4:/ }],
  [
    'a join that claims what was given up',
    { fault: { claim: previousAssignment, watchesNoOwners: true }, caughtBy: /^I17:/ },
  ],
  ['reading that does not resume after a failed commit', { fault: { neverResumes: true }, caughtBy: /^I17:/ }],
  [
    'a leader that looks after no ownerless partition',
    { fault: { watchesNoOwners: true }, caughtBy: /^I17: every partition has an owner/, firstSeed: 2_000_630 },
  ],
  ['one connection for everything', { fault: { hasOneConnection: true }, caughtBy: /while a JoinGroup is held/ }],
  ['heartbeats between records', { fault: { heartbeatsBetweenRecords: true }, caughtBy: /^I19:/ }],
])
