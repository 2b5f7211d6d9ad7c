// The commits of one group member, one request at a time: what comes meanwhile goes together with the next.
import { Deferred } from './waiting.ts'

/** One partition's commit on its way. */
export interface QueuedCommit {
  /** The partition's key. */
  readonly key: string
  readonly topic: string
  readonly partition: number
  /** The NEXT record to read. */
  readonly offset: number
  readonly metadata: string
  /** Fires when the partition is no longer ours. */
  readonly signal: AbortSignal
  readonly outcome: Deferred<void>
}

/** Settles the outcome of every commit, by the keys of their partitions. The map is its own from then on. */
export type SendCommits = (commits: Map<string, QueuedCommit>) => Promise<void>

/**
 * Two requests under way at once could be retried in the wrong order, and a committed offset go back (row I4); one at a
 * time cannot. A later commit of the same partition that still waits takes the place of an earlier one, and settles both.
 */
export class CommitQueue {
  private readonly send: SendCommits
  private waiting = new Map<string, QueuedCommit>()
  private sending: Promise<void> | null = null

  constructor(send: SendCommits) {
    this.send = send
  }

  /** Resolves when this offset, or a later one of the same partition, is committed. */
  commit(commit: Omit<QueuedCommit, 'outcome'>): Promise<void> {
    const { key, topic, partition, offset, metadata, signal } = commit
    const superseded = this.waiting.get(key)
    // Commits of an earlier ownership do not share the fate of this one.
    const isSameOwnership = superseded !== undefined && superseded.signal === signal
    if (superseded !== undefined && !isSameOwnership) superseded.outcome.reject(superseded.signal.reason)
    const outcome = isSameOwnership ? superseded.outcome : new Deferred<void>()
    this.waiting.set(key, { key, topic, partition, offset, metadata, signal, outcome })
    this.sending ??= this.drain()
    return outcome.promise
  }

  /** Resolves when nothing is under way or waits. */
  async idle(): Promise<void> {
    while (this.sending !== null) await this.sending
  }

  private async drain(): Promise<void> {
    // Commits of one turn of the event loop go together.
    await Promise.resolve()
    while (this.waiting.size > 0) {
      const commits = this.waiting
      this.waiting = new Map()
      await this.send(commits)
    }
    this.sending = null
  }
}
