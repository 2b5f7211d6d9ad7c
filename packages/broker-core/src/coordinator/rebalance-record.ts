// What the broker keeps of a rebalance, and the versioned JSON it is read as.
import type { Rebalance } from '../classic-group/effect.ts'
import type { WireV1Rebalance } from '../wire-v1-group/input.ts'
import { assignedOwners, movedPartitions, type MovedPartition } from './moved-partitions.ts'

/** A member that caused a rebalance, in the words of the SDK: a consumer id is Kafka's group instance id. */
export interface RecordedCause {
  readonly kind: string
  readonly memberId: string | null
  readonly consumerId: string | null
  readonly clientId: string | null
  readonly clientHost: string | null
  /** What the client itself gave as its reason (KIP-800). */
  readonly reason: string | null
}

/** One rebalance of one group. Members are named by consumer id where they have one, by member id else. */
export interface RebalanceRecord {
  readonly groupId: string
  readonly generationId: number
  readonly state: 'Stable' | 'Empty'
  /** When it had settled: epoch milliseconds of the broker's clock. */
  readonly settledMs: number
  /** From the first cause until then, in whole milliseconds. */
  readonly tookMs: number
  readonly protocolType: string | null
  /** Null when the group became Empty. */
  readonly assignor: string | null
  readonly memberCount: number
  readonly causes: readonly RecordedCause[]
  /** With those that are not listed. */
  readonly causeCount: number
  /** Null when the assignments are not those of consumers: the broker cannot read them. */
  readonly moved: readonly MovedPartition[] | null
  /** With those that are not listed; null where `moved` is. */
  readonly movedCount: number | null
}

const CONSUMER_PROTOCOL = 'consumer'

/** The record of a rebalance of a group in the Kafka dialect. */
export function recordOfRebalance(groupId: string, rebalance: Rebalance, settledMs: number): RebalanceRecord {
  const { generationId, protocolType, protocolName, before, after, causes, causeCount } = rebalance
  const isConsumers = protocolType === CONSUMER_PROTOCOL
  const [old, current] = [isConsumers ? assignedOwners(before) : null, isConsumers ? assignedOwners(after) : null]
  const moved = old === null || current === null ? null : movedPartitions(old, current)
  return {
    groupId,
    generationId,
    state: after.length === 0 ? 'Empty' : 'Stable',
    settledMs,
    tookMs: Math.round(rebalance.tookMs),
    protocolType,
    assignor: protocolName,
    memberCount: after.length,
    causes: causes.map(({ kind, memberId, groupInstanceId, clientId, clientHost, reason }) => {
      return { kind, memberId, consumerId: groupInstanceId, clientId, clientHost, reason }
    }),
    causeCount,
    moved,
    movedCount: moved?.length ?? null,
  }
}

/** The record of a rebalance in the original dialect, where the broker assigns at once: it takes no time. */
export function recordOfWireV1Rebalance(
  groupId: string,
  { generation, before, after, causes }: WireV1Rebalance,
  settledMs: number,
): RebalanceRecord {
  const owners = (shares: WireV1Rebalance['after']) =>
    Array.from(shares, ([name, partitions]) => ({ name, partitions }))
  const moved = movedPartitions(owners(before), owners(after))
  return {
    groupId,
    generationId: generation,
    state: after.size === 0 ? 'Empty' : 'Stable',
    settledMs,
    tookMs: 0,
    protocolType: CONSUMER_PROTOCOL,
    assignor: after.size === 0 ? null : 'roundrobin',
    memberCount: after.size,
    causes: causes.map(({ kind, consumerId, clientId, clientHost }) => {
      return { kind, memberId: consumerId, consumerId, clientId, clientHost, reason: null }
    }),
    causeCount: causes.length,
    moved,
    movedCount: moved.length,
  }
}

/** Raised when a field changes its meaning or goes; new fields come without. */
const RECORD_VERSION = 1
/** The most that are listed of moved partitions, and of causes. */
const LISTED = 500

/** The JSON, in at most `maxBytes`: where there is too much to list, less is listed and all is counted. */
export function encodeRebalanceRecord(record: RebalanceRecord, maxBytes: number): Buffer {
  for (let listed = LISTED; ; listed = Math.floor(listed / 2)) {
    const { causes, moved, ...facts } = record
    const lists = { causes: causes.slice(0, listed), moved: moved?.slice(0, listed) ?? null }
    const bytes = Buffer.from(JSON.stringify({ version: RECORD_VERSION, ...facts, ...lists }))
    if (bytes.length <= maxBytes || listed === 0) return bytes
  }
}
