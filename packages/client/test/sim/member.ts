// What the parts of a simulated member, and those who watch it, see of it; and its time with one partition.
import type { Membership, MembershipInput } from '../../src/membership.ts'
import type { Habits } from './habits.ts'
import type { Answer, Request } from './request.ts'

export interface MemberSettings {
  readonly number: number
  readonly instanceId: string | null
  readonly assignors: readonly string[]
  readonly sessionTimeoutMs: number
  readonly heartbeatIntervalMs: number
  readonly rebalanceTimeoutMs: number
  readonly habits: Habits
}

export interface Member {
  readonly number: number
  readonly name: string
  readonly instanceId: string | null
  readonly settings: MemberSettings
  readonly membership: Readonly<Membership>
  /** One that is dead, or whose event loop stands still, does nothing with what it believes to own. */
  readonly isAwake: boolean
  /** Another process has come with its instance id, of which it learns with its next heartbeat. */
  readonly isReplaced: boolean
  ownerships(): Iterable<Ownership>
  /** Whether anything has disturbed it or the broker since. */
  wasDisturbedSince(sinceMs: number): boolean
  /** Whether the end of its session may have another cause than its application. */
  isExcused(): boolean
  /** Gives the machine an input and performs its effects. */
  submit(input: MembershipInput): void
  /** Looks at the time before something is done in the name of the member, which may have stood still. */
  fence(): void
  /** A request that the broker does not hold; null when no answer came. */
  ask(request: Request, timeoutMs: number, answered: (answer: Answer | null) => void): void
  /** Called once the membership has moved on. */
  whenMoved(go: () => void): void
  /** How long to wait after another failure. */
  retryDelayMs(): number
}

/** One member's time with one partition, from its assignment until nothing of it may be committed any more. */
export interface Ownership {
  /** Travels with its commits, as their metadata. */
  readonly id: number
  readonly member: Member
  readonly partition: number
  /** The offset that must be delivered next; null until the committed offset is known. */
  nextOffset: number | null
  /** The application went back: the committed offset may follow it once (row I4). */
  hasSoughtBack: boolean
  /** Given up: nothing is delivered any more. */
  isReleased: boolean
  /** The revoke callback has returned: nothing is committed any more. */
  isDisowned: boolean
}
