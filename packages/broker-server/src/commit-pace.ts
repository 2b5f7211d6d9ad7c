// How fast the groups commit, by what earlier scrapes saw: a window that slides over the last minutes.
import type { GroupMetrics } from '@goqueue/broker-core'

/** What was committed longer ago says nothing about the pace now. */
const WINDOW_MS = 300_000
/** The window's resolution: scrapes that follow each other faster take no more memory. */
const STEP_MS = 30_000

interface Seen {
  readonly atMs: number
  readonly committedOffset: number
}

/** Milliseconds until the records that are there now are done; 0 when nothing is left, null when no pace is known. */
export type DrainMsOf = (groupId: string, topic: string, partition: number) => number | null

/** Remembers where every committed offset was, for as long as somebody keeps asking. */
export class CommitPaces {
  /** By partition and group. The oldest first: none is older than the window, but for the one that begins it. */
  #windows = new Map<string, readonly Seen[]>()

  /**
   * Takes note of every committed offset, at `nowMs` of a clock that never goes back, and says how long each will take at the
   * pace of its commits in the window. Without an observation before, or without progress since, no pace is known.
   */
  observe(groups: readonly GroupMetrics[], nowMs: number): DrainMsOf {
    const windows = new Map<string, readonly Seen[]>() // what is not seen this time is forgotten
    const drainMs = new Map<string, number>()
    for (const { groupId, offsets } of groups) {
      for (const { topic, partition, committedOffset, lag } of offsets) {
        if (lag === null) continue
        const key = placeKey(groupId, topic, partition)
        const now = { atMs: nowMs, committedOffset }
        const window = windowBefore(now, this.#windows.get(key) ?? [])
        const [first = now] = window
        const [elapsedMs, progressed] = [nowMs - first.atMs, committedOffset - first.committedOffset]
        if (lag === 0) drainMs.set(key, 0)
        else if (progressed > 0 && elapsedMs > 0) drainMs.set(key, Math.ceil((lag * elapsedMs) / progressed))
        windows.set(key, lag === 0 ? [now] : withStep(window, now)) // the time without work says nothing about the pace
      }
    }
    this.#windows = windows
    return (groupId, topic, partition) => drainMs.get(placeKey(groupId, topic, partition)) ?? null
  }
}

/** One string for a partition of a group: no topic has a slash in its name, whatever the group is called. */
export function placeKey(groupId: string, topic: string, partition: number): string {
  return `${partition}/${topic}/${groupId}`
}

/** What counts of what was seen before: nothing when the offset was reset to an earlier one. */
function windowBefore({ atMs, committedOffset }: Seen, seen: readonly Seen[]): readonly Seen[] {
  if ((seen.at(-1)?.committedOffset ?? 0) > committedOffset) return []
  const first = seen.findLastIndex((one) => atMs - one.atMs >= WINDOW_MS)
  return seen.slice(Math.max(0, first))
}

function withStep(window: readonly Seen[], now: Seen): readonly Seen[] {
  const last = window.at(-1)
  return last === undefined || now.atMs - last.atMs >= STEP_MS ? [...window, now] : window
}
