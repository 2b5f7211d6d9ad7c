// The requests of one group member: to its coordinator, over connections that a held request cannot block.
import { decodeAssignment, DecodeError, type ErrorCode, type RequestInput, type ResponseOf } from '@goqueue/protocol'
import type { Cluster, RetryOptions } from './cluster.ts'
import type { QueuedCommit } from './commit-queue.ts'
import { KafkaError, malformedAnswer, throwOnError } from './errors.ts'
import type { AssignedMember } from './group-assignment.ts'
import type { MembershipInput } from './membership.ts'
import { groupByTopic, partitionKey } from './record.ts'

/** The coordinator holds JoinGroup and SyncGroup for up to the rebalance timeout; this is for the way there and back. */
const HELD_REQUEST_MARGIN_MS = 5_000

/** Who the member is, as its requests say. */
export interface MemberIdentity {
  readonly memberId: string
  readonly generationId: number
}

export interface JoinBody {
  readonly memberId: string
  readonly protocols: readonly { readonly name: string; readonly metadata: Buffer }[]
  readonly reason: string
}

type JoinAnswer = Omit<Extract<MembershipInput, { kind: 'joinAnswered' }>, 'requestId' | 'retryDelayMs'>
type SyncAnswer = Omit<Extract<MembershipInput, { kind: 'syncAnswered' }>, 'requestId' | 'retryDelayMs'>

/** Speaks for one member. Methods throw GoQueueErrors when there is no answer; a coordinator's error code is a value. */
export class GroupRequests {
  private readonly cluster: Cluster
  private readonly options: {
    readonly groupId: string
    readonly groupInstanceId: string | null
    readonly sessionTimeoutMs: number
    readonly rebalanceTimeoutMs: number
    /** Tells this member's held requests from those of others in this client. */
    readonly name: string
  }
  /** What the group agreed on in the join before, which Kafka asks back in SyncGroup v5 (KIP-559). */
  private protocolName: string | null = null

  constructor(cluster: Cluster, options: GroupRequests['options']) {
    this.cluster = cluster
    this.options = options
  }

  /** Joins: held until every member has joined or the rebalance timeout is over. */
  join({ memberId, protocols, reason }: JoinBody): Promise<JoinAnswer> {
    const { groupId, groupInstanceId, sessionTimeoutMs, rebalanceTimeoutMs } = this.options
    return this.toCoordinator(async () => {
      const connection = await this.cluster.coordinatorConnection(groupId, this.heldPurpose)
      if (groupInstanceId !== null && connection.version('JoinGroup') < 5) {
        const explanation = 'consumerId needs static members (KIP-345), which this broker does not know: leave it out'
        throw new KafkaError('UNSUPPORTED_VERSION', 'JoinGroup', this.path, explanation)
      }
      const answer = await connection.request(
        'JoinGroup',
        {
          groupId,
          sessionTimeoutMs: Math.round(sessionTimeoutMs),
          rebalanceTimeoutMs: Math.round(rebalanceTimeoutMs),
          memberId,
          groupInstanceId,
          protocolType: 'consumer',
          protocols,
          reason,
        },
        { timeoutMs: this.heldTimeoutMs },
      )
      this.learnFrom(answer.errorCode, 'JoinGroup')
      const { errorCode, generationId, protocolName, leader, skipAssignment, members } = answer
      if (errorCode === 'NONE') this.protocolName = protocolName
      return {
        kind: 'joinAnswered',
        errorCode,
        memberId: answer.memberId,
        generationId,
        protocolName: protocolName ?? '',
        leaderId: leader,
        skipAssignment,
        members,
      }
    })
  }

