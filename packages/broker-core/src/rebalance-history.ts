// Keeps why groups rebalanced, in an internal topic that any client can read.
import { buildRecordBatch } from '@goqueue/protocol'
import type { BrokerEvent } from './broker-event.ts'
import { encodeRebalanceRecord, type RebalanceRecord } from './coordinator/rebalance-record.ts'
import type { PartitionLog } from './log/partition-log.ts'
import { REBALANCES_TOPIC } from './topics/internal-topics.ts'
import type { TopicCatalog } from './topics/topic-catalog.ts'
import { trimRebalances } from './trim-rebalances.ts'

/** The history may grow to this before room is made in it; half of it is never touched. */
const ROOM_BYTES = 32 * 1024 * 1024
const SEGMENTS_IN_ROOM = 8
const LARGEST_RECORD_BYTES = 512 * 1024
/** Room for the record's frame around it. The broker's own limit may be lower, and is for its clients. */
const LARGEST_BATCH_BYTES = LARGEST_RECORD_BYTES + 64 * 1024
/** Records that wait for a slow disk. What comes on top of them is not kept. */
const MOST_WAITING = 1_000
/** What is kept is written again with its own time, wherever the clock stands by then. */
const ANY_TIME = '9223372036854775807'

export interface RebalanceHistoryParts {
  readonly topics: Pick<TopicCatalog, 'byName' | 'create'>
  readonly report: (event: BrokerEvent) => void
  /** The groups of which the newest rebalances are kept, however old they are. */
  readonly existingGroups: () => ReadonlySet<string>
  /** Default 32 MiB. */
  readonly roomBytes?: number
}

/**
 * Writes one record after another. Nobody waits for it, and what cannot be written is reported and forgotten. The topic's
 * own retention is off: when it outgrows its room, what is old goes but for the newest of each group.
 */
export class RebalanceHistory {
  private readonly topics: RebalanceHistoryParts['topics']
  private readonly report: RebalanceHistoryParts['report']
  private readonly existingGroups: RebalanceHistoryParts['existingGroups']
  private readonly roomBytes: number
  /** Room is made when the log is larger. */
  private trimAtBytes: number
  private last: Promise<void> = Promise.resolve()
  private waiting = 0
  private isClosed = false

  constructor({ topics, report, existingGroups, roomBytes = ROOM_BYTES }: RebalanceHistoryParts) {
    this.topics = topics
    this.report = report
    this.existingGroups = existingGroups
    this.roomBytes = this.trimAtBytes = roomBytes
  }

  /** Returns at once. The first record makes the topic. */
  record(record: RebalanceRecord): void {
    if (this.isClosed) return
    if (this.waiting >= MOST_WAITING) {
      this.failed(record, `${MOST_WAITING} others wait to be written`)
      return
    }
    this.waiting += 1
    this.last = this.last.then(() => this.write(record))
  }

  /** Resolves when what was recorded before is written, or reported. */
  settled(): Promise<void> {
    return this.last
  }

  /** As `settled`; nothing is recorded any more. */
  close(): Promise<void> {
    this.isClosed = true
    return this.last
  }

  private async write(record: RebalanceRecord): Promise<void> {
    try {
      const refusal = await this.append(record)
      if (refusal !== null) this.failed(record, refusal)
    } catch (error) {
      this.failed(record, reasonOf(error))
    } finally {
      this.waiting -= 1
    }
  }

  /** Why it was refused, or null. */
  private async append(record: RebalanceRecord): Promise<string | null> {
    const log = this.topics.byName(REBALANCES_TOPIC)?.logs[0] ?? (await this.makeTopic())
    if (typeof log === 'string') return log
    const value = encodeRebalanceRecord(record, LARGEST_RECORD_BYTES)
    const records = [{ key: record.groupId, value, headers: [], timestampMs: record.settledMs }]
    const batch = buildRecordBatch({ records, compression: 'none' })
    const outcome = await log.append(batch, { acks: 1, mayUseReserve: true })
    if (outcome.errorCode !== 'NONE') return outcome.message
    if (log.sizeBytes > this.trimAtBytes) await this.trim(log)
    return null
  }

  private async trim(log: PartitionLog): Promise<void> {
    const trimming = trimRebalances(log, {
      untouchedBytes: this.roomBytes / 2,
      largestBatchBytes: LARGEST_RECORD_BYTES,
      existingGroups: this.existingGroups(),
      isClosed: () => this.isClosed,
    })
    const refusal = await trimming.catch((error: unknown) => reasonOf(error))
    if (refusal === null) {
      // Where the newest of many groups fill the room, it grows with them: each record is written again a few times at most.
      this.trimAtBytes = Math.max(this.roomBytes, 2 * log.sizeBytes)
      return
    }
    this.trimAtBytes = log.sizeBytes + this.roomBytes / SEGMENTS_IN_ROOM
    this.report({
      kind: 'rebalancesNotTrimmed',
      level: 'warn',
      message: `the history of rebalances takes ${log.sizeBytes} bytes, and no room could be made in it: ${refusal}`,
      sizeBytes: log.sizeBytes,
    })
  }

  private async makeTopic(): Promise<PartitionLog | string> {
    const configs = new Map([
      ['retention.ms', '-1'],
      ['retention.bytes', '-1'],
      ['segment.bytes', String(this.roomBytes / SEGMENTS_IN_ROOM)],
      ['max.message.bytes', String(LARGEST_BATCH_BYTES)],
      ['message.timestamp.after.max.ms', ANY_TIME],
    ])
    const outcome = await this.topics.create({ name: REBALANCES_TOPIC, partitions: 1, configs, isInternal: true })
    if (outcome.errorCode !== 'NONE') return outcome.message
    return outcome.topic.logs[0] ?? 'the topic has no partition'
  }

  private failed({ groupId, generationId }: RebalanceRecord, why: string): void {
    this.report({
      kind: 'rebalanceNotRecorded',
      level: 'warn',
      message: `why group ${JSON.stringify(groupId)} rebalanced to generation ${generationId} is not kept: ${why}`,
      groupId,
      generationId,
    })
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
