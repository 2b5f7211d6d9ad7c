// The admin: topics, groups and offsets of a cluster.
import { decodeAssignment, DecodeError, ZERO_UUID, type ErrorCode, type ResponseOf } from '@goqueue/protocol'
import type { Cluster } from './cluster.ts'
import { ClosedError, KafkaError, malformedAnswer, throwOnError } from './errors.ts'
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

export interface GroupSummary {
  readonly groupId: string
  /** 'consumer' for consumer groups; empty for a group that only holds offsets. */
  readonly protocolType: string
  /** 'Stable', 'PreparingRebalance', 'CompletingRebalance', 'Empty' or 'Dead'; empty where the broker does not say. */
  readonly state: string
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

  /** All groups of the cluster, by id. */
  async listGroups(options: CallOptions = {}): Promise<GroupSummary[]> {
    this.refuseIfClosed()
    await this.cluster.callAny('metadata', options, () => this.cluster.refresh([]))
    // Each broker knows the groups that it coordinates, and no others.
    const answers = await Promise.all(
      this.cluster.nodeIds().map((nodeId) =>
        this.cluster.retrying('list groups', options, async (timeoutMs) => {
          const connection = await this.cluster.nodeConnection(nodeId, 'call')
          const answer = await connection.request('ListGroups', {}, { timeoutMs })
          throwOnError(answer.errorCode, 'ListGroups')
          return answer.groups
        }),
      ),
    )
    const groups = new Map<string, GroupSummary>()
    for (const { groupId, protocolType, groupState } of answers.flat()) {
      groups.set(groupId, { groupId, protocolType, state: groupState })
    }
    return [...groups.values()].sort((left, right) => compareText(left.groupId, right.groupId))
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
}

function leastCounts(request: { numPartitions: number; replicationFactor: number }) {
  return {
    numPartitions: Math.max(1, request.numPartitions),
    replicationFactor: Math.max(1, request.replicationFactor),
  }
}

/** "Does not exist" is the answer, not a reason to ask again. */
function throwFinal(code: ErrorCode, api: string, path: string, explanation: string | null | undefined): void {
  if (code === 'UNKNOWN_TOPIC_OR_PARTITION') throw new KafkaError(code, api, path, explanation, false)
  throwOnError(code, api, path, explanation)
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
