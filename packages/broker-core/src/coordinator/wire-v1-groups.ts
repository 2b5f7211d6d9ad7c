// Groups of the original dialect in their coordinator: they share group ids, offsets and the store with the classic ones.
import { imageOf, encodeGroupImage } from '../classic-group/group-image.ts'
import type { Runtime } from '../runtime.ts'
import type { MetadataChange } from '../store/metadata-store.ts'
import { createWireV1Group, type WireV1Group } from '../wire-v1-group/group.ts'
import { encodeWireV1Group } from '../wire-v1-group/group-image.ts'
import type { GroupCode, PartitionCounts, WireV1Effect, WireV1Input, WireV1Reply } from '../wire-v1-group/input.ts'
import { step } from '../wire-v1-group/step.ts'
import type { CoordinatorOptions } from './group-defaults.ts'
import { isValidId } from './group-id.ts'
import { belongsToKafka, type HostedGroup } from './hosted-group.ts'
import { recordOfWireV1Rebalance, type RebalanceRecord } from './rebalance-record.ts'

/** What this room needs of the coordinator that owns all groups. */
export interface WireV1Host {
  readonly runtime: Runtime
  readonly options: Pick<CoordinatorOptions, 'groupMaxSize' | 'offsetMetadataMaxBytes'>
  /** Partitions of a topic; 0 where it does not exist. */
  partitionCount(topic: string): number
  /** The group, or why no request for it is looked at. */
  find(groupId: string): HostedGroup | 'absent' | 'invalid' | 'unavailable'
  /** Makes the group; null when there are too many. */
  create(groupId: string): HostedGroup | null
  /** Writes a change; answers of the group that are given behind it wait for it. */
  write(hosted: HostedGroup, change: MetadataChange, onDurable: () => void): void
  /** The group has been changed: its deadlines count, and if nothing is left of it, it goes. */
  changed(hosted: HostedGroup): void
  /** Told of a rebalance once it is durable. */
  rebalanced(record: RebalanceRecord): void
}

export interface WireV1Joiner {
  readonly consumerId: string
  readonly clientId: string
  readonly clientHost: string
  readonly topics: readonly string[]
  readonly sessionTimeoutMs: number
}

const NOT_UNDERSTOOD = 1
const REFUSED = 2
const DOES_NOT_EXIST = 3

/** Answers with the dialect's codes: 1 not understood, 2 refused, 3 does not exist. Nothing is answered before it is durable. */
export class WireV1Groups {
  private readonly host: WireV1Host
  private lastRequestId = 0

  constructor(host: WireV1Host) {
    this.host = host
  }

  /** Joins, or asks for the current share again. Refused while the group has members of the Kafka dialect. */
  join(groupId: string, joiner: WireV1Joiner): Promise<WireV1Reply> {
    if (![joiner.consumerId, joiner.clientId].every(isValidId)) return refusedWith(NOT_UNDERSTOOD)
    const found = this.host.find(groupId)
    const hosted = found === 'absent' ? this.host.create(groupId) : found
    if (hosted === 'invalid') return refusedWith(NOT_UNDERSTOOD)
    if (hosted === null || typeof hosted === 'string' || belongsToKafka(hosted)) return refusedWith(REFUSED)
    hosted.wireV1 ??= createWireV1Group(groupId, hosted.group.generationId)
    const partitions = this.partitionsOf(hosted.wireV1, joiner.topics)
    return this.ask(hosted, (requestId) => ({ kind: 'join', requestId, partitions, ...joiner }))
  }

  leave(groupId: string, consumerId: string): Promise<GroupCode> {
    return this.askMember(groupId, (requestId, group) => ({
      kind: 'leave',
      requestId,
      consumerId,
      partitions: this.partitionsOf(group),
    }))
  }

  heartbeat(groupId: string, consumerId: string, generation: number): Promise<GroupCode> {
    return this.askMember(groupId, (requestId) => ({ kind: 'heartbeat', requestId, consumerId, generation }))
  }

  /** Commits for a group that exists and has no members of the Kafka dialect: this one carries neither member nor generation. */
  commit(
    groupId: string,
    commit: { readonly topic: string; readonly partition: number; readonly offset: number; readonly metadata: string },
  ): Promise<GroupCode> {
    const hosted = this.host.find(groupId)
    if (hosted === 'invalid' || commit.offset < 0) return Promise.resolve(NOT_UNDERSTOOD)
    if (hosted === 'unavailable') return Promise.resolve(REFUSED)
    const partitionCount = this.host.partitionCount(commit.topic)
    if (hosted === 'absent' || commit.partition < 0 || commit.partition >= partitionCount) {
      return Promise.resolve(DOES_NOT_EXIST)
    }
    const isTooLong = Buffer.byteLength(commit.metadata) > this.host.options.offsetMetadataMaxBytes
    if (belongsToKafka(hosted) || isTooLong) return Promise.resolve(REFUSED)
    const committedMs = this.host.runtime.wallClockMs()
    const record = { ...commit, leaderEpoch: -1, committedMs, expireMs: null }
    this.host.write(hosted, { kind: 'putOffsets', offsets: [{ groupId, ...record }] }, () => hosted.offsets.put(record))
    return new Promise((resolve) =>
      hosted.order.answer(
        () => resolve(0),
        () => resolve(REFUSED),
      ),
    )
  }

