// The coordinator: holds all groups, gives the machine its inputs, and performs its effects: persist, then reply.
import type {
  ErrorCode,
  HeartbeatRequest,
  JoinGroupRequest,
  LeaveGroupRequest,
  OffsetCommitRequest,
  OffsetFetchRequest,
  ResponseInput,
  SyncGroupRequest,
} from '@goqueue/protocol'
import { expiryMs } from '../classic-group/deadlines.ts'
import type { Effect, Reply } from '../classic-group/effect.ts'
import { syncGroupError } from '../classic-group/effect.ts'
import { decodeGroupImage, encodeGroupImage } from '../classic-group/group-image.ts'
import { createGroup } from '../classic-group/group.ts'
import type { Input } from '../classic-group/input.ts'
import { restoreGroup } from '../classic-group/restore-group.ts'
import { step } from '../classic-group/step.ts'
import type { BrokerEvent } from '../broker-event.ts'
import type { RequestContext } from '../request-context.ts'
import type { Runtime } from '../runtime.ts'
import type { MetadataChange, MetadataSnapshot, MetadataStore } from '../store/metadata-store.ts'
import { DeadlineAlarm } from './deadline-alarm.ts'
import { describeGroup, describeMissingGroup, listGroups, undescribedGroup } from './describe-group.ts'
import type { DescribedGroup, GroupFilter, ListedGroup } from './describe-group.ts'
import { GroupAdministration } from './group-administration.ts'
import type { CoordinatorOptions } from './group-defaults.ts'
import { isValidGroupId } from './group-id.ts'
import { generationOf, hostGroup, isForgettable, nextDeadlineMs, stateOf } from './hosted-group.ts'
import type { HostedGroup } from './hosted-group.ts'
import { cutReason, hasValidJoinIds, joinGroupInput, joinGroupResponse } from './join-group.ts'
import { checkOffsetCommit, offsetCommitResponse } from './offset-commit.ts'
import { OffsetExpiry } from './offset-expiry.ts'
import { fetchOffsets } from './offset-fetch.ts'
import { recordOfRebalance, type RebalanceRecord } from './rebalance-record.ts'
import { WireV1Groups } from './wire-v1-groups.ts'
import { isWireV1Image, restoreWireV1Group } from '../wire-v1-group/group-image.ts'

/** What of a request's context the coordinator looks at. */
export type GroupRequestContext = Pick<RequestContext, 'apiVersion' | 'clientId' | 'clientHost'>

export interface CoordinatorParts {
  readonly snapshot: Pick<MetadataSnapshot, 'groups' | 'offsets'>
  readonly store: Pick<MetadataStore, 'load' | 'write'>
  readonly runtime: Runtime
  readonly options: CoordinatorOptions
  readonly report: (event: BrokerEvent) => void
  /** How many partitions a topic has; 0 where it does not exist. */
  readonly partitionCount: (topic: string) => number
  /** Told of every rebalance once what it has settled is durable; it must not throw. */
  readonly rebalanced: (record: RebalanceRecord) => void
}

type RequestInput = Exclude<Input, { kind: 'tick' | 'stalled' | 'unload' }>
type ReplyTo<I extends RequestInput> = Extract<Reply, { kind: I['kind'] }>

/** How long it waits before it tries again to read the store. */
const RELOAD_DELAY_MS = 1000

