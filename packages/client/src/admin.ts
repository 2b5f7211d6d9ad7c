// The admin: topics, groups and offsets of a cluster.
import { decodeAssignment, DecodeError, ZERO_UUID, type ResponseOf } from '@goqueue/protocol'
import * as configs from './admin/configs.ts'
import * as groupOffsets from './admin/group-offsets.ts'
import * as groups from './admin/groups.ts'
import { observeGroup, type LagOptions } from './admin/lag.ts'
import * as partitions from './admin/partitions.ts'
import { throwFinal } from './admin/throw-final.ts'
import type { Cluster } from './cluster.ts'
import { ClosedError, codeOf, KafkaError, malformedAnswer, throwOnError } from './errors.ts'
import { groupLag, type GroupLag } from './group-lag.ts'
import { lookUpOffsets, type FoundOffset, type OffsetQuery } from './offset-lookup.ts'
import { fetchCommitted, type CommittedOffset } from './committed-offsets.ts'
import { checkTopic, type TopicToCreate } from './options.ts'
import { groupByTopic, partitionKey, type TopicPartition } from './record.ts'
import type { CallOptions } from './waiting.ts'

export interface TopicSummary {
  readonly name: string
  readonly partitions: number
  /** Kafka's own topics, e.g. `__consumer_offsets`. */
  readonly isInternal: boolean
}

export interface TopicDescription extends TopicSummary {
  /** RFC text; all zeros where the broker does not say. */
  readonly topicId: string
  readonly partitionDetails: readonly PartitionDescription[]
}

export interface PartitionDescription {
  readonly partition: number
  /** Node id of the leader. */
  readonly leaderId: number
  /** `HOST:PORT` of the leader. */
  readonly leader: string
  /** Offset of the first record that is there. */
  readonly beginOffset: number
  /** The offset behind the last record. */
  readonly endOffset: number
}

export interface GroupDescription {
  readonly groupId: string
  readonly state: string
  readonly protocolType: string
  /** `HOST:PORT` of the broker that coordinates the group. */
  readonly coordinator: string
  /** Name of the assignor in use; empty while the group has none. */
  readonly assignor: string
  readonly members: readonly GroupMember[]
}

export interface GroupMember {
  readonly memberId: string
  /** The `consumerId` (Kafka's group.instance.id) of a static member, or null. */
  readonly consumerId: string | null
  readonly clientId: string
  readonly host: string
  /** Partitions by topic. */
  readonly assignment: Readonly<Record<string, readonly number[]>>
}

export interface GroupOffset extends TopicPartition, CommittedOffset {}

/** Makes one: a door for the client alone, since the constructor is nobody else's business. */
export let newAdmin: (cluster: Cluster) => Admin

/** Made by `client.admin()`. Every call retries what can be retried for up to the client's `timeoutMs`. */
export class Admin {
  private readonly cluster: Cluster
  private isClosed = false

  static {
    newAdmin = (cluster) => new Admin(cluster)
  }

  private constructor(cluster: Cluster) {
    this.cluster = cluster
  }

  /** Creates a topic. Rejects with TOPIC_ALREADY_EXISTS when it exists. */
  async createTopic(topic: TopicToCreate, options: CallOptions = {}): Promise<void> {
    this.refuseIfClosed()
    const { name, partitions, replicationFactor, configs } = checkTopic(topic)
    const request = {
      name,
      numPartitions: partitions,
      replicationFactor,
      assignments: [],
      configs: Object.entries(configs).map(([key, value]) => ({ name: key, value: String(value) })),
    }
    await this.cluster.callController(`create topic ${name}`, options, async (connection, timeoutMs) => {
      const body = (version: number) => ({
        // Before v4 there is no "the broker's default" (KIP-464).
        topics: [version >= 4 ? request : { ...request, ...leastCounts(request) }],
        timeoutMs: timeoutMs,
      })
      const answer = await connection.request('CreateTopics', body, { timeoutMs })
      const [created] = answer.topics
      throwOnError(
        created?.errorCode ?? 'UNKNOWN_SERVER_ERROR',
        'CreateTopics',
        `topic '${name}'`,
        created?.errorMessage,
      )
    })
    this.cluster.distrust(name)
    // The topic is of use when the brokers know it: that is awaited here, not in the first send.
    await this.cluster.topic(name, options)
  }

