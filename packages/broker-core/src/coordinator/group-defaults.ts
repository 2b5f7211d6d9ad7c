// Every default of the group coordinator, under Kafka's names where Kafka has one.
import type { GroupOptions } from '../classic-group/group.ts'

/** What the coordinator can be told. */
export interface CoordinatorOptions extends GroupOptions {
  /** Groups that may exist at the same time. */
  readonly maxGroups: number
  /** `offset.metadata.max.bytes`: bytes of text that may go with a committed offset. */
  readonly offsetMetadataMaxBytes: number
  /** `offsets.retention.minutes`: how long the offsets of a group without members are kept. */
  readonly offsetsRetentionMinutes: number
  /** `offsets.retention.check.interval.ms`: how often expired offsets are looked for. */
  readonly offsetsRetentionCheckIntervalMs: number
}

export const groupDefaults = {
  /** group.initial.rebalance.delay.ms: how long an empty group waits for more members before its first rebalance. */
  groupInitialRebalanceDelayMs: 100,
  /** group.max.size: members a group may have. */
  groupMaxSize: 1_000,
  /** group.min.session.timeout.ms: the shortest session timeout that a member may ask for. */
  groupMinSessionTimeoutMs: 6_000,
  /** group.max.session.timeout.ms: the longest session timeout that a member may ask for. */
  groupMaxSessionTimeoutMs: 1_800_000,
  /** The most that a member's rebalance timeout counts for. */
  groupMaxRebalanceTimeoutMs: 86_400_000,
  /** How long a member that was never answered may stay with its JoinGroup held. */
  groupNewMemberJoinTimeoutMs: 300_000,
  /** Member ids handed out by MEMBER_ID_REQUIRED and not used yet, for one group. */
  groupMaxPendingMembers: 1_000,
  /** Bytes of member metadata, and of assignments, that one group may keep. */
  groupMetadataMaxBytes: 1_048_576,
  /** Groups that may exist at the same time. */
  maxGroups: 10_000,
  /** offset.metadata.max.bytes: bytes of text that may go with a committed offset. */
  offsetMetadataMaxBytes: 4_096,
  /** offsets.retention.minutes: how long the committed offsets of a group are kept after its last member has left. */
  offsetsRetentionMinutes: 10_080,
  /** offsets.retention.check.interval.ms: how often expired offsets are looked for. */
  offsetsRetentionCheckIntervalMs: 600_000,
} satisfies CoordinatorOptions