/** Consumer groups and their committed offsets, in both dialects. Nothing is answered before it is durable. */
export class GroupCoordinator {
  /** The groups of the original dialect. */
  readonly wireV1: WireV1Groups
  /** What administrators ask of groups. */
  readonly administration: GroupAdministration
  /** Forgets the offsets of groups that nobody uses any more, once it is started. */
  readonly offsetExpiry: OffsetExpiry
  private readonly store: CoordinatorParts['store']
  private readonly runtime: Runtime
  private readonly options: CoordinatorOptions
  private readonly report: CoordinatorParts['report']
  private readonly partitionCount: CoordinatorParts['partitionCount']
  private readonly rebalanced: CoordinatorParts['rebalanced']
  private readonly groups = new Map<string, HostedGroup>()
  /** Groups that a failed write has driven out of memory. */
  private readonly reloading = new Set<string>()
  /** Who waits for which answer. An error code is an answer from the coordinator itself. */
  private readonly waiting = new Map<number, (answer: Reply | ErrorCode) => void>()
  private readonly alarm: DeadlineAlarm
  private begunGenerations = 0
  private lastRequestId = 0
  private isReading = false
  private isClosed = false

  private constructor(parts: CoordinatorParts) {
    this.store = parts.store
    this.runtime = parts.runtime
    this.options = parts.options
    this.report = parts.report
    this.partitionCount = parts.partitionCount
    this.rebalanced = parts.rebalanced
    this.alarm = new DeadlineAlarm(this.runtime, (nowMs, stalledMs) => this.ring(nowMs, stalledMs))
    this.wireV1 = new WireV1Groups({
      runtime: this.runtime,
      options: this.options,
      partitionCount: this.partitionCount,
      find: (groupId) => this.find(groupId),
      create: (groupId) => (this.groups.size < this.options.maxGroups ? this.open(groupId) : null),
      write: (hosted, change, onDurable) => this.write(hosted, change, onDurable),
      changed: (hosted) => this.changed(hosted),
      rebalanced: this.rebalanced,
    })
    this.administration = new GroupAdministration({
      partitionCount: this.partitionCount,
      refusal: (groupId) => this.refusal(groupId),
      find: (groupId) => this.groups.get(groupId),
      write: (hosted, change, onDurable) => this.write(hosted, change, onDurable),
      unload: (hosted) => this.unload(hosted),
      forget: (hosted) => this.groups.delete(hosted.group.groupId),
    })
    this.offsetExpiry = new OffsetExpiry({
      runtime: this.runtime,
      options: this.options,
      report: this.report,
      groups: () => this.groups.values(),
      write: (hosted, change, onDurable) => this.write(hosted, change, onDurable),
    })
  }

  /** Takes over every group and offset of the snapshot; each member has one full session timeout to come back. */
  static load(parts: CoordinatorParts): GroupCoordinator {
    const coordinator = new GroupCoordinator(parts)
    coordinator.adopt(parts.snapshot, () => true)
    return coordinator
  }

  /** Resolves when the join phase is over; at once when the member is refused. */
  async joinGroup(request: JoinGroupRequest, context: GroupRequestContext): Promise<ResponseInput<'JoinGroup'>> {
    const answer = await this.ask(request.groupId, (requestId) =>
      hasValidJoinIds(request, context)
        ? joinGroupInput(request, context, requestId, this.runtime.randomUuid())
        : 'INVALID_REQUEST',
    )
    return joinGroupResponse(answer, request, context)
  }

  /** Resolves when the leader's assignment is durable. */
  async syncGroup(request: SyncGroupRequest, { apiVersion }: GroupRequestContext): Promise<ResponseInput<'SyncGroup'>> {
    const { generationId, memberId, groupInstanceId, protocolType, protocolName } = request
    // KIP-559: since v5 both must be there, so that a member learns at once that it is in the wrong group.
    const isNamed = apiVersion < 5 || (protocolType !== null && protocolName !== null)
    const answer = await this.ask(request.groupId, (requestId) =>
      isNamed
        ? {
            kind: 'syncGroup',
            requestId,
            generationId,
            memberId,
            groupInstanceId,
            protocolType,
            protocolName,
            assignments: request.assignments.map((one) => ({
              memberId: one.memberId,
              assignment: Buffer.from(one.assignment),
            })),
          }
        : 'INCONSISTENT_GROUP_PROTOCOL',
    )
    const { kind: _kind, ...response } = typeof answer === 'string' ? syncGroupError(answer) : answer
    return response
  }

