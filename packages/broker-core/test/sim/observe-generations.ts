// Generations: they never fall, have one leader, one owner for each partition, and nobody who never syncs.
import type { Group } from '../../src/classic-group/group.ts'
import type { ReplyEffect } from './client.ts'
import { identityOf, isReply } from './observation.ts'
import type { Bounds, Observer, StepSeen } from './observation.ts'
import { must } from './violation.ts'

export class GenerationObserver implements Observer {
  private readonly bounds: Bounds
  private generationId = 0
  private leaderTold: string | null = null
  /** The leader's assignment of this generation, by identity; null until it has come. */
  private assigned: Map<string, string> | null = null
  private readonly owners = new Map<number, string>()
  private readonly synced = new Set<string>()
  /** When each member was first seen in this generation. */
  private readonly seenMs = new Map<string, number>()

  constructor(bounds: Bounds) {
    this.bounds = bounds
  }

  after(seen: StepSeen): void {
    const { group, input, effects, livelyMs } = seen
    must(group.generationId >= this.generationId, 'the generation never falls')
    if (group.generationId > this.generationId) this.begin(group.generationId)
    const isMemberless = group.members.size === 0
    must(
      isMemberless === (group.state === 'Empty' || group.state === 'Dead'),
      'no members is Empty or Dead, and the reverse',
    )
    if (input.kind === 'syncGroup') this.noteSync(seen)
    for (const effect of effects) {
      if (isReply(effect)) this.checkReply(group, effect, input.kind === 'syncGroup' ? input.memberId : null)
    }
    for (const member of group.members.values()) {
      if (!this.seenMs.has(member.memberId)) this.seenMs.set(member.memberId, livelyMs)
    }
    if (input.kind === 'tick') this.checkEveryoneSyncs(group, livelyMs)
  }

  private begin(generationId: number): void {
    this.generationId = generationId
    this.leaderTold = null
    this.assigned = null
    this.owners.clear()
    this.synced.clear()
    this.seenMs.clear()
  }

  private noteSync({ group, input, effects }: StepSeen): void {
    if (input.kind !== 'syncGroup' || input.generationId !== group.generationId) return
    const reply = effects.find((effect) => isReply(effect) && effect.requestId === input.requestId)
    if (reply === undefined || (isReply(reply) && reply.reply.errorCode === 'NONE')) this.synced.add(input.memberId)
    if (group.state !== 'Stable' || this.assigned !== null) return
    must(input.memberId === group.leaderId, 'only the leader brings the assignment')
    this.assigned = new Map()
    for (const { memberId, assignment } of input.assignments) {
      const member = group.members.get(memberId)
      if (member !== undefined) this.assigned.set(identityOf(member), assignment.toString('hex'))
    }
  }

  private checkReply(group: Group, { requestId, reply }: ReplyEffect, syncingMemberId: string | null): void {
    if (reply.errorCode !== 'NONE') return
    if (reply.kind === 'joinGroup') {
      must(reply.generationId === group.generationId, 'a join is answered with the current generation')
      must(group.members.has(reply.memberId), 'who is told that he joined is a member')
      if (reply.leader !== reply.memberId || reply.skipAssignment) return
      must(
        this.leaderTold === null || this.leaderTold === reply.memberId,
        'one leader for each generation',
        () => `${this.leaderTold} and ${reply.memberId}`,
      )
      this.leaderTold = reply.memberId
    }
    if (reply.kind === 'syncGroup') this.checkAssignment(group, requestId, reply.assignment, syncingMemberId)
  }

  /** Row I1. A reply does not name its member: the assignment must be the one of somebody in the generation. */
  private checkAssignment(group: Group, _requestId: number, assignment: Buffer, syncingMemberId: string | null): void {
    must(group.state === 'Stable', 'an assignment is handed out in Stable only')
    if (this.assigned === null || assignment.length === 0) return
    const text = assignment.toString('hex')
    let owner: string | null = null
    for (const [identity, assigned] of this.assigned) if (assigned === text) owner = identity
    must(owner !== null, 'a member gets what the leader gave, nothing else')
    const member = syncingMemberId === null ? undefined : group.members.get(syncingMemberId)
    if (member !== undefined && group.leaderId !== syncingMemberId) {
      must(identityOf(member) === owner, 'a member gets its own assignment')
    }
    for (const partition of assignment) {
      const before = this.owners.get(partition)
      must(before === undefined || before === owner, 'I1: a partition has one owner in a generation')
      this.owners.set(partition, owner ?? '')
    }
  }

  /** Row I8: heartbeats do not excuse from SyncGroup. And row I1 for what the group itself believes. */
  private checkEveryoneSyncs(group: Group, livelyMs: number): void {
    if (group.state !== 'Stable' && group.state !== 'CompletingRebalance') return
    const claimed = new Map<number, string>()
    for (const member of group.members.values()) {
      const sinceMs = this.seenMs.get(member.memberId) ?? livelyMs
      const isLate = livelyMs - sinceMs > this.bounds.rebalanceTimeoutMs
      must(
        !isLate || this.synced.has(member.memberId),
        'I8: every member syncs within the rebalance timeout or is removed',
      )
      for (const partition of member.assignment) {
        must(!claimed.has(partition), 'I1: two members of one generation hold a partition')
        claimed.set(partition, member.memberId)
      }
    }
  }

  reloaded(group: Group, livelyMs: number): void {
    this.begin(group.generationId)
    this.assigned = new Map()
    for (const member of group.members.values()) {
      this.synced.add(member.memberId)
      this.seenMs.set(member.memberId, livelyMs)
      this.assigned.set(identityOf(member), member.assignment.toString('hex'))
    }
  }
}
