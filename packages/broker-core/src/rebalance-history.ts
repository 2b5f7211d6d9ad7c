// Keeps why groups rebalanced, in an internal topic that any client can read.
import { buildRecordBatch } from '@goqueue/protocol'
import type { BrokerEvent } from './broker-event.ts'
import { encodeRebalanceRecord, type RebalanceRecord } from './coordinator/rebalance-record.ts'
import type { PartitionLog } from './log/partition-log.ts'
import { REBALANCES_TOPIC } from './topics/internal-topics.ts'
import type { TopicCatalog } from './topics/topic-catalog.ts'

/** A record of a small group takes less than 1 KB: so many are kept at least, whatever the age. */
const KEPT_BYTES = 32 * 1024 * 1024
const SEGMENT_BYTES = 4 * 1024 * 1024
const LARGEST_RECORD_BYTES = 512 * 1024
/** Room for the record's frame around it. The broker's own limit may be lower, and is for its clients. */
const LARGEST_BATCH_BYTES = LARGEST_RECORD_BYTES + 64 * 1024
/** Records that wait for a slow disk. What comes on top of them is not kept. */
const MOST_WAITING = 1_000

const configs = new Map([
  ['retention.ms', '-1'],
  ['retention.bytes', String(KEPT_BYTES)],
  ['segment.bytes', String(SEGMENT_BYTES)],
  ['max.message.bytes', String(LARGEST_BATCH_BYTES)],
])

export interface RebalanceHistoryParts {
  readonly topics: Pick<TopicCatalog, 'byName' | 'create'>
  readonly report: (event: BrokerEvent) => void
}

/** Writes one record after another. Nobody waits for it, and what cannot be written is reported and forgotten. */
export class RebalanceHistory {
  private readonly topics: RebalanceHistoryParts['topics']
  private readonly report: RebalanceHistoryParts['report']
  private last: Promise<void> = Promise.resolve()
  private waiting = 0
  private isClosed = false

  constructor({ topics, report }: RebalanceHistoryParts) {
    this.topics = topics
    this.report = report
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

  /** Resolves when what was recorded before is written. */
  close(): Promise<void> {
    this.isClosed = true
    return this.last
  }

  private async write(record: RebalanceRecord): Promise<void> {
    try {
      const refusal = await this.append(record)
      if (refusal !== null) this.failed(record, refusal)
    } catch (error) {
      this.failed(record, error instanceof Error ? error.message : String(error))
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
    const outcome = await log.append(buildRecordBatch({ records, compression: 'none' }), { acks: 1 })
    return outcome.errorCode === 'NONE' ? null : outcome.message
  }

  private async makeTopic(): Promise<PartitionLog | string> {
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