  /** Answered in the same call unless a write of this group is under way. */
  async heartbeat(request: HeartbeatRequest, _context: GroupRequestContext): Promise<ResponseInput<'Heartbeat'>> {
    const { generationId, memberId, groupInstanceId } = request
    const answer = await this.ask(request.groupId, (requestId) => ({
      kind: 'heartbeat',
      requestId,
      generationId,
      memberId,
      groupInstanceId,
    }))
    return { errorCode: typeof answer === 'string' ? answer : answer.errorCode }
  }

  /** Below v3 one member leaves, from v3 on many at once. */
  async leaveGroup(
    request: LeaveGroupRequest,
    { apiVersion }: GroupRequestContext,
  ): Promise<ResponseInput<'LeaveGroup'>> {
    const isBatch = apiVersion >= 3
    const members = isBatch
      ? request.members.map((member) => ({ ...member, reason: cutReason(member.reason) }))
      : [{ memberId: request.memberId, groupInstanceId: null, reason: null }]
    const answer = await this.ask(request.groupId, (requestId) => ({
      kind: 'leaveGroup',
      requestId,
      members,
    }))
    if (typeof answer === 'string') return { errorCode: answer }
    if (answer.errorCode !== 'NONE' || isBatch) return { errorCode: answer.errorCode, members: answer.members }
    return { errorCode: answer.members[0]?.errorCode ?? 'NONE' }
  }

  /** Resolves when the offsets are durable and can be fetched. */
  async offsetCommit(
    request: OffsetCommitRequest,
    _context: GroupRequestContext,
  ): Promise<ResponseInput<'OffsetCommit'>> {
    const { offsets, topics } = checkOffsetCommit(
      request,
      { offsetMetadataMaxBytes: this.options.offsetMetadataMaxBytes, partitionCount: this.partitionCount },
      this.runtime.wallClockMs(),
    )
    const answer = await this.ask(request.groupId, (requestId) => ({
      kind: 'offsetCommit',
      requestId,
      generationId: request.generationIdOrMemberEpoch,
      memberId: request.memberId,
      groupInstanceId: request.groupInstanceId,
      offsets,
    }))
    return offsetCommitResponse(typeof answer === 'string' ? answer : answer.errorCode, topics)
  }

  /** Committed offsets, as far as they are durable (so `requireStable` asks for nothing more). v8+: of many groups. */
  offsetFetch(request: OffsetFetchRequest, { apiVersion }: GroupRequestContext): ResponseInput<'OffsetFetch'> {
    const fetch = (groupId: string, topics: Parameters<typeof fetchOffsets>[1]) => {
      const errorCode = this.refusal(groupId)
      return { errorCode, topics: errorCode === 'NONE' ? fetchOffsets(this.groups.get(groupId)?.offsets, topics) : [] }
    }
    if (apiVersion >= 8) {
      return { groups: request.groups.map(({ groupId, topics }) => ({ groupId, ...fetch(groupId, topics) })) }
    }
    const { errorCode, topics } = fetch(request.groupId, request.topics)
    if (errorCode === 'NONE' || apiVersion >= 2) return { errorCode, topics }
    // v1 has no place for the group's error but its partitions.
    return {
      topics: fetchOffsets(undefined, request.topics).map(({ name, partitions }) => ({
        name,
        partitions: partitions.map((partition) => ({ ...partition, errorCode })),
      })),
    }
  }

  /** One group for DescribeGroups. */
  describeGroup(groupId: string, apiVersion: number): DescribedGroup {
    const errorCode = this.refusal(groupId)
    if (errorCode !== 'NONE') return undescribedGroup(groupId, errorCode)
    const hosted = this.groups.get(groupId)
    return hosted === undefined ? describeMissingGroup(groupId, apiVersion) : describeGroup(hosted)
  }