  /** Deletes a topic with its records. Rejects with UNKNOWN_TOPIC_OR_PARTITION when there is none. */
  async deleteTopic(name: string, options: CallOptions = {}): Promise<void> {
    this.refuseIfClosed()
    await this.cluster.callController(`delete topic ${name}`, options, async (connection, timeoutMs) => {
      const answer = await connection.request(
        'DeleteTopics',
        (version) =>
          version >= 6 ? { topics: [{ name, topicId: ZERO_UUID }], timeoutMs } : { topicNames: [name], timeoutMs },
        { timeoutMs },
      )
      const [deleted] = answer.responses
      throwFinal(deleted?.errorCode ?? 'UNKNOWN_SERVER_ERROR', 'DeleteTopics', `topic '${name}'`, deleted?.errorMessage)
    })
    this.cluster.distrust(name)
  }

  /** All topics, by name. */
  async listTopics(options: CallOptions = {}): Promise<TopicSummary[]> {
    this.refuseIfClosed()
    const answer = await this.cluster.callAny('list topics', options, (connection, timeoutMs) =>
      connection.request('Metadata', { topics: null, allowAutoTopicCreation: false }, { timeoutMs }),
    )
    return answer.topics
      .map(({ name, partitions, isInternal }) => ({ name: name ?? '', partitions: partitions.length, isInternal }))
      .sort((left, right) => compareText(left.name, right.name))
  }

  /** One topic with its partitions, leaders and offsets. Rejects with UNKNOWN_TOPIC_OR_PARTITION when there is none. */
  async describeTopic(name: string, options: CallOptions = {}): Promise<TopicDescription> {
    this.refuseIfClosed()
    this.cluster.distrust(name)
    const topic = await this.cluster.topic(name, options)
    const places = topic.partitions.map((_, partition) => ({ topic: name, partition }))
    const [begins, ends] = await Promise.all([
      this.listOffsets(places, 'earliest', options),
      this.listOffsets(places, 'latest', options),
    ])
    return {
      name,
      topicId: topic.topicId,
      isInternal: topic.isInternal,
      partitions: topic.partitions.length,
      partitionDetails: topic.partitions.map(({ leaderId }, partition) => ({
        partition,
        leaderId,
        leader: this.cluster.nodeAddress(leaderId),
        beginOffset: begins[partition]!.offset,
        endOffset: ends[partition]!.offset,
      })),
    }
  }

  /**
   * One offset for each partition, in the order given: the first record's, the one behind the last, that of the record
   * with the largest timestamp, or that of the first record at or after a time in milliseconds (-1 where there is none).
   */
  async listOffsets(
    partitions: readonly TopicPartition[],
    at: OffsetQuery,
    options: CallOptions = {},
  ): Promise<FoundOffset[]> {
    this.refuseIfClosed()
    const wanted = partitions.map(({ topic, partition }) => ({ topic, partition, at }))
    const found = await lookUpOffsets(this.cluster, wanted, options)
    return partitions.map(({ topic, partition }) => found.get(partitionKey(topic, partition))!)
  }

  /**
   * Gives a topic more partitions, `total` of them in all; they cannot be taken away again. Records with a key go to other
   * partitions from then on. Rejects with INVALID_PARTITIONS unless it has fewer.
   */
  async createPartitions(topic: string, total: number, options: CallOptions = {}): Promise<void> {
    this.refuseIfClosed()
    await partitions.createPartitions(this.cluster, topic, total, options)
  }

  /**
   * Deletes the records below an offset of each partition (KIP-107), and says where each begins since, in the order given.
   * Rejects with OFFSET_OUT_OF_RANGE for an offset behind the end. Partitions are done or refused one by one.
   */
  async deleteRecords(
    records: readonly partitions.RecordsToDelete[],
    options: CallOptions = {},
  ): Promise<partitions.PartitionBegin[]> {
    this.refuseIfClosed()
    return partitions.deleteRecords(this.cluster, records, options)
  }

