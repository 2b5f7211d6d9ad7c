// PURE. Which rebalances of a history that has outgrown its room are worth keeping: the newest of each group.

/** A record of the history, as far as it matters here. */
export interface RecordedRebalance {
  readonly offset: number
  readonly groupId: string
  /** With the generation, what tells the rebalances of a group apart: a record may be there twice. */
  readonly settledMs: number
  readonly generationId: number
}

/** So many of each group stay, however old they are and whatever other groups do. */
export const KEPT_REBALANCES = 100

/**
 * Offsets below `boundary` of records that are among the newest `KEPT_REBALANCES` of a group that exists. Of a rebalance
 * that is recorded twice the later record counts. The offsets say nothing about age: what is kept is written again.
 */
export function keptBelow(
  boundary: number,
  recorded: readonly RecordedRebalance[],
  existingGroups: ReadonlySet<string>,
): Set<number> {
  const byGroup = new Map<string, RecordedRebalance[]>()
  for (const one of recorded) {
    if (!existingGroups.has(one.groupId)) continue
    const others = byGroup.get(one.groupId)
    if (others === undefined) byGroup.set(one.groupId, [one])
    else others.push(one)
  }
  const kept = new Set<number>()
  for (const rebalances of byGroup.values()) {
    for (const { offset } of newestOf(rebalances)) if (offset < boundary) kept.add(offset)
  }
  return kept
}

function newestOf(rebalances: readonly RecordedRebalance[]): RecordedRebalance[] {
  const newestFirst = [...rebalances].sort(
    (a, b) => b.settledMs - a.settledMs || b.generationId - a.generationId || b.offset - a.offset,
  )
  return newestFirst.filter((one, index) => !isSameRebalance(one, newestFirst[index - 1])).slice(0, KEPT_REBALANCES)
}

function isSameRebalance(one: RecordedRebalance, other: RecordedRebalance | undefined): boolean {
  return other !== undefined && one.settledMs === other.settledMs && one.generationId === other.generationId
}
