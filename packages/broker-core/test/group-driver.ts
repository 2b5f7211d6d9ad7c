// Drives one group machine by hand: requests in, replies looked up by number, time moved from deadline to deadline.
import { expect } from 'vitest'
import { nextDeadlineMs } from '../src/classic-group/deadlines.ts'
import type { Effect, Reply } from '../src/classic-group/effect.ts'
import { createGroup } from '../src/classic-group/group.ts'
import type { Group, GroupImage, GroupOptions } from '../src/classic-group/group.ts'
import type { Input, JoinGroupInput, LeavingMember, SyncGroupInput } from '../src/classic-group/input.ts'
import { step } from '../src/classic-group/step.ts'
import { groupDefaults } from '../src/coordinator/group-defaults.ts'

/** A protocol offer, written as `name` or `name: topics`. */
export function protocols(...offers: readonly string[]): JoinGroupInput['protocols'] {
  return offers.map((offer) => {
    const [name = '', topics = 'orders'] = offer.split(': ')
    return { name, metadata: Buffer.from(topics), subscriptionKey: topics }
  })
}

type ReplyOf<K extends Reply['kind']> = Extract<Reply, { kind: K }>

export class GroupDriver {
  readonly group: Group
  nowMs = 0
  /** Every effect so far, in order. */
  readonly effects: Effect[] = []
  private readonly replies = new Map<number, Reply>()
  private lastRequestId = 0

  constructor(options: Partial<GroupOptions> = {}) {
    this.group = createGroup('group', { ...groupDefaults, ...options })
  }

  submit(input: Input): void {
    for (const effect of step(this.group, input, this.nowMs)) {
      this.effects.push(effect)
      if (effect.kind !== 'reply') continue
      expect(this.replies.has(effect.requestId), 'a request is answered once').toBe(false)
      this.replies.set(effect.requestId, effect.reply)
    }
  }

  /** Sends a JoinGroup of a client without a member id (v3: no MEMBER_ID_REQUIRED) unless told otherwise. */
  join(overrides: Partial<JoinGroupInput> = {}): number {
    const requestId = this.next()
    this.submit({
      kind: 'joinGroup',
      requestId,
      memberId: '',
      freshMemberId: `member-${requestId}`,
      groupInstanceId: null,
      clientId: 'client',
      clientHost: '/127.0.0.1',
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 30_000,
      protocolType: 'consumer',
      protocols: protocols('range'),
      supportsMemberIdRequired: false,
      supportsSkipAssignment: false,
      reason: null,
      ...overrides,
    })
    return requestId
  }

  sync(memberId: string, overrides: Partial<SyncGroupInput> = {}): number {
    const requestId = this.next()
    this.submit({
      kind: 'syncGroup',
      requestId,
      generationId: this.group.generationId,
      memberId,
      groupInstanceId: null,
      protocolType: 'consumer',
      protocolName: 'range',
      assignments: [],
      ...overrides,
    })
    return requestId
  }

  heartbeat(memberId: string, generationId = this.group.generationId, groupInstanceId: string | null = null): string {
    const requestId = this.next()
    this.submit({ kind: 'heartbeat', requestId, generationId, memberId, groupInstanceId })
    return this.reply('heartbeat', requestId).errorCode
  }

  leave(...members: readonly Partial<LeavingMember>[]): ReplyOf<'leaveGroup'> {
    const requestId = this.next()
    const leaving = members.map((member) => ({ memberId: '', groupInstanceId: null, reason: null, ...member }))
    this.submit({ kind: 'leaveGroup', requestId, members: leaving })
    return this.reply('leaveGroup', requestId)
  }

  commit(memberId: string, generationId: number, groupInstanceId: string | null = null): string {
    const requestId = this.next()
    const offset = {
      topic: 'orders',
      partition: 0,
      offset: 1,
      leaderEpoch: -1,
      metadata: '',
      committedMs: 0,
      expireMs: null,
    }
    this.submit({ kind: 'offsetCommit', requestId, generationId, memberId, groupInstanceId, offsets: [offset] })
    return this.reply('offsetCommit', requestId).errorCode
  }

  /** Moves time on, with a tick at each deadline on the way. */
  advance(delayMs: number): void {
    const endMs = this.nowMs + delayMs
    for (let dueMs = nextDeadlineMs(this.group); dueMs <= endMs; dueMs = nextDeadlineMs(this.group)) {
      this.nowMs = Math.max(this.nowMs, dueMs)
      this.submit({ kind: 'tick' })
    }
    this.nowMs = endMs
  }

  isHeld(requestId: number): boolean {
    return !this.replies.has(requestId)
  }

  reply<K extends Reply['kind']>(kind: K, requestId: number): ReplyOf<K> {
    const reply = this.replies.get(requestId)
    expect(reply?.kind, `request ${requestId} is answered`).toBe(kind)
    return reply as ReplyOf<K>
  }

  joinReply(requestId: number): ReplyOf<'joinGroup'> {
    return this.reply('joinGroup', requestId)
  }

  /** The error code of a JoinGroup or SyncGroup. */
  code(requestId: number): string {
    const reply = this.replies.get(requestId)
    return reply === undefined ? 'held' : reply.errorCode
  }

  get saved(): readonly GroupImage[] {
    return this.effects.flatMap((effect) => (effect.kind === 'persistGroup' ? [effect.image] : []))
  }

  get memberIds(): readonly string[] {
    return [...this.group.members.keys()]
  }

  /** Brings a group with these members to Stable and returns their member ids; the first leads. */
  stable(...members: readonly Partial<JoinGroupInput>[]): string[] {
    const joins = members.map((overrides) => this.join(overrides))
    this.advance(this.group.options.groupInitialRebalanceDelayMs * (members.length + 1))
    const ids = joins.map((requestId) => this.joinReply(requestId).memberId)
    const [leader = '', ...followers] = ids
    const { protocolName } = this.group
    for (const follower of followers) this.sync(follower, { protocolName })
    const assignments = ids.map((memberId) => ({ memberId, assignment: Buffer.from(`for ${memberId}`) }))
    this.sync(leader, { protocolName, assignments })
    expect(this.group.state).toBe('Stable')
    return ids
  }

  private next(): number {
    this.lastRequestId += 1
    return this.lastRequestId
  }
}
