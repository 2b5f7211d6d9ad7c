// What the observers of a schedule are shown: one step of the machine, from outside.
import type { Effect } from '../../src/classic-group/effect.ts'
import type { Group, Member } from '../../src/classic-group/group.ts'
import type { Input } from '../../src/classic-group/input.ts'
import type { ReplyEffect, Request } from './client.ts'

/** The limits of one schedule. */
export interface Bounds {
  /** The longest rebalance timeout of any client, and never less than the initial delay. */
  readonly rebalanceTimeoutMs: number
  readonly sessionTimeoutMs: number
  readonly newMemberJoinTimeoutMs: number
  readonly groupMaxSize: number
  readonly groupMaxPendingMembers: number
}

export interface StepSeen {
  readonly group: Group
  readonly input: Input
  readonly effects: readonly Effect[]
  /** The clock without the time in which the process stood still. */
  readonly livelyMs: number
}

/** Watches every step. Throws a Violation when an invariant is broken. */
export interface Observer {
  /** Called before the step with what it is about to get. */
  before?(group: Group, input: Input): void
  after(seen: StepSeen): void
  /** The broker was started again: `group` is what it has loaded. */
  reloaded(group: Group, livelyMs: number): void
}

/** The static id if there is one: what stays the same when a member comes back. */
export function identityOf(member: Pick<Member, 'memberId' | 'groupInstanceId'>): string {
  return member.groupInstanceId ?? member.memberId
}

export function isReply(effect: Effect): effect is ReplyEffect {
  return effect.kind === 'reply'
}

/** Whether the input is a request, and so has an answer coming. */
export function isRequest(input: Input): input is Request {
  return input.kind !== 'tick' && input.kind !== 'stalled' && input.kind !== 'unload'
}
