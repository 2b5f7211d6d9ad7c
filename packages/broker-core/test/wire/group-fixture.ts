// What the tests of groups over the wire do again and again: a member that joins, commits, and what has been committed.
import { encodeSubscription, type ErrorCode } from '@goqueue/protocol'
import type { Broker } from '../../src/index.ts'
import type { VirtualRuntime } from '../../src/virtual-runtime.ts'
import { WireClient } from './wire-client.ts'

export interface WireMember {
  readonly memberId: string
  readonly generationId: number
}

/** One that uses a group for its offsets only. */
export const NO_MEMBER: WireMember = { memberId: '', generationId: -1 }

/** Makes the one member of a group that is Stable then, with a session of ten seconds. */
export async function joinAlone(
  broker: Broker,
  runtime: VirtualRuntime,
  groupId: string,
  {
    topics = ['orders'],
    protocolType = 'consumer',
    groupInstanceId = null,
    assignment = Buffer.alloc(0),
  }: { topics?: readonly string[]; protocolType?: string; groupInstanceId?: string | null; assignment?: Buffer } = {},
): Promise<WireMember> {
  const client = new WireClient(broker)
  const joining = client.request('JoinGroup', groupInstanceId === null ? 3 : 5, {
    groupId,
    groupInstanceId,
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 10_000,
    memberId: '',
    protocolType,
    protocols: [{ name: 'range', metadata: encodeSubscription({ topics: [...topics] }) }],
  })
  await passed(broker, runtime, 100)
  const { memberId, generationId } = await joining
  const assignments = [{ memberId, assignment }]
  const { errorCode } = await client.request('SyncGroup', 3, { groupId, generationId, memberId, assignments })
  if (errorCode !== 'NONE') throw new Error(`the group is not Stable: ${errorCode}`)
  client.close()
  return { memberId, generationId }
}

/** Lets `delayMs` pass, with what was on its way before and what comes of it. */
export async function passed(broker: Broker, runtime: VirtualRuntime, delayMs: number): Promise<void> {
  const bystander = new WireClient(broker)
  for (const stepMs of [0, delayMs]) {
    runtime.advance(stepMs)
    for (let turn = 0; turn < 2; turn++) await bystander.request('Metadata', 12, { topics: [] })
  }
  bystander.close()
}

/** Commits an offset for each partition of `orders` that is given; the first one's error code. */
export async function commit(
  client: WireClient,
  groupId: string,
  offsets: Readonly<Record<number, number>>,
  { memberId, generationId }: WireMember = NO_MEMBER,
  retentionTimeMs?: number,
): Promise<ErrorCode | undefined> {
  const partitions = Object.entries(offsets).map(([partition, committedOffset]) => ({
    partitionIndex: Number(partition),
    committedOffset,
    committedMetadata: '',
  }))
  const { topics } = await client.request('OffsetCommit', retentionTimeMs === undefined ? 7 : 4, {
    groupId,
    generationIdOrMemberEpoch: generationId,
    memberId,
    retentionTimeMs,
    topics: [{ name: 'orders', partitions }],
  })
  return topics[0]?.partitions[0]?.errorCode
}

/** Every committed offset of a group: `{ 'orders-0': 5 }`. */
export async function committed(client: WireClient, groupId: string): Promise<Record<string, number>> {
  const { groups } = await client.request('OffsetFetch', 8, { groups: [{ groupId, topics: null }] })
  return Object.fromEntries(
    (groups[0]?.topics ?? []).flatMap(({ name, partitions }) =>
      partitions.map(({ partitionIndex, committedOffset }) => [`${name}-${partitionIndex}`, committedOffset]),
    ),
  )
}

/** The ids of all groups. */
export async function groupIds(client: WireClient): Promise<string[]> {
  const { groups } = await client.request('ListGroups', 4, {})
  return groups.map(({ groupId }) => groupId)
}
