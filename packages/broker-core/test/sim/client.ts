// A simulated group member: keeps what a real client keeps, and behaves as its character makes it.
import type { Effect, Reply } from '../../src/classic-group/effect.ts'
import type { MemberProtocol } from '../../src/classic-group/group.ts'
import type { Input } from '../../src/classic-group/input.ts'
import type { Character } from './characters.ts'
import type { Random } from './random.ts'

/** What a client sends: an input without the number that the network gives it. */
export type Request = Exclude<Input, { kind: 'tick' | 'stalled' | 'unload' }>

export interface ClientSettings {
  readonly index: number
  readonly character: Character
  readonly groupInstanceId: string | null
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  readonly protocolNames: readonly string[]
  readonly supportsMemberIdRequired: boolean
  readonly supportsSkipAssignment: boolean
  readonly partitions: number
}

type Phase = 'out' | 'joining' | 'syncing' | 'stable' | 'dead'

type JoinReply = Extract<Reply, { kind: 'joinGroup' }>
export type ReplyEffect = Extract<Effect, { kind: 'reply' }>

export class Client {
  readonly settings: ClientSettings
  private readonly random: Random
  phase: Phase = 'out'
  memberId = ''
  generationId = -1
  private protocolName: string | null = null
  private subscription = 0
  private toAssign: JoinReply['members'] | null = null
  private nextOffset = 0

  constructor(settings: ClientSettings, random: Random) {
    this.settings = settings
    this.random = random
  }

  /** How long until it does something again by itself. */
  pauseMs(): number {
    return this.random.integer(1, Math.floor(this.settings.sessionTimeoutMs / 2))
  }

  /** The request it wants to send now, or null. */
  wake(requestId: number, freshMemberId: string): Request | null {
    const { character } = this.settings
    if (this.phase === 'dead') return null
    if (this.random.chance(character.dies)) {
      this.phase = 'dead'
      return null
    }
    if (character.isAdministrator && this.random.chance(0.3)) return this.administrate(requestId)
    switch (this.phase) {
      case 'out':
        return this.join(requestId, freshMemberId)
      case 'joining':
        // Its JoinGroup is out for a long time: now and then it gives it up and sends another.
        return this.random.chance(0.1) ? this.join(requestId, freshMemberId) : null
      case 'syncing':
        return this.syncOrDawdle(requestId)
      case 'stable':
        return this.live(requestId, freshMemberId)
    }
  }

  private administrate(requestId: number): Request {
    if (this.random.chance(0.5)) return this.commit(requestId, -1, '')
    const groupInstanceId = `static-${this.random.integer(0, 1)}`
    return { kind: 'leaveGroup', requestId, members: [{ memberId: '', groupInstanceId, reason: 'removed' }] }
  }

  private join(requestId: number, freshMemberId: string): Request {
    const { settings } = this
    this.phase = 'joining'
    return {
      kind: 'joinGroup',
      requestId,
      memberId: this.memberId,
      freshMemberId,
      groupInstanceId: settings.groupInstanceId,
      clientId: 'sim',
      clientHost: '/127.0.0.1',
      sessionTimeoutMs: settings.sessionTimeoutMs,
      rebalanceTimeoutMs: settings.rebalanceTimeoutMs,
      protocolType: 'consumer',
      protocols: this.protocols(),
      supportsMemberIdRequired: settings.supportsMemberIdRequired,
      supportsSkipAssignment: settings.supportsSkipAssignment,
      reason: null,
    }
  }

  private protocols(): MemberProtocol[] {
    const subscriptionKey = `topics ${this.subscription}`
    return this.settings.protocolNames.map((name) => ({
      name,
      metadata: Buffer.from(subscriptionKey),
      subscriptionKey,
    }))
  }

  private syncOrDawdle(requestId: number): Request {
    const { character } = this.settings
    const isLazy = this.random.chance(this.toAssign === null ? character.lazySyncer : character.lazyLeader)
    return isLazy ? this.heartbeat(requestId) : this.sync(requestId)
  }

  private sync(requestId: number): Request {
    const { settings } = this
    const assignments = this.toAssign?.map(({ memberId }, index, all) => {
      const partitions = Array.from({ length: settings.partitions }, (_, partition) => partition)
      return { memberId, assignment: Buffer.from(partitions.filter((partition) => partition % all.length === index)) }
    })
    return {
      kind: 'syncGroup',
      requestId,
      generationId: this.generationId,
      memberId: this.memberId,
      groupInstanceId: settings.groupInstanceId,
      protocolType: 'consumer',
      protocolName: this.protocolName,
      assignments: assignments ?? [],
    }
  }