  /** All groups that pass the filter. */
  listGroups(filter: GroupFilter): ListedGroup[] {
    return listGroups(this.groups.values(), filter)
  }

  /** Every group there is, those that are being read from the store again included. */
  ids(): Set<string> {
    return new Set([...this.groups.keys(), ...this.reloading])
  }

  /** Every group as it is, to be looked at. */
  all(): Iterable<HostedGroup> {
    return this.groups.values()
  }

  /** Generations that began in all groups, those that are gone included. */
  get rebalances(): number {
    return this.begunGenerations
  }

  /** The topic is gone, and with it (the store has seen to that) every offset committed for it. */
  topicDeleted(name: string): void {
    for (const hosted of this.groups.values()) {
      hosted.offsets.deleteTopic(name)
      this.forgetIfBlank(hosted)
    }
  }

  /** Sends everyone who waits away with COORDINATOR_NOT_AVAILABLE; writes under way are still answered. */
  async close(): Promise<void> {
    if (this.isClosed) return
    this.isClosed = true
    this.alarm.cancel()
    this.offsetExpiry.stop()
    for (const hosted of this.groups.values()) this.unload(hosted)
  }

  /** Why a request for this group is not looked at, or NONE. */
  private refusal(groupId: string): ErrorCode {
    if (!isValidGroupId(groupId)) return 'INVALID_GROUP_ID'
    if (this.isClosed) return 'COORDINATOR_NOT_AVAILABLE'
    return this.reloading.has(groupId) ? 'COORDINATOR_LOAD_IN_PROGRESS' : 'NONE'
  }

  private find(groupId: string): HostedGroup | 'absent' | 'invalid' | 'unavailable' {
    const refusal = this.refusal(groupId)
    if (refusal !== 'NONE') return refusal === 'INVALID_GROUP_ID' ? 'invalid' : 'unavailable'
    return this.groups.get(groupId) ?? 'absent'
  }

  /** Submits a request and promises its answer. */
  private ask<I extends RequestInput>(
    groupId: string,
    makeInput: (requestId: number) => I | ErrorCode,
  ): Promise<ReplyTo<I> | ErrorCode> {
    return new Promise((resolve) => {
      const refusal = this.refusal(groupId)
      if (refusal !== 'NONE') {
        resolve(refusal)
        return
      }
      this.lastRequestId += 1
      const requestId = this.lastRequestId
      const input = makeInput(requestId)
      if (typeof input === 'string') {
        resolve(input)
        return
      }
      const hosted = this.groups.get(groupId) ?? this.create(groupId, input)
      if (hosted === null) {
        resolve('POLICY_VIOLATION')
        return
      }
      const foreign = hosted.wireV1 === null ? 'NONE' : refusalBesideWireV1(input)
      if (foreign !== 'NONE') {
        resolve(foreign)
        return
      }
      this.waiting.set(requestId, resolve as (answer: Reply | ErrorCode) => void)
      this.submit(hosted, input)
    })
  }

  /** A request for a group that is not here meets an Empty one, which is forgotten again if nothing comes of it. */
  private create(groupId: string, input: RequestInput): HostedGroup | null {
    const isFounding =
      (input.kind === 'joinGroup' && input.memberId === '') || (input.kind === 'offsetCommit' && input.generationId < 0)
    if (isFounding && this.groups.size >= this.options.maxGroups) return null
    return this.open(groupId)
  }

  private open(groupId: string): HostedGroup {
    const hosted = hostGroup(createGroup(groupId, this.options))
    this.groups.set(groupId, hosted)
    this.observe(hosted)
    return hosted
  }

  private submit(hosted: HostedGroup, input: Input): void {
    this.perform(hosted, step(hosted.group, input, this.runtime.nowMs()))
    if (input.kind === 'heartbeat' || input.kind === 'offsetCommit') this.showedLife(hosted, input.memberId)
    else this.changed(hosted)
  }

