// Who commits offsets in the crash lane: consumers without a group protocol, and a member of a group.
import { encodeAssignment, encodeSubscription } from '@goqueue/protocol'
import type { WireConnection } from '../support/wire-connection.ts'
import type { History } from './history.ts'
import { partitionName, type TopicPartition } from './topic-partition.ts'
import { untilLost } from './until-lost.ts'

const MAX_IN_FLIGHT = 3
/** Longer than the lane runs: no member expires. */
const SESSION_TIMEOUT_MS = 1_800_000

/** The name under which the history knows a group's commits to a partition. */
export function commitName(groupId: string, target: TopicPartition): string {
  return `${groupId} ${partitionName(target)}`
}

interface CommitterOptions {
  readonly groupId: string
  readonly targets: readonly TopicPartition[]
  readonly history: History
}

/** Commits one offset after the other, to its partitions in turn. */
class Commits {
  readonly groupId: string
  readonly targets: readonly TopicPartition[]
  readonly history: History
  private offset = 0

  constructor({ groupId, targets, history }: CommitterOptions) {
    this.groupId = groupId
    this.targets = targets
    this.history = history
  }

  /** Sends the next commit; resolves when it is acked or refused. */
  async next(connection: WireConnection, member: { memberId: string; generationId: number }): Promise<void> {
    const offset = ++this.offset
    const target = this.targets[offset % this.targets.length] as TopicPartition
    const name = commitName(this.groupId, target)
    this.history.commitSent(name, offset)
    const { topics } = await connection.request('OffsetCommit', 7, {
      groupId: this.groupId,
      memberId: member.memberId,
      generationIdOrMemberEpoch: member.generationId,
      topics: [
        {
          name: target.topic,
          partitions: [{ partitionIndex: target.partition, committedOffset: offset, committedMetadata: null }],
        },
      ],
    })
    const errorCode = topics[0]?.partitions[0]?.errorCode
    if (errorCode === 'NONE') this.history.commitAcked(name, offset)
    else this.history.refused(`a commit of ${name} was refused: ${errorCode}`)
  }
}

/** A consumer that assigns partitions to itself and only commits (generation -1). */
export class SimpleCommitter {
  private readonly commits: Commits

  constructor(options: CommitterOptions) {
    this.commits = new Commits(options)
  }

  /** Commits, several at a time, until the connection is lost. */
  run(connection: WireConnection): Promise<void> {
    return untilLost(async () => {
      const inFlight: Promise<void>[] = []
      for (;;) {
        const sent = this.commits.next(connection, { memberId: '', generationId: -1 })
        sent.catch(() => {}) // whoever waits for it is told
        inFlight.push(sent)
        if (inFlight.length >= MAX_IN_FLIGHT) await inFlight.shift()
      }
    })
  }
}

/** The one member of a classic group. What it was told about its membership must still hold after a restart. */
export class Member {
  private readonly commits: Commits
  private readonly random: () => number
  private memberId = ''
  private generationId = -1
  /** It was given an assignment once: the group must know it from then on. */
  private isEstablished = false
  private isSynced = false

  constructor({ random, ...options }: CommitterOptions & { readonly random: () => number }) {
    this.commits = new Commits(options)
    this.random = random
  }

  /** Goes on in its generation, or in a new one, and commits until the connection is lost. */
  run(connection: WireConnection): Promise<void> {
    return untilLost(async () => {
      if (this.isSynced) await this.heartbeat(connection)
      if (!this.isSynced || this.random() < 0.3) await this.join(connection)
      for (;;) await this.commits.next(connection, { memberId: this.memberId, generationId: this.generationId })
    })
  }

  private async heartbeat(connection: WireConnection): Promise<void> {
    const { groupId, history } = this.commits
    const { memberId, generationId } = this
    const { errorCode } = await connection.request('Heartbeat', 3, { groupId, memberId, generationId })
    if (errorCode !== 'NONE') history.refused(`${groupId}: generation ${generationId} was forgotten: ${errorCode}`)
  }

  private async join(connection: WireConnection): Promise<void> {
    const { groupId, targets, history } = this.commits
    this.isSynced = false
    const topics = [...new Set(targets.map(({ topic }) => topic))]
    // A member that brings the same as before would be given the same generation.
    const userData = Buffer.from(String(this.random()))
    const joined = await connection.request('JoinGroup', 5, {
      groupId,
      sessionTimeoutMs: SESSION_TIMEOUT_MS,
      rebalanceTimeoutMs: SESSION_TIMEOUT_MS,
      memberId: this.memberId,
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: encodeSubscription({ topics, userData }) }],
    })
    const { errorCode, generationId, memberId } = joined
    const mayBeUnknown = errorCode === 'UNKNOWN_MEMBER_ID' && !this.isEstablished
    if (errorCode === 'MEMBER_ID_REQUIRED' || mayBeUnknown) {
      this.memberId = mayBeUnknown ? '' : memberId
      return this.join(connection)
    }
    if (errorCode !== 'NONE') return history.refused(`${groupId}: the member could not join: ${errorCode}`)
    if (generationId < this.generationId) {
      history.refused(`${groupId}: generation ${generationId} follows ${this.generationId}`)
    }
    this.memberId = memberId
    this.generationId = generationId
    const partitions = new Map(topics.map((topic): [string, number[]] => [topic, [0]]))
    const synced = await connection.request('SyncGroup', 3, {
      groupId,
      generationId,
      memberId,
      assignments: [{ memberId, assignment: encodeAssignment(partitions) }],
    })
    if (synced.errorCode !== 'NONE') return history.refused(`${groupId}: no assignment: ${synced.errorCode}`)
    this.isSynced = true
    this.isEstablished = true
  }
}
