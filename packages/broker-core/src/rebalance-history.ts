// Keeps why groups rebalanced, in an internal topic that any client can read.
import { buildRecordBatch } from '@goqueue/protocol'
import type { BrokerEvent } from './broker-event.ts'
import { encodeRebalanceRecord, type RebalanceRecord } from './coordinator/rebalance-record.ts'
import type { PartitionLog } from './log/partition-log.ts'
import type { Runtime } from './runtime.ts'
import { REBALANCES_TOPIC } from './topics/internal-topics.ts'
import type { TopicCatalog } from './topics/topic-catalog.ts'
import { trimRebalances } from './trim-rebalances.ts'

/** The history may grow to this before room is made in it; half of it is never touched. */
const ROOM_BYTES = 32 * 1024 * 1024
const SEGMENTS_IN_ROOM = 8
const LARGEST_RECORD_BYTES = 512 * 1024
/** Room for the frames of records around them. The broker's own limit may be lower, and is for its clients. */
const LARGEST_BATCH_BYTES = LARGEST_RECORD_BYTES + 64 * 1024
/** Records that wait for a slow disk. What comes on top of them is not kept. */
const MOST_WAITING_BYTES = 32 * 1024 * 1024
/** The frame of a record, and its key, take less. */
const RECORD_OVERHEAD_BYTES = 300
/** What is kept is written again with its own time, wherever the clock stands by then. */
const ANY_TIME = '9223372036854775807'

export interface RebalanceHistoryParts {
  readonly topics: Pick<TopicCatalog, 'byName' | 'create'>
  readonly runtime: Pick<Runtime, 'wallClockMs'>
  readonly report: (event: BrokerEvent) => void
  /** The groups of which the newest rebalances are kept, however old they are. */
  readonly existingGroups: () => ReadonlySet<string>
  /** Default 32 MiB. */
  readonly roomBytes?: number
}

interface Waiting {
  readonly groupId: string
  readonly generationId: number
  readonly settledMs: number
  readonly value: Buffer
}

/**
 * Writes records in the order of their coming, those that wait together. Nobody waits for it, and what cannot be written is
 * reported and forgotten. The topic's own retention is off: when it outgrows its room, what is old goes but for the newest
 * of each group.
 */
export class RebalanceHistory {
  private readonly parts: RebalanceHistoryParts
  private readonly roomBytes: number
  /** Room is made when the log is larger. */
  private trimAtBytes: number
  private waiting: Waiting[] = []
  private waitingBytes = 0
  private writing: Promise<void> | null = null
  private trimming: Promise<void> | null = null
  private isClosed = false

  constructor(parts: RebalanceHistoryParts) {
    this.parts = parts
    this.roomBytes = this.trimAtBytes = parts.roomBytes ?? ROOM_BYTES
  }

  /** Returns at once. The first record makes the topic. */
  record(record: RebalanceRecord): void {
    if (this.isClosed) return
    const { groupId, generationId, settledMs } = record
    const waiting = { groupId, generationId, settledMs, value: encodeRebalanceRecord(record, LARGEST_RECORD_BYTES) }
    const bytes = sizeOf(waiting)
    if (this.waitingBytes + bytes > MOST_WAITING_BYTES) {
      this.failed(waiting, `${MOST_WAITING_BYTES} bytes of others wait to be written`)
      return
    }
    this.waiting.push(waiting)
    this.waitingBytes += bytes
    this.writing ??= this.writeAll()
  }

  /** Resolves when what was recorded before is written, or reported, and what room is being made is made. */
  async settled(): Promise<void> {
    await this.writing
    await this.trimming
  }

  /** Resolves when what was recorded before is written, or reported. Nothing is recorded any more. */
  close(): Promise<void> {
    this.isClosed = true
    return this.settled()
  }

  private async writeAll(): Promise<void> {
    // Those of one turn of the event loop go together.
    await Promise.resolve()
    while (this.waiting.length > 0) {
      const batch = this.takeBatch()
      const refusal = await this.append(batch).catch((error: unknown) => reasonOf(error))
      for (const one of batch) {
        this.waitingBytes -= sizeOf(one)
        if (refusal !== null) this.failed(one, refusal)
      }
    }
    this.writing = null
  }

  private takeBatch(): Waiting[] {
    let bytes = 0
    const isTooMuch = (one: Waiting) => (bytes += sizeOf(one)) > LARGEST_RECORD_BYTES
    const count = this.waiting.findIndex((one, index) => isTooMuch(one) && index > 0)
    return this.waiting.splice(0, count === -1 ? this.waiting.length : count)
  }

  /** Why it was refused, or null. */
  private async append(batch: readonly Waiting[]): Promise<string | null> {
    const log = this.parts.topics.byName(REBALANCES_TOPIC)?.logs[0] ?? (await this.makeTopic())
    if (typeof log === 'string') return log
    const records = batch.map(({ groupId, settledMs, value }) => {
      return { key: groupId, value, headers: [], timestampMs: settledMs }
    })
    const built = buildRecordBatch({ records, compression: 'none' })
    const outcome = await log.append(built, { acks: 1, mayUseReserve: true })
    if (outcome.errorCode !== 'NONE') return outcome.message
    if (log.sizeBytes > this.trimAtBytes && !this.isClosed) {
      this.trimming ??= this.trim(log).finally(() => (this.trimming = null))
    }
    return null
  }

  private async trim(log: PartitionLog): Promise<void> {
    const { existingGroups, runtime, report } = this.parts
    const { retentionMs } = log
    const trimming = trimRebalances(log, {
      untouchedBytes: this.roomBytes / 2,
      largestBatchBytes: LARGEST_RECORD_BYTES,
      existingGroups: existingGroups(),
      keptSinceMs: retentionMs < 0 ? -Infinity : runtime.wallClockMs() - retentionMs,
      isClosed: () => this.isClosed,
    })
    const refusal = await trimming.catch((error: unknown) => reasonOf(error))
    if (refusal === null) {
      // Where the newest of many groups fill the room, it grows with them: each record is written again a few times at most.
      this.trimAtBytes = Math.max(this.roomBytes, 1.5 * log.sizeBytes)
      return
    }
    this.trimAtBytes = log.sizeBytes + this.roomBytes / SEGMENTS_IN_ROOM
    report({
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
    const { topics } = this.parts
    const outcome = await topics.create({ name: REBALANCES_TOPIC, partitions: 1, configs, isInternal: true })
    if (outcome.errorCode !== 'NONE') return outcome.message
    return outcome.topic.logs[0] ?? 'the topic has no partition'
  }

  private failed({ groupId, generationId }: Waiting, why: string): void {
    this.parts.report({
      kind: 'rebalanceNotRecorded',
      level: 'warn',
      message: `why group ${JSON.stringify(groupId)} rebalanced to generation ${generationId} is not kept: ${why}`,
      groupId,
      generationId,
    })
  }
}

function sizeOf({ value }: Waiting): number {
  return value.length + RECORD_OVERHEAD_BYTES
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