  /** Fetches the assignment, bringing everybody's when this member leads: held until the leader has brought them. */
  sync({ memberId, generationId }: MemberIdentity, assignments: ReadonlyMap<string, Buffer>): Promise<SyncAnswer> {
    const { groupId, groupInstanceId } = this.options
    return this.toCoordinator(async () => {
      const connection = await this.cluster.coordinatorConnection(groupId, this.heldPurpose)
      const answer = await connection.request(
        'SyncGroup',
        {
          groupId,
          generationId,
          memberId,
          groupInstanceId,
          protocolType: 'consumer',
          protocolName: this.protocolName,
          assignments: Array.from(assignments, ([id, assignment]) => ({ memberId: id, assignment })),
        },
        { timeoutMs: this.heldTimeoutMs },
      )
      this.learnFrom(answer.errorCode, 'SyncGroup')
      if (answer.errorCode !== 'NONE') {
        return { kind: 'syncAnswered', errorCode: answer.errorCode, assignment: new Map() }
      }
      try {
        return { kind: 'syncAnswered', errorCode: 'NONE', assignment: decodeAssignment(answer.assignment).partitions }
      } catch (error) {
        if (error instanceof DecodeError) throw malformedAnswer(`the assignment of ${this.path}`, error)
        throw error
      }
    })
  }

  /** One heartbeat; no answer within the session timeout is an error. */
  heartbeat({ memberId, generationId }: MemberIdentity): Promise<ErrorCode> {
    const { groupId, groupInstanceId, sessionTimeoutMs } = this.options
    return this.toCoordinator(async () => {
      const connection = await this.cluster.coordinatorConnection(groupId, 'call')
      const timeoutMs = Math.min(sessionTimeoutMs, this.cluster.timeoutMs)
      const answer = await connection.request(
        'Heartbeat',
        { groupId, generationId, memberId, groupInstanceId },
        { timeoutMs },
      )
      this.learnFrom(answer.errorCode, 'Heartbeat')
      return answer.errorCode
    })
  }

  /** Leaves; a member that the group does not know has left already. */
  async leave(memberId: string, reason: string, options: RetryOptions): Promise<void> {
    const { groupId, groupInstanceId } = this.options
    await this.cluster.callCoordinator(groupId, `leave ${this.path}`, options, async (connection, timeoutMs) => {
      const answer = await connection.request(
        'LeaveGroup',
        (version) =>
          version >= 3 ? { groupId, members: [{ memberId, groupInstanceId, reason }] } : { groupId, memberId },
        { timeoutMs },
      )
      for (const code of [answer.errorCode, ...answer.members.map((member) => member.errorCode)]) {
        if (code !== 'UNKNOWN_MEMBER_ID') throwOnError(code, 'LeaveGroup', this.path)
      }
    })
  }

  /** The group as its coordinator describes it: its assignor, empty while it has none, and its members. */
  async describe(
    options: RetryOptions,
  ): Promise<{ readonly state: string; readonly assignor: string; readonly members: readonly AssignedMember[] }> {
    const { groupId } = this.options
    return this.cluster.callCoordinator(groupId, `describe ${this.path}`, options, async (connection, timeoutMs) => {
      const answer = await connection.request('DescribeGroups', { groups: [groupId] }, { timeoutMs })
      const [group] = answer.groups
      throwOnError(group?.errorCode ?? 'UNKNOWN_SERVER_ERROR', 'DescribeGroups', this.path)
      const members = group!.members.map(({ memberId, groupInstanceId, memberMetadata, memberAssignment }) => ({
        memberId,
        groupInstanceId,
        metadata: memberMetadata,
        assignment: memberAssignment,
      }))
      return { state: group!.groupState, assignor: group!.protocolData, members }
    })
  }

  /**
   * Commits, trying again while that can help and the partition is ours; settles the outcome of every commit given.
   * `identify` is asked before each attempt. `refused` is told what the coordinator says of this member, and says whether
   * to try again.
   */
  async commit(
    identify: () => Promise<MemberIdentity>,
    commits: Map<string, QueuedCommit>,
    refused: (errorCode: ErrorCode, member: MemberIdentity) => boolean,
  ): Promise<void> {
    const open = new OpenCommits(commits)
    try {
      await this.cluster.retrying(`commit of ${this.path}`, {}, (timeoutMs) =>
        this.toCoordinator(async () => {
          if (open.dropRevoked()) return
          const connection = await this.cluster.coordinatorConnection(this.options.groupId, 'call')
          const member = await identify()
          // Again, since both take their time: nothing is sent for a partition that is another's (row I3).
          if (open.dropRevoked()) return
          const answer = await connection.request('OffsetCommit', this.commitRequest(member, open), { timeoutMs })
          this.takeCommitAnswer(answer, open, (errorCode) => refused(errorCode, member))
        }),
      )
    } catch (error) {
      open.settleAll(error)
    }
  }

