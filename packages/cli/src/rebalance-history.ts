// What a GoQueue broker keeps of the rebalances of a group: read from its internal topic.
import type { Client } from '@goqueue/client'
import { codeOf, CommandError } from './failure.ts'
import { aboutGroup } from './not-found.ts'

const TOPIC = '__goqueue_rebalances'
/** The version of the records that is understood here; a later one may mean other things by the same names. */
const RECORD_VERSION = 1
const KEPT = 100
/** The header of a record that was written again: the offset that it had first. */
const FIRST_OFFSET = 'offset'

export interface RebalanceCause {
  readonly kind: string
  readonly memberId: string | null
  readonly consumerId: string | null
  readonly clientId: string | null
  readonly clientHost: string | null
  readonly reason: string | null
}

export interface MovedPartition {
  readonly topic: string
  readonly partition: number
  readonly from: string | null
  readonly to: string | null
}

/** docs/explain-group.md says what each field means. */
export interface RebalanceRecord {
  readonly version: number
  readonly groupId: string
  readonly generationId: number
  readonly state: string
  readonly settledMs: number
  readonly tookMs: number
  readonly protocolType: string | null
  readonly assignor: string | null
  readonly memberCount: number
  readonly causes: readonly RebalanceCause[]
  readonly causeCount: number
  readonly moved: readonly MovedPartition[] | null
  readonly movedCount: number | null
}

/** The last 100 rebalances of a group, oldest first. Rejects with a CommandError where nothing is kept of it. */
export async function rebalancesOf(client: Client, groupId: string, signal: AbortSignal): Promise<RebalanceRecord[]> {
  let range = await rangeOf(client, groupId)
  for (;;) {
    const found = await readRange(client, groupId, range, signal)
    const after = await rangeOf(client, groupId)
    // Room was made in the topic meanwhile: what was kept of its older part stands behind the end that was read to.
    if (after.beginOffset !== range.beginOffset) {
      range = after
      continue
    }
    if (found.length > 0) return found
    await aboutGroup(groupId, client.admin().describeGroup(groupId))
    throw new CommandError(`No rebalance of group '${groupId}' is kept.`)
  }
}

async function readRange(
  client: Client,
  groupId: string,
  { beginOffset, endOffset }: OffsetRange,
  signal: AbortSignal,
): Promise<RebalanceRecord[]> {
  if (beginOffset >= endOffset) return []
  let found: Found[] = []
  const consumer = client.consumer()
  consumer.assign([{ topic: TOPIC, partition: 0, offset: beginOffset }])
  for await (const { key, value, headers, offset } of consumer.records({ signal })) {
    if (key?.toString() === groupId && value !== null) {
      const first = headers.find(([name]) => name === FIRST_OFFSET)?.[1]
      found.push({ firstOffset: Number(first ?? offset), record: understood(groupId, value) })
    }
    if (found.length >= 2 * KEPT) found = lastOf(found)
    if (offset + 1 >= endOffset) break
  }
  return lastOf(found).map(({ record }) => record)
}

interface Found {
  readonly firstOffset: number
  readonly record: RebalanceRecord
}

/** In the order in which they were first written. What the broker kept of an older part of the topic stands behind, perhaps twice. */
function lastOf(found: readonly Found[]): Found[] {
  const sorted = [...found].sort((a, b) => a.firstOffset - b.firstOffset)
  return sorted.filter(({ firstOffset }, index) => firstOffset !== sorted[index - 1]?.firstOffset).slice(-KEPT)
}

interface OffsetRange {
  readonly beginOffset: number
  readonly endOffset: number
}

async function rangeOf(client: Client, groupId: string): Promise<OffsetRange> {
  try {
    const { partitionDetails } = await client.admin().describeTopic(TOPIC)
    const [partition] = partitionDetails
    return partition ?? { beginOffset: 0, endOffset: 0 }
  } catch (error) {
    if (codeOf(error) !== 'UNKNOWN_TOPIC_OR_PARTITION') throw error
    await aboutGroup(groupId, client.admin().describeGroup(groupId))
    throw new CommandError(
      `This cluster keeps no history of rebalances: it has no topic ${TOPIC}, which a GoQueue broker makes with the first rebalance of a group and Apache Kafka does not have.`,
    )
  }
}

function understood(groupId: string, value: Buffer): RebalanceRecord {
  const record = JSON.parse(value.toString()) as RebalanceRecord
  if (record.version === RECORD_VERSION) return record
  throw new CommandError(
    `The rebalances of group '${groupId}' are kept in version ${record.version}, and this goqueue-admin reads version ${RECORD_VERSION}: use a newer one.`,
  )
}
