// What administrators ask of groups: to delete one, or some of its committed offsets.
import type { ErrorCode, OffsetDeleteRequest, ResponseInput } from '@goqueue/protocol'
import type { MetadataChange } from '../store/metadata-store.ts'
import { hasMembers, type HostedGroup } from './hosted-group.ts'
import { readTopics } from './subscription-key.ts'

/** What this room needs of the coordinator that owns all groups. */
export interface AdministrationHost {
  /** Partitions of a topic; 0 where it does not exist. */
  partitionCount(topic: string): number
  /** Why a request for this group is not looked at, or NONE. */
  refusal(groupId: string): ErrorCode
  find(groupId: string): HostedGroup | undefined
  /** Writes a change; answers of the group that are given behind it wait for it. */
  write(hosted: HostedGroup, change: MetadataChange, onDurable: () => void): void
  /** Makes the group Dead: whoever asks it for something is told to come back later. */
  unload(hosted: HostedGroup): void
  forget(hosted: HostedGroup): void
}

/** Answers with Kafka's codes, when what was deleted is durably gone. */
export class GroupAdministration {
  private readonly host: AdministrationHost

  constructor(host: AdministrationHost) {
    this.host = host
  }

  /** Deletes a group that has no members, with all its offsets. */
  async deleteGroup(groupId: string): Promise<ErrorCode> {
    const hosted = this.findForChange(groupId)
    if (typeof hosted === 'string') return hosted
    if (hasMembers(hosted)) return 'NON_EMPTY_GROUP'
    // It stays, Dead, until it is gone from the store: a failed write brings it back with all it had.
    this.host.unload(hosted)
    this.host.write(hosted, { kind: 'deleteGroup', groupId }, () => this.host.forget(hosted))
    return inTurn(hosted)
  }

  /** Deletes committed offsets: of an Empty group any, of a group of consumers those of topics that none subscribes to. */
  async offsetDelete(request: OffsetDeleteRequest): Promise<ResponseInput<'OffsetDelete'>> {
    const { groupId } = request
    const hosted = this.findForChange(groupId)
    if (typeof hosted === 'string') return { errorCode: hosted, topics: [] }
    const { group } = hosted
    if (group.members.size > 0 && group.protocolType !== 'consumer') return { errorCode: 'NON_EMPTY_GROUP', topics: [] }
    const isSubscribed = subscriptionsOf(hosted)
    const deletable: { topic: string; partition: number }[] = []
    const topics = request.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => {
        const errorCode = this.refusalOfPartition(name, partitionIndex, isSubscribed)
        if (errorCode === 'NONE') deletable.push({ topic: name, partition: partitionIndex })
        return { partitionIndex, errorCode }
      }),
    }))
    if (deletable.length > 0) {
      const change = { kind: 'deleteOffsets', groupId, partitions: deletable } as const
      this.host.write(hosted, change, () => {
        for (const { topic, partition } of deletable) hosted.offsets.delete(topic, partition)
      })
    }
    const errorCode = await inTurn(hosted)
    return { errorCode, topics: errorCode === 'NONE' ? topics : [] }
  }

  private refusalOfPartition(topic: string, partition: number, isSubscribed: (topic: string) => boolean): ErrorCode {
    if (partition < 0 || partition >= this.host.partitionCount(topic)) return 'UNKNOWN_TOPIC_OR_PARTITION'
    return isSubscribed(topic) ? 'GROUP_SUBSCRIBED_TO_TOPIC' : 'NONE'
  }

  private findForChange(groupId: string): HostedGroup | ErrorCode {
    const refusal = this.host.refusal(groupId)
    if (refusal !== 'NONE') return refusal
    const hosted = this.host.find(groupId)
    if (hosted === undefined) return 'GROUP_ID_NOT_FOUND'
    // Another request is deleting it, and may fail.
    return hosted.group.state === 'Dead' ? 'COORDINATOR_NOT_AVAILABLE' : hosted
  }
}

/** Resolves when all that the group was told before is durable, or with the error of what failed. */
function inTurn(hosted: HostedGroup): Promise<ErrorCode> {
  return new Promise((resolve) =>
    hosted.order.answer(
      () => resolve('NONE'),
      () => resolve('COORDINATOR_NOT_AVAILABLE'),
    ),
  )
}

/** Whether a live member subscribes to a topic. A subscription that cannot be read may be to any. */
function subscriptionsOf({ group, wireV1 }: HostedGroup): (topic: string) => boolean {
  const topics = new Set<string>()
  for (const member of wireV1?.members.values() ?? []) for (const topic of member.topics) topics.add(topic)
  for (const { metadata } of [...group.members.values()].flatMap(({ protocols }) => protocols)) {
    const subscribed = readTopics(metadata)
    if (subscribed === null) return () => true
    for (const topic of subscribed) topics.add(topic)
  }
  return (topic) => topics.has(topic)
}
