// Takes committed offsets that lie behind the end of their log back to it: a power cut can keep a commit and take records.
import type { BrokerEvent } from './broker-event.ts'
import { logOf } from './broker-metrics.ts'
import type { MetadataStore, OffsetRecord } from './store/metadata-store.ts'
import type { TopicCatalog } from './topics/topic-catalog.ts'

export interface ClampParts {
  readonly offsets: readonly OffsetRecord[]
  readonly topics: TopicCatalog
  readonly store: Pick<MetadataStore, 'write'>
  readonly report: (event: BrokerEvent) => void
}

/**
 * The offsets to go on with, durable when it resolves. Left behind the end, an offset would make its group skip the records
 * that are written there next. Only for a broker that shows records before they are durable: of any other, what a group has
 * read cannot be lost, and an offset behind the end is there because somebody wanted it (row I5).
 */
export async function clampOffsets({ offsets, topics, store, report }: ClampParts): Promise<readonly OffsetRecord[]> {
  const clamped: OffsetRecord[] = []
  const goingOn = offsets.map((committed) => {
    const { topic, partition, offset } = committed
    const log = logOf(topics, topic, partition)
    // A power cut leaves at least the file: where there is none, its disk may not be mounted, and all is there the next time.
    if (log === undefined || !log.hasFiles || offset <= log.logEndOffset) return committed
    const atEnd = { ...committed, offset: log.logEndOffset }
    clamped.push(atEnd)
    report(clampedEvent(committed, log.logEndOffset))
    return atEnd
  })
  if (clamped.length > 0) await store.write([{ kind: 'putOffsets', offsets: clamped }])
  return goingOn
}

function clampedEvent({ groupId, topic, partition, offset }: OffsetRecord, logEndOffset: number): BrokerEvent {
  return {
    kind: 'offsetClamped',
    level: 'warn',
    message: `group ${JSON.stringify(groupId)} had committed offset ${offset} of ${topic}[${partition}], whose log ends at ${logEndOffset}: it goes on there`,
    groupId,
    topic,
    partition,
    committedOffset: offset,
    logEndOffset,
  }
}