  /** The configs in force for a topic, `{ topic: 'orders' }`, or for a broker, `{ broker: 1 }`, by name. */
  async describeConfigs(resource: configs.ConfigResource, options: CallOptions = {}): Promise<configs.ConfigEntry[]> {
    this.refuseIfClosed()
    const entries = await configs.describeConfigs(this.cluster, resource, options)
    return entries.sort((left, right) => compareText(left.name, right.name))
  }

  /**
   * Changes single configs and leaves the others as they are (KIP-339). Before Kafka 2.3 all are read, changed and written
   * back: there, what somebody else sets at the same moment may get lost. Rejects with INVALID_CONFIG.
   */
  async alterConfigs(
    resource: configs.ConfigResource,
    changes: configs.ConfigChanges,
    options: configs.AlterConfigsOptions = {},
  ): Promise<void> {
    this.refuseIfClosed()
    await configs.alterConfigs(this.cluster, resource, changes, options)
  }

  /** All groups of the cluster, or those in the states given, by id. */
  async listGroups(options: groups.ListGroupsOptions = {}): Promise<groups.GroupSummary[]> {
    this.refuseIfClosed()
    const found = await groups.listGroups(this.cluster, options)
    return found.sort((left, right) => compareText(left.groupId, right.groupId))
  }

  /** One group with its members. Rejects with GROUP_ID_NOT_FOUND when there is none. */
  async describeGroup(groupId: string, options: CallOptions = {}): Promise<GroupDescription> {
    this.refuseIfClosed()
    const path = `group '${groupId}'`
    return this.cluster.callCoordinator(groupId, `describe ${path}`, options, async (connection, timeoutMs) => {
      const answer = await connection.request('DescribeGroups', { groups: [groupId] }, { timeoutMs })
      const [group] = answer.groups
      throwOnError(group?.errorCode ?? 'UNKNOWN_SERVER_ERROR', 'DescribeGroups', path)
      // Before v6 (KIP-1043) a group that does not exist is described as a dead one.
      if (group === undefined || (group.groupState === 'Dead' && group.members.length === 0)) {
        throw new KafkaError('GROUP_ID_NOT_FOUND', 'DescribeGroups', path)
      }
      return {
        groupId,
        state: group.groupState,
        protocolType: group.protocolType,
        coordinator: `${connection.address.host}:${connection.address.port}`,
        assignor: group.protocolData,
        members: group.members.map((member) => describeMember(member, group.protocolType)),
      }
    })
  }

  /** What a group has committed: of the partitions given, or of all. Partitions without a commit are left out. */
  async groupOffsets(
    groupId: string,
    partitions: readonly TopicPartition[] | null = null,
    options: CallOptions = {},
  ): Promise<GroupOffset[]> {
    this.refuseIfClosed()
    const byTopic = partitions === null ? null : groupByTopic(partitions)
    const found = await fetchCommitted(this.cluster, groupId, byTopic, options)
    return found
      .flatMap(({ topic, partition, committed }) => (committed === null ? [] : [{ topic, partition, ...committed }]))
      .sort((left, right) => compareText(left.topic, right.topic) || left.partition - right.partition)
  }

  /**
   * How far a group is behind, in records and in time, for each partition that it has committed or owns, each member, and
   * in all; with the observation before as `previous`, also how long it will take. One small read for each partition that is
   * behind says how old its oldest record is. Rejects with GROUP_ID_NOT_FOUND when there is no such group.
   */
  async lag(groupId: string, options: LagOptions = {}): Promise<GroupLag> {
    this.refuseIfClosed()
    const [group, committed] = await Promise.all([
      this.describeGroup(groupId, options),
      this.groupOffsets(groupId, null, options),
    ])
    return groupLag(await observeGroup(this.cluster, { ...group, committed }, options), options.previous ?? null)
  }

  /** Deletes a group with its offsets. Rejects with NON_EMPTY_GROUP while it has members, or GROUP_ID_NOT_FOUND. */
  async deleteGroup(groupId: string, options: CallOptions = {}): Promise<void> {
    this.refuseIfClosed()
    await groups.deleteGroup(this.cluster, groupId, options)
  }

