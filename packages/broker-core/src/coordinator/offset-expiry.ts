// The expiry of committed offsets: those of groups that nobody has been in for long enough are deleted, in sweeps.
import type { BrokerEvent } from '../broker-event.ts'
import type { Alarm, Runtime } from '../runtime.ts'
import type { MetadataChange } from '../store/metadata-store.ts'
import type { CoordinatorOptions } from './group-defaults.ts'
import { hasMembers, type HostedGroup } from './hosted-group.ts'

/** What this room needs of the coordinator that owns all groups. */
export interface OffsetExpiryHost {
  readonly runtime: Runtime
  readonly options: Pick<CoordinatorOptions, 'offsetsRetentionMinutes' | 'offsetsRetentionCheckIntervalMs'>
  readonly report: (event: BrokerEvent) => void
  groups(): Iterable<HostedGroup>
  /** Writes a change; a group that has nothing left when it is durable goes too. */
  write(hosted: HostedGroup, change: MetadataChange, onDurable: () => void): void
}

const MINUTE_MS = 60_000
/** How soon a group is looked at again that was being written when the sweep came by. */
const BUSY_DELAY_MS = 1_000

/**
 * The offsets that have expired: retention after the group was left by its last member (rows I14, I15), or after the
 * commit where that came later or nobody was ever a member. Never while somebody is in it or on the way in.
 */
export function expiredOffsets(
  hosted: HostedGroup,
  wallClockMs: number,
  retentionMs: number,
): { topic: string; partition: number }[] {
  if (hasMembers(hosted)) return []
  const expired: { topic: string; partition: number }[] = []
  for (const { topic, partition, committedMs, expireMs } of hosted.offsets.all()) {
    const unusedSinceMs = Math.max(committedMs, hosted.emptySinceMs ?? 0)
    if (wallClockMs >= (expireMs ?? unusedSinceMs + retentionMs)) expired.push({ topic, partition })
  }
  return expired
}

export class OffsetExpiry {
  private readonly host: OffsetExpiryHost
  private alarm: Alarm | null = null

  constructor(host: OffsetExpiryHost) {
    this.host = host
  }

  /** Sweeps every `offsets.retention.check.interval.ms` from now on, until `stop`. */
  start(): void {
    this.sweepIn(this.host.options.offsetsRetentionCheckIntervalMs)
  }

  stop(): void {
    this.alarm?.cancel()
    this.alarm = null
  }

  private sweepIn(delayMs: number): void {
    const { offsetsRetentionCheckIntervalMs } = this.host.options
    this.alarm = this.host.runtime.setAlarm(delayMs, () =>
      this.sweepIn(
        this.sweep() ? offsetsRetentionCheckIntervalMs : Math.min(BUSY_DELAY_MS, offsetsRetentionCheckIntervalMs),
      ),
    )
  }

  /** False when a group had to be left for later. */
  private sweep(): boolean {
    const retentionMs = this.host.options.offsetsRetentionMinutes * MINUTE_MS
    const wallClockMs = this.host.runtime.wallClockMs()
    let isComplete = true
    for (const hosted of this.host.groups()) {
      const partitions = expiredOffsets(hosted, wallClockMs, retentionMs)
      if (partitions.length === 0) continue
      // A commit that is not durable yet is not seen here: deleting now would take it, too.
      if (hosted.order.isIdle) this.delete(hosted, partitions)
      else isComplete = false
    }
    return isComplete
  }

  private delete(hosted: HostedGroup, partitions: { topic: string; partition: number }[]): void {
    const { groupId } = hosted.group
    this.host.write(hosted, { kind: 'deleteOffsets', groupId, partitions }, () => {
      for (const { topic, partition } of partitions) hosted.offsets.delete(topic, partition)
      const message = `${partitions.length} committed offsets of group ${JSON.stringify(groupId)} have expired`
      this.host.report({ kind: 'offsetsExpired', level: 'info', message, groupId, count: partitions.length })
    })
  }
}