  private live(requestId: number, freshMemberId: string): Request {
    const { character } = this.settings
    if (this.random.chance(character.flaps)) {
      const what = this.random.integer(0, 3)
      if (what === 0) return this.leave(requestId)
      if (what === 1) this.subscription += 1
      // A restart of the process: the member id is gone, the group instance id is not.
      if (what === 2) this.memberId = ''
      return this.join(requestId, freshMemberId)
    }
    if (this.random.chance(0.3)) return this.commit(requestId, this.generationId, this.memberId)
    if (this.random.chance(0.05)) return this.sync(requestId)
    return this.heartbeat(requestId)
  }

  private heartbeat(requestId: number): Request {
    const { generationId, memberId } = this
    return { kind: 'heartbeat', requestId, generationId, memberId, groupInstanceId: this.settings.groupInstanceId }
  }

  private leave(requestId: number): Request {
    const { memberId } = this
    this.reset()
    const { groupInstanceId } = this.settings
    return { kind: 'leaveGroup', requestId, members: [{ memberId, groupInstanceId, reason: null }] }
  }

  private commit(requestId: number, generationId: number, memberId: string): Request {
    this.nextOffset += 1
    const partition = this.random.integer(0, this.settings.partitions - 1)
    return {
      kind: 'offsetCommit',
      requestId,
      generationId,
      memberId,
      groupInstanceId: generationId < 0 ? null : this.settings.groupInstanceId,
      offsets: [
        {
          topic: 't',
          partition,
          offset: this.nextOffset,
          leaderEpoch: -1,
          metadata: '',
          committedMs: 0,
          expireMs: null,
        },
      ],
    }
  }

  private reset(): void {
    this.phase = 'out'
    this.memberId = ''
    this.generationId = -1
    this.toAssign = null
  }

  /** The connection broke, or the reply was lost: whatever was asked may or may not have happened. */
  lose(): void {
    if (this.phase === 'joining' || this.phase === 'syncing') this.phase = this.memberId === '' ? 'out' : this.phase
    if (this.phase === 'joining') this.phase = 'out'
  }

  /** Reads a reply. Returns how long it waits before it acts on it. */
  receive(reply: Reply): number {
    if (this.phase === 'dead' || reply.kind === 'leaveGroup') return this.pauseMs()
    if (reply.kind === 'joinGroup') return this.receiveJoin(reply)
    if (reply.kind === 'offsetCommit' && this.settings.character.isAdministrator) return this.pauseMs()
    return reply.errorCode === 'NONE' ? this.receiveSuccess(reply) : this.receiveError(reply.errorCode)
  }

  private receiveJoin(reply: JoinReply): number {
    if (reply.errorCode === 'MEMBER_ID_REQUIRED') {
      this.memberId = reply.memberId
      this.phase = 'out'
      if (this.settings.character.pendsForever) this.phase = 'dead'
      return this.random.integer(0, 50)
    }
    if (reply.errorCode !== 'NONE') return this.receiveError(reply.errorCode)
    this.memberId = reply.memberId
    this.generationId = reply.generationId
    this.protocolName = reply.protocolName
    this.toAssign = reply.leader === reply.memberId && !reply.skipAssignment ? reply.members : null
    this.phase = 'syncing'
    return this.random.integer(0, 20)
  }

  private receiveSuccess(reply: Reply): number {
    if (reply.kind === 'syncGroup' && this.phase === 'syncing') this.phase = 'stable'
    return this.pauseMs()
  }

  private receiveError(errorCode: Reply['errorCode']): number {
    const { character, rebalanceTimeoutMs } = this.settings
    if (character.isZombie && this.generationId >= 0) {
      this.phase = 'stable'
      return this.pauseMs()
    }
    if (errorCode === 'FENCED_INSTANCE_ID') {
      this.phase = 'dead'
    } else if (errorCode === 'REBALANCE_IN_PROGRESS' || errorCode === 'ILLEGAL_GENERATION') {
      this.phase = 'out'
      this.toAssign = null
      return this.random.integer(0, Math.floor(rebalanceTimeoutMs * character.rejoinDelayFactor))
    } else {
      this.reset()
    }
    return this.pauseMs()
  }
}