  /** Nothing but one member's deadline has changed: the others, who may be many, need not be looked at. */
  private showedLife(hosted: HostedGroup, memberId: string): void {
    const member = hosted.group.members.get(memberId)
    if (member !== undefined) this.alarm.ringBy(expiryMs(member))
    this.forgetIfBlank(hosted)
  }

  private observe(hosted: HostedGroup): void {
    const { activity } = hosted
    this.begunGenerations += activity.observe(stateOf(hosted), generationOf(hosted), this.runtime.nowMs())
  }

  private changed(hosted: HostedGroup): void {
    this.observe(hosted)
    this.alarm.ringBy(nextDeadlineMs(hosted))
    this.forgetIfBlank(hosted)
  }

  /** In order; answers wait until what stands before them is durable. */
  private perform(hosted: HostedGroup, effects: readonly Effect[]): void {
    const { groupId } = hosted.group
    for (const effect of effects) {
      if (effect.kind === 'reply') {
        const resolve = this.waiting.get(effect.requestId)
        this.waiting.delete(effect.requestId)
        if (resolve === undefined) continue
        hosted.order.answer(
          () => resolve(effect.reply),
          () => resolve('COORDINATOR_NOT_AVAILABLE'),
        )
      } else if (effect.kind === 'persistGroup') {
        hosted.emptySinceMs = effect.image.members.length === 0 ? this.runtime.wallClockMs() : null
        const state = encodeGroupImage({ ...effect.image, emptySinceMs: hosted.emptySinceMs })
        this.write(hosted, { kind: 'putGroup', group: { groupId, state } }, () => undefined)
      } else if (effect.kind === 'rebalanced') {
        // Behind the write, like an answer: what was lost with it has not happened.
        const record = recordOfRebalance(groupId, effect.rebalance, this.runtime.wallClockMs())
        hosted.order.answer(
          () => this.rebalanced(record),
          () => undefined,
        )
      } else {
        const offsets = effect.offsets.map((offset) => ({ groupId, ...offset }))
        this.write(hosted, { kind: 'putOffsets', offsets }, () =>
          effect.offsets.forEach((offset) => hosted.offsets.put(offset)),
        )
      }
    }
  }

  private write(hosted: HostedGroup, change: MetadataChange, onDurable: () => void): void {
    hosted.isStored = true
    const settle = hosted.order.write(onDurable)
    this.store.write([change]).then(
      () => {
        settle()
        this.forgetIfBlank(hosted)
      },
      (error: unknown) => this.fail(hosted, error),
    )
  }

  /**
   * The one failure path: the group goes out of memory, whoever waits is sent away, and it is read again from the store,
   * which alone knows now what is true.
   */
  private fail(hosted: HostedGroup, error: unknown): void {
    const { groupId } = hosted.group
    if (this.groups.get(groupId) !== hosted) return
    this.groups.delete(groupId)
    this.reloading.add(groupId)
    hosted.order.break()
    this.unload(hosted)
    const reason = error instanceof Error ? error.message : String(error)
    this.report({
      kind: 'groupWriteFailed',
      level: 'error',
      message: `group ${JSON.stringify(groupId)} could not be saved and is read again: ${reason}`,
      groupId,
      error,
    })
    this.reload()
  }

  /** Sends away whoever waits in the group, and leaves it Dead. */
  private unload(hosted: HostedGroup): void {
    this.perform(hosted, step(hosted.group, { kind: 'unload' }, this.runtime.nowMs()))
  }

