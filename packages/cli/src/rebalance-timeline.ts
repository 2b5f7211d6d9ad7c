// The rebalances of a group for people, oldest first: a table, or a paragraph each where the table is too wide.
import { shortNames } from './member-names.ts'
import type { MovedPartition, RebalanceCause, RebalanceRecord } from './rebalance-history.ts'
import { table } from './table.ts'
import { count, grouped, printable, wrapped } from './text.ts'

/** The timeline, no line of it wider than `columns` as long as words are not. */
export function timeline(rebalances: readonly RebalanceRecord[], columns = Infinity): string {
  const short = shortNames(rebalances.flatMap(namesIn))
  const drawn = timelineTable(rebalances, short)
  const isTooWide = drawn.split('\n').some((line) => line.length > columns)
  return isTooWide ? rebalances.map((rebalance) => paragraph(rebalance, short, columns)).join('\n') : drawn
}

/** Makes a name of a member short. */
type Short = (name: string) => string

function namesIn({ causes, moved }: RebalanceRecord): string[] {
  const ofCauses = causes.map(({ consumerId, memberId }) => consumerId ?? memberId)
  const ofMoves = moved?.flatMap(({ from, to }) => [from, to]) ?? []
  return [...ofCauses, ...ofMoves].filter((name) => name !== null)
}

interface Line {
  readonly when: string
  readonly generation: string
  readonly members: string
  readonly causedBy: string
  readonly why: string
  readonly moved: string
  readonly took: string
}

/** A line for each cause, and for each pair of members that partitions moved between. */
function timelineTable(rebalances: readonly RebalanceRecord[], short: Short): string {
  return table(
    rebalances.flatMap((rebalance) => linesOf(rebalance, short)),
    [
      { heading: 'WHEN', cell: ({ when }) => when },
      { heading: 'GENERATION', cell: ({ generation }) => generation, align: 'right' },
      { heading: 'MEMBERS', cell: ({ members }) => members, align: 'right' },
      { heading: 'CAUSED BY', cell: ({ causedBy }) => causedBy },
      { heading: 'WHY', cell: ({ why }) => why },
      { heading: 'MOVED', cell: ({ moved }) => moved },
      { heading: 'TOOK', cell: ({ took }) => took, align: 'right' },
    ],
  )
}

/** The rebalance itself stands on the first of its lines. */
function linesOf(rebalance: RebalanceRecord, short: Short): Line[] {
  const causes = causesOf(rebalance, short)
  const moves = movesOf(rebalance, short)
  return Array.from({ length: Math.max(causes.length, moves.length) }, (_, index) => {
    const [causedBy = '', why = ''] = causes[index] ?? []
    const isFirst = index === 0
    return {
      when: isFirst ? timeOf(rebalance) : '',
      generation: isFirst ? grouped(rebalance.generationId) : '',
      members: isFirst ? grouped(rebalance.memberCount) : '',
      causedBy,
      why,
      moved: moves[index] ?? '',
      took: isFirst ? tookOf(rebalance) : '',
    }
  })
}

/** The same as in the table, below each other. */
function paragraph(rebalance: RebalanceRecord, short: Short, columns: number): string {
  const { generationId, memberCount } = rebalance
  const about = `generation ${grouped(generationId)}, ${count(memberCount, 'member')}, took ${tookOf(rebalance)}`
  const lines = [
    `${timeOf(rebalance)}: ${about}`,
    ...causesOf(rebalance, short).map(([causedBy, why]) => `  ${`${causedBy} ${why}`.trim()}`),
    ...movesOf(rebalance, short).map((move) => `  moved: ${move}`),
  ]
  return lines.map((line) => `${wrapped(printable(line), columns)}\n`).join('')
}

function timeOf({ settledMs }: RebalanceRecord): string {
  return new Date(settledMs).toISOString()
}

function tookOf({ tookMs }: RebalanceRecord): string {
  return `${grouped(tookMs)} ms`
}

/** So many lines for one rebalance, and one that says how many there would be more. */
const MOST_LINES = 5

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

/** Reasons that clients give for every join: the second and third are about the protocol (KIP-394), the last is Java's. */
const SAYS_NOTHING = /^(|joins|joins with the member id it was given|need to re-join with the given member-id.*)$/s

function causesOf({ causes, causeCount }: RebalanceRecord, short: Short): [causedBy: string, why: string][] {
  const shown = causes.slice(0, MOST_LINES).map((cause) => causeCells(cause, short))
  const left = causeCount - shown.length
  return left === 0 ? shown : [...shown, ['', `and ${grouped(left)} more`]]
}

function causeCells({ kind, memberId, consumerId, reason }: RebalanceCause, short: Short): [string, string] {
  const why = words[kind] ?? kind
  const causedBy = short(consumerId ?? memberId ?? '-')
  return [causedBy, reason === null || SAYS_NOTHING.test(reason) ? why : `${why}: ${reason}`]
}

function movesOf({ moved, movedCount }: RebalanceRecord, short: Short): string[] {
  if (moved === null || movedCount === null) return ['not known: no assignments of consumers']
  if (moved.length === 0) return ['nothing']
  const byPair = new Map<string, MovedPartition[]>()
  for (const move of moved) {
    const pair = `${move.topic} ${move.from ?? 'nobody'} → ${move.to ?? 'nobody'}`
    byPair.set(pair, [...(byPair.get(pair) ?? []), move])
  }
  const lines = Array.from(byPair.values(), (moves) => {
    const [{ topic, from, to }] = moves as [MovedPartition, ...MovedPartition[]]
    return `${topic} ${moves.map(({ partition }) => partition).join(', ')}: ${short(from ?? 'nobody')} → ${short(to ?? 'nobody')}`
  })
  if (lines.length <= MOST_LINES && moved.length === movedCount) return lines
  return [...lines.slice(0, MOST_LINES), `${count(movedCount, 'partition')} in all`]
}