  /** The next offset to read, null where nothing is committed. */
  committedOffset(groupId: string, topic: string, partition: number): number | null {
    const hosted = this.host.find(groupId)
    const offset = typeof hosted === 'string' ? -1 : (hosted.offsets.get(topic, partition)?.offset ?? -1)
    return offset < 0 ? null : offset
  }

  /** A session deadline may have come, or the broker stood still. */
  ring(hosted: HostedGroup, nowMs: number, stalledMs: number): void {
    const group = hosted.wireV1
    if (group === null) return
    if (stalledMs > 0) this.perform(hosted, group, { kind: 'stalled', byMs: stalledMs }, nowMs)
    this.perform(hosted, group, { kind: 'tick', partitions: this.partitionsOf(group) }, nowMs)
  }

  private askMember(
    groupId: string,
    makeInput: (requestId: number, group: WireV1Group) => WireV1Input,
  ): Promise<GroupCode> {
    const hosted = this.host.find(groupId)
    if (hosted === 'invalid') return Promise.resolve(NOT_UNDERSTOOD)
    if (hosted === 'absent') return Promise.resolve(DOES_NOT_EXIST)
    if (hosted === 'unavailable' || hosted.wireV1 === null) return Promise.resolve(REFUSED)
    const group = hosted.wireV1
    return this.ask(hosted, (requestId) => makeInput(requestId, group)).then((reply) =>
      reply.kind === 'code' ? reply.errorCode : 0,
    )
  }

  private ask(hosted: HostedGroup, makeInput: (requestId: number) => WireV1Input): Promise<WireV1Reply> {
    const group = hosted.wireV1
    if (group === null) return refusedWith(REFUSED)
    this.lastRequestId += 1
    const input = makeInput(this.lastRequestId)
    return new Promise((resolve) => {
      this.perform(hosted, group, input, this.host.runtime.nowMs(), resolve)
      this.host.changed(hosted)
    })
  }

  /** In order: what is to be durable first, then the answer, which waits for it. */
  private perform(
    hosted: HostedGroup,
    group: WireV1Group,
    input: WireV1Input,
    nowMs: number,
    resolve: (reply: WireV1Reply) => void = () => undefined,
  ): void {
    const effects: WireV1Effect[] = step(group, input, nowMs, this.host.options.groupMaxSize)
    for (const effect of effects) {
      if (effect.kind === 'persist') this.save(hosted, group)
      else if (effect.kind === 'rebalanced') {
        const settledMs = this.host.runtime.wallClockMs()
        const record = recordOfWireV1Rebalance(group.groupId, effect.rebalance, settledMs)
        hosted.order.answer(
          () => this.host.rebalanced(record),
          () => undefined,
        )
      } else {
        hosted.order.answer(
          () => resolve(effect.reply),
          () => resolve({ kind: 'code', errorCode: REFUSED }),
        )
      }
    }
    if (group.members.size === 0) hosted.wireV1 = null
  }

  private save(hosted: HostedGroup, group: WireV1Group): void {
    const { groupId } = group
    let state = encodeWireV1Group(group)
    if (group.members.size === 0) {
      // An Empty group is of no dialect. Its generation goes on where this one ends, whoever comes next.
      hosted.group.generationId = group.generation
      hosted.group.saved = imageOf(hosted.group)
      hosted.emptySinceMs = this.host.runtime.wallClockMs()
      state = encodeGroupImage({ ...hosted.group.saved, emptySinceMs: hosted.emptySinceMs })
    }
    this.host.write(hosted, { kind: 'putGroup', group: { groupId, state } }, () => undefined)
  }

  private partitionsOf(group: WireV1Group, more: readonly string[] = []): PartitionCounts {
    const counts = new Map<string, number>()
    for (const topic of [...more, ...[...group.members.values()].flatMap(({ topics }) => topics)]) {
      const count = this.host.partitionCount(topic)
      if (count > 0) counts.set(topic, count)
    }
    return counts
  }
}

function refusedWith(errorCode: GroupCode): Promise<WireV1Reply> {
  return Promise.resolve({ kind: 'code', errorCode })
}
