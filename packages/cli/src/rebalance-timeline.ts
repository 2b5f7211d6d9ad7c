// The rebalances of a group for people: one block of lines each, oldest first.
import type { MovedPartition, RebalanceCause, RebalanceRecord } from './rebalance-history.ts'
import { table } from './table.ts'
import { count, grouped } from './text.ts'

interface Line {
  readonly when: string
  readonly generation: string
  readonly members: string
  readonly causedBy: string
  readonly why: string
  readonly moved: string
  readonly took: string
}

/** A table with a line for each cause, and for each pair of members that partitions moved between. */
export function timeline(rebalances: readonly RebalanceRecord[]): string {
  return table(rebalances.flatMap(linesOf), [
    { heading: 'WHEN', cell: ({ when }) => when },
    { heading: 'GENERATION', cell: ({ generation }) => generation },
    { heading: 'MEMBERS', cell: ({ members }) => members },
    { heading: 'CAUSED BY', cell: ({ causedBy }) => causedBy },
    { heading: 'WHY', cell: ({ why }) => why },
    { heading: 'MOVED', cell: ({ moved }) => moved },
    { heading: 'TOOK', cell: ({ took }) => took },
  ])
}

/** So many lines for one rebalance, and one that says how many there would be more. */
const MOST_LINES = 5

/** A line for each cause and for each pair that partitions moved between; the rebalance itself stands on the first. */
function linesOf(rebalance: RebalanceRecord): Line[] {
  const causes = limited(rebalance.causes.map(causeCells), rebalance.causeCount, (more) => ['', `and ${more} more`])
  const moves = movesOf(rebalance)
  return Array.from({ length: Math.max(causes.length, moves.length) }, (_, index) => {
    const [causedBy = '', why = ''] = causes[index] ?? []
    const isFirst = index === 0
    return {
      when: isFirst ? new Date(rebalance.settledMs).toISOString() : '',
      generation: isFirst ? grouped(rebalance.generationId) : '',
      members: isFirst ? grouped(rebalance.memberCount) : '',
      causedBy,
      why,
      moved: moves[index] ?? '',
      took: isFirst ? `${grouped(rebalance.tookMs)} ms` : '',
    }
  })
}

const words: Readonly<Record<string, string>> = {
  join: 'joined',
  rejoin: 'asked for another round',
  subscriptionChange: 'changed its subscription',
  staticTakeover: 'came back under a new member id',
  leave: 'left',
  sessionTimeout: 'session timed out',
  syncTimeout: 'never took its assignment',
  joinTimeout: 'did not rejoin in time',
  groupMaxSize: 'the group is over group.max.size',
  partitionsChanged: 'the partitions of its topics changed',
}

function causeCells({ kind, memberId, consumerId, reason }: RebalanceCause): [causedBy: string, why: string] {
  const why = words[kind] ?? kind
  return [consumerId ?? memberId ?? '-', reason === null || reason === '' ? why : `${why}: ${reason}`]
}

function movesOf({ moved, movedCount }: RebalanceRecord): string[] {
  if (moved === null || movedCount === null) return ['not known: no assignments of consumers']
  if (moved.length === 0) return ['nothing']
  const byPair = new Map<string, MovedPartition[]>()
  for (const move of moved) {
    const pair = `${move.topic} ${move.from ?? 'nobody'} → ${move.to ?? 'nobody'}`
    byPair.set(pair, [...(byPair.get(pair) ?? []), move])
  }
  const lines = Array.from(byPair.values(), (moves) => {
    const [{ topic, from, to }] = moves as [MovedPartition, ...MovedPartition[]]
    return `${topic} ${moves.map(({ partition }) => partition).join(', ')}: ${from ?? 'nobody'} → ${to ?? 'nobody'}`
  })
  if (lines.length <= MOST_LINES && moved.length === movedCount) return lines
  return [...lines.slice(0, MOST_LINES), `${count(movedCount, 'partition')} in all`]
}

function limited<T>(lines: readonly T[], total: number, rest: (more: string) => T): T[] {
  const shown = lines.slice(0, MOST_LINES)
  return shown.length === total ? shown : [...shown, rest(grouped(total - shown.length))]
}