  /** Gives up the request that the coordinator holds, if there is one. */
  dropHeld(): void {
    this.cluster.drop(this.heldPurpose)
  }

  private get path(): string {
    return `group '${this.options.groupId}'`
  }

  private get heldPurpose(): `join:${string}` {
    return `join:${this.options.name}`
  }

  private get heldTimeoutMs(): number {
    return this.options.rebalanceTimeoutMs + HELD_REQUEST_MARGIN_MS
  }

  private commitRequest({ memberId, generationId }: MemberIdentity, open: OpenCommits): RequestInput<'OffsetCommit'> {
    const { groupId, groupInstanceId } = this.options
    const topics: RequestInput<'OffsetCommit'>['topics'][number][] = []
    for (const [name, ofTopic] of groupByTopic(open.all())) {
      const partitions = ofTopic.map(({ partition, offset, metadata }) => ({
        partitionIndex: partition,
        committedOffset: offset,
        committedMetadata: metadata,
      }))
      topics.push({ name, partitions })
    }
    return { groupId, generationIdOrMemberEpoch: generationId, memberId, groupInstanceId, topics }
  }

  /** Settles what the answer settles; throws, to be tried again, what it does not. */
  private takeCommitAnswer(
    answer: ResponseOf<'OffsetCommit'>,
    open: OpenCommits,
    refused: (errorCode: ErrorCode) => boolean,
  ): void {
    let again: KafkaError | null = null
    for (const { name, partitions } of answer.topics) {
      for (const { partitionIndex, errorCode } of partitions) {
        const key = partitionKey(name, partitionIndex)
        if (errorCode === 'NONE') {
          open.settle(key, null)
          continue
        }
        const error = new KafkaError(errorCode, 'OffsetCommit', `${this.path}, ${name}[${partitionIndex}]`)
        if (error.retriable && errorCode !== 'UNKNOWN_TOPIC_OR_PARTITION') {
          again = error
        } else if (refused(errorCode)) {
          again = new KafkaError(errorCode, 'OffsetCommit', error.path, null, true)
        } else {
          open.settle(key, error)
        }
      }
    }
    if (again !== null) throw again
    if (!open.isEmpty) {
      throwOnError('UNKNOWN_SERVER_ERROR', 'OffsetCommit', this.path, 'the answer leaves partitions out')
    }
  }

  private async toCoordinator<T>(attempt: () => Promise<T>): Promise<T> {
    try {
      return await attempt()
    } catch (error) {
      this.cluster.learnFrom(error, this.options.groupId)
      throw error
    }
  }

  private learnFrom(errorCode: ErrorCode, api: string): void {
    if (errorCode !== 'NONE') this.cluster.learnFrom(new KafkaError(errorCode, api), this.options.groupId)
  }
}

/** The commits of one request whose outcome is open. */
class OpenCommits {
  private readonly commits: Map<string, QueuedCommit>

  constructor(commits: Map<string, QueuedCommit>) {
    this.commits = commits
  }

  get isEmpty(): boolean {
    return this.commits.size === 0
  }

  all(): Iterable<QueuedCommit> {
    return this.commits.values()
  }

  settle(key: string, error: unknown): void {
    const commit = this.commits.get(key)
    this.commits.delete(key)
    if (error === null) commit?.outcome.resolve()
    else commit?.outcome.reject(error)
  }

  settleAll(error: unknown): void {
    for (const key of [...this.commits.keys()]) this.settle(key, error)
  }

  /** Rejects those whose partition is no longer ours; true when none is left. */
  dropRevoked(): boolean {
    for (const [key, { signal }] of this.commits) if (signal.aborted) this.settle(key, signal.reason)
    return this.isEmpty
  }
}