  /**
   * Removes members from a group, those named or all that it has now, and gives the number (KIP-345). A member that is
   * still running notices and joins again. Rejects with UNKNOWN_MEMBER_ID for one that is named and not there.
   */
  async removeMembers(
    groupId: string,
    members: readonly groups.MemberToRemove[] | null = null,
    options: groups.RemoveMembersOptions = {},
  ): Promise<number> {
    this.refuseIfClosed()
    const named = members ?? (await this.describeGroup(groupId, options)).members.map(nameOfMember)
    if (named.length > 0) await groups.removeMembers(this.cluster, groupId, named, options)
    return named.length
  }

  /**
   * Commits offsets for a group that has no members; a group that is not there is made. Rejects with NON_EMPTY_GROUP, and
   * names the members, while it has some. Partitions are set or refused one by one.
   */
  async alterGroupOffsets(
    groupId: string,
    offsets: readonly groupOffsets.OffsetToSet[],
    options: CallOptions = {},
  ): Promise<void> {
    this.refuseIfClosed()
    await this.refuseIfActive(groupId, options)
    try {
      await groupOffsets.setGroupOffsets(this.cluster, groupId, offsets, options)
    } catch (error) {
      // Somebody joined meanwhile.
      if (SAID_TO_STRANGERS.has(codeOf(error))) await this.refuseIfActive(groupId, options)
      throw error
    }
  }

  /**
   * Deletes what a group has committed for partitions (KIP-496); nothing committed is no error. Rejects with
   * GROUP_SUBSCRIBED_TO_TOPIC for a topic that its members consume.
   */
  async deleteOffsets(
    groupId: string,
    partitions: readonly TopicPartition[],
    options: CallOptions = {},
  ): Promise<void> {
    this.refuseIfClosed()
    await groupOffsets.deleteOffsets(this.cluster, groupId, partitions, options)
  }

  /** Calls made from now on reject. The client's connections stay open for others: `client.close()` closes them. */
  close(): Promise<void> {
    this.isClosed = true
    return Promise.resolve()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  private refuseIfClosed(): void {
    if (this.isClosed) throw new ClosedError('the admin is closed')
  }

  private async refuseIfActive(groupId: string, options: CallOptions): Promise<void> {
    const members = await this.describeGroup(groupId, options).then(
      (group) => group.members,
      (error: unknown) => {
        if (codeOf(error) === 'GROUP_ID_NOT_FOUND') return []
        throw error
      },
    )
    if (members.length === 0) return
    const names = members.map((member) => `'${member.consumerId ?? member.memberId}' of ${member.host}`).join(', ')
    const explanation = `its members commit its offsets: ${names}; stop them, or wait until they are gone`
    throw new KafkaError('NON_EMPTY_GROUP', 'OffsetCommit', `group '${groupId}'`, explanation)
  }
}

/** What a coordinator answers to a commit by nobody's member while the group has members. */
const SAID_TO_STRANGERS = new Set<unknown>([
  'UNKNOWN_MEMBER_ID',
  'ILLEGAL_GENERATION',
  'REBALANCE_IN_PROGRESS',
  'STALE_MEMBER_EPOCH',
])

/** A static member goes by its own id: the member id changes when it comes back. */
function nameOfMember({ memberId, consumerId }: GroupMember): groups.MemberToRemove {
  return consumerId === null ? { memberId } : { consumerId }
}

function leastCounts(request: { numPartitions: number; replicationFactor: number }) {
  return {
    numPartitions: Math.max(1, request.numPartitions),
    replicationFactor: Math.max(1, request.replicationFactor),
  }
}

function describeMember(
  member: ResponseOf<'DescribeGroups'>['groups'][number]['members'][number],
  protocolType: string,
): GroupMember {
  return {
    memberId: member.memberId,
    consumerId: member.groupInstanceId,
    clientId: member.clientId,
    host: member.clientHost,
    assignment: protocolType === 'consumer' ? readAssignment(member.memberAssignment, member.memberId) : {},
  }
}

function readAssignment(bytes: Buffer, memberId: string): Record<string, readonly number[]> {
  try {
    return Object.fromEntries(decodeAssignment(bytes).partitions)
  } catch (error) {
    if (error instanceof DecodeError) throw malformedAnswer(`the assignment of member '${memberId}'`, error)
    throw error
  }
}

function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0
}
