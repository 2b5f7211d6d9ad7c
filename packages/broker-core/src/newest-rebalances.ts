// PURE. The newest rebalances of each group, gathered while a history of them is read.

/** A record of the history, as far as it matters here. */
export interface RecordedRebalance {
  /** The offset that it had when it was new: which of two is newer, and whether they are the same one. */
  readonly firstOffset: number
  /** Where this record stands: what is kept is written again, and may stand there twice after a crash. */
  readonly offset: number
  readonly bytes: number
}

/** So many of each group stay, however old they are and whatever other groups do. */
export const KEPT_REBALANCES = 100

export class NewestRebalances {
  private readonly byGroup = new Map<string, RecordedRebalance[]>()

  add(groupId: string, rebalance: RecordedRebalance): void {
    const known = this.byGroup.get(groupId)
    if (known === undefined) this.byGroup.set(groupId, [rebalance])
    else if (known.push(rebalance) >= 3 * KEPT_REBALANCES) this.byGroup.set(groupId, newestOf(known))
  }

  /** Those of the newest `KEPT_REBALANCES` of each group that stand below the offset. Of two records of one the later counts. */
  *below(offset: number): Generator<RecordedRebalance> {
    for (const known of this.byGroup.values()) {
      for (const one of newestOf(known)) if (one.offset < offset) yield one
    }
  }
}

function newestOf(rebalances: readonly RecordedRebalance[]): RecordedRebalance[] {
  const newestFirst = [...rebalances].sort((a, b) => b.firstOffset - a.firstOffset || b.offset - a.offset)
  return newestFirst
    .filter(({ firstOffset }, index) => firstOffset !== newestFirst[index - 1]?.firstOffset)
    .slice(0, KEPT_REBALANCES)
}
