// Sends what the commit queue hands out, and tries again, by the rules of the client's own requests.
import { errorEntry, type ErrorCode } from '@goqueue/protocol'
import { backoffMs } from '../../src/backoff.ts'
import type { QueuedCommit } from '../../src/commit-queue.ts'
import { Deferred } from '../../src/waiting.ts'
import type { EventLoop } from './event-loop.ts'
import type { Member } from './member.ts'
import type { Surroundings } from './surroundings.ts'

export const COMMIT_PATIENCE_MS = 30_000
export const REVOKED = new Error('revoked')

interface Sending {
  readonly open: Set<QueuedCommit>
  readonly untilMs: number
  readonly done: () => void
}

export class CommitSender {
  private readonly world: Surroundings
  private readonly loop: EventLoop
  private readonly member: Member

  constructor(world: Surroundings, loop: EventLoop, member: Member) {
    this.world = world
    this.loop = loop
    this.member = member
  }

  /** Settles every commit that it is given, and resolves then. */
  send(commits: readonly QueuedCommit[]): Promise<void> {
    const { world } = this
    const sent = new Deferred<void>()
    const untilMs = world.runtime.nowMs() + COMMIT_PATIENCE_MS
    const done = () => {
      world.promised()
      sent.resolve()
    }
    this.attempt({ open: new Set(commits), untilMs, done }, 1)
    return world.fault.commitsAtOnce === true ? Promise.resolve() : sent.promise
  }

  /** Nothing goes out for what is another's, nor while the coordinator would not take it. */
  private attempt(sending: Sending, number: number): void {
    const { member, world } = this
    const { open, done } = sending
    member.fence()
    if (world.fault.commitsAfterRevoke !== true) {
      for (const commit of [...open]) if (commit.signal.aborted) this.settle(sending, commit, REVOKED)
    }
    if (open.size === 0) {
      done()
      return
    }
    const { phase, isOwner, memberId, generationId } = member.membership
    if (world.fault.commitsWhileSyncing !== true && isOwner && (phase === 'assigning' || phase === 'syncing')) {
      member.whenMoved(() => this.attempt(sending, number))
      return
    }
    const { observer } = world
    observer.sendCommit(
      member,
      Array.from(open, ({ metadata }) => observer.ownership(Number(metadata))),
    )
    const offsets = Array.from(open, ({ topic, partition, offset, metadata }) => ({
      topic,
      partition,
      offset,
      metadata,
      leaderEpoch: -1,
      committedMs: 0,
      expireMs: null,
    }))
    const groupInstanceId = member.instanceId
    const request = { kind: 'offsetCommit', memberId, generationId, groupInstanceId, offsets } as const
    member.ask(request, COMMIT_PATIENCE_MS, (answer) => {
      const errorCode = answer?.kind === 'offsetCommit' ? answer.errorCode : null
      if (errorCode === null || errorEntry(errorCode).retriable || this.isWorthRetrying(errorCode, generationId)) {
        this.tryAgain(sending, number)
        return
      }
      for (const commit of [...open]) this.settle(sending, commit, errorCode === 'NONE' ? null : new Error(errorCode))
      done()
    })
  }

  /** What the coordinator says of this member, the member must hear; one that kept its partitions commits in the next generation. */
  private isWorthRetrying(errorCode: ErrorCode, generationId: number): boolean {
    if (errorCode === 'NONE') return false
    this.member.submit({ kind: 'commitRefused', generationId, errorCode })
    const isOver = errorCode === 'REBALANCE_IN_PROGRESS' || errorCode === 'ILLEGAL_GENERATION'
    const { isCooperative, isOwner } = this.member.membership
    return isOver && isCooperative && isOwner
  }

  private tryAgain(sending: Sending, number: number): void {
    const { runtime } = this.world
    const delayMs = Math.round(backoffMs(number, runtime.random()))
    if (runtime.nowMs() + delayMs < sending.untilMs) {
      this.loop.after(delayMs, () => this.attempt(sending, number + 1))
      return
    }
    for (const commit of [...sending.open]) this.settle(sending, commit, new Error('the time for this commit is up'))
    sending.done()
  }

  private settle({ open }: Sending, commit: QueuedCommit, error: Error | null): void {
    open.delete(commit)
    if (error === null) commit.outcome.resolve()
    else commit.outcome.reject(error)
    this.world.promised()
  }
}
