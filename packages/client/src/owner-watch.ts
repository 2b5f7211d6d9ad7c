// As leader: sees to it that no partition stays without an owner, in a group that is stable and would never rebalance.
import type { Cluster } from './cluster.ts'
import { diagnostics } from './diagnostics.ts'
import type { Alarm } from './runtime.ts'

/**
 * A leader that came back without assigning (KIP-814) knows nothing of partitions that were added meanwhile; a static member
 * that restarts while it gives partitions up never asks for the rebalance that would pass them on. So the leader looks.
 */
export class OwnerWatch {
  private readonly cluster: Cluster
  private readonly what: string
  private alarm: Alarm | null = null
  private before: ReadonlySet<string> = new Set()

  constructor(cluster: Cluster, what: string) {
    this.cluster = cluster
    this.what = what
  }

  /**
   * Looks every `intervalMs` for partitions without an owner, and calls `found` when there is one that had none at the look
   * before either: one that is being passed on has none for a moment.
   */
  start(intervalMs: number, look: () => Promise<ReadonlySet<string>>, found: () => void): void {
    this.cancel()
    const next = (before: ReadonlySet<string>): void => {
      this.before = before
      const alarm = this.cluster.runtime.setAlarm(intervalMs, () => {
        void look()
          .catch((error: unknown) => {
            diagnostics.retry({ what: this.what, attempt: 1, error })
            return new Set<string>()
          })
          .then((unowned) => {
            // Started anew, or over, meanwhile.
            if (this.alarm !== alarm) return
            const stays = [...unowned].some((partition) => this.before.has(partition))
            next(unowned)
            if (stays) found()
          })
      })
      this.alarm = alarm
    }
    next(new Set())
  }

  cancel(): void {
    this.alarm?.cancel()
    this.alarm = null
  }
}