  /** Reads the store until it can be read. What fails meanwhile is read by the next turn. */
  private reload(): void {
    if (this.isReading || this.isClosed || this.reloading.size === 0) return
    this.isReading = true
    const groupIds = new Set(this.reloading)
    this.store.load().then(
      (snapshot) => {
        this.isReading = false
        for (const groupId of groupIds) this.reloading.delete(groupId)
        if (!this.isClosed) this.adopt(snapshot, (groupId) => groupIds.has(groupId))
        this.reload()
      },
      (error: unknown) => {
        this.isReading = false
        const message = `the metadata store cannot be read: ${error instanceof Error ? error.message : String(error)}`
        this.report({ kind: 'groupReadFailed', level: 'error', message, error })
        this.runtime.setAlarm(RELOAD_DELAY_MS, () => this.reload())
      },
    )
  }

  /** Makes groups out of what the store holds of them. */
  private adopt({ groups, offsets }: CoordinatorParts['snapshot'], isWanted: (groupId: string) => boolean): void {
    const nowMs = this.runtime.nowMs()
    for (const { groupId, state } of groups) {
      if (isWanted(groupId)) this.host(this.restored(groupId, state, nowMs))
    }
    for (const { groupId, ...offset } of offsets) {
      if (!isWanted(groupId)) continue
      const hosted = this.groups.get(groupId) ?? this.host(hostGroup(createGroup(groupId, this.options)))
      hosted.offsets.put(offset)
    }
    for (const hosted of this.groups.values()) {
      this.alarm.ringBy(nextDeadlineMs(hosted))
      this.forgetIfBlank(hosted)
    }
  }

  private restored(groupId: string, state: string, nowMs: number): HostedGroup {
    if (!isWireV1Image(state)) {
      const image = decodeGroupImage(state)
      const hosted = hostGroup(restoreGroup(groupId, image, this.options, nowMs))
      // An Empty group that does not say since when is Empty since now: nothing of it expires too early (row I14).
      if (image.members.length === 0) hosted.emptySinceMs = image.emptySinceMs ?? this.runtime.wallClockMs()
      return hosted
    }
    const hosted = hostGroup(createGroup(groupId, this.options))
    hosted.wireV1 = restoreWireV1Group(groupId, state, nowMs)
    return hosted
  }

  private host(hosted: HostedGroup): HostedGroup {
    hosted.isStored = true
    this.groups.set(hosted.group.groupId, hosted)
    this.observe(hosted)
    return hosted
  }

  private ring(nowMs: number, stalledMs: number): number {
    let nextMs = Infinity
    for (const hosted of this.groups.values()) {
      if (stalledMs > 0) this.perform(hosted, step(hosted.group, { kind: 'stalled', byMs: stalledMs }, nowMs))
      if (nextDeadlineMs(hosted) <= nowMs) this.perform(hosted, step(hosted.group, { kind: 'tick' }, nowMs))
      this.wireV1.ring(hosted, nowMs, stalledMs)
      this.observe(hosted)
      nextMs = Math.min(nextMs, nextDeadlineMs(hosted))
      this.forgetIfBlank(hosted)
    }
    return nextMs
  }

  /** A group without members and offsets is nobody's: it leaves memory, and the store. */
  private forgetIfBlank(hosted: HostedGroup): void {
    const { groupId } = hosted.group
    if (!isForgettable(hosted) || this.groups.get(groupId) !== hosted) return
    this.groups.delete(groupId)
    if (!hosted.isStored) return
    // If this fails, the next start finds a group with nothing in it and forgets it then.
    this.store.write([{ kind: 'deleteGroup', groupId }]).catch((error: unknown) => {
      const message = `group ${JSON.stringify(groupId)} is empty, but could not be deleted`
      this.report({ kind: 'groupDeleteFailed', level: 'warn', message, groupId, error })
    })
  }
}

/** A group with members of the original dialect cannot be joined by others, and is not Empty: nobody commits from outside. */
function refusalBesideWireV1(input: RequestInput): ErrorCode {
  if (input.kind === 'joinGroup') return 'INCONSISTENT_GROUP_PROTOCOL'
  return input.kind === 'offsetCommit' ? 'UNKNOWN_MEMBER_ID' : 'NONE'
}
