// The kinds of application that meet in a schedule. Random traffic alone misses the bugs that only a bad habit finds.
import type { Chance } from './chance.ts'

/** How the application behind a member behaves. */
export interface Habits {
  /** Handlers at work at once. */
  readonly concurrency: number
  readonly handlerMs: readonly [number, number]
  readonly revokeCallbackMs: readonly [number, number]
  readonly assignMs: readonly [number, number]
  /** After each record, waiting for the answer or not; or all that is finished, every so many milliseconds. */
  readonly commits: 'each' | 'ahead' | number
  /** Chance that a handler blocks the event loop. */
  readonly blocks: number
  /** Chance that a handler seeks to an earlier offset. */
  readonly seeksBack: number
}

const quick: Habits = {
  concurrency: 1,
  handlerMs: [200, 1_500],
  revokeCallbackMs: [0, 50],
  assignMs: [0, 20],
  commits: 'each',
  blocks: 0,
  seeksBack: 0,
}

const kinds: readonly Habits[] = [
  quick,
  quick,
  { ...quick, concurrency: 4, commits: 'ahead' },
  { ...quick, concurrency: 4, commits: 1_500 },
  // A handler that takes longer than a session.
  { ...quick, handlerMs: [2_000, 14_000], concurrency: 2 },
  { ...quick, revokeCallbackMs: [500, 9_000], commits: 'ahead' },
  { ...quick, assignMs: [500, 6_000] },
  { ...quick, blocks: 0.08, commits: 'ahead' },
  { ...quick, seeksBack: 0.1 },
]

/** One of them. One that is `steady` never blocks its event loop. */
export function pickHabits(chance: Chance, isSteady: boolean): Habits {
  const habits = chance.pick(kinds)
  return isSteady ? { ...habits, blocks: 0 } : habits
}
