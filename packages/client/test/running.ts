// A run of a group consumer in the background, and how it ended.
import type { GroupConsumer, RunOptions } from '../src/index.ts'

export interface Running {
  readonly promise: Promise<void>
  /** undefined until the run has ended. */
  outcome: undefined | 'resolved' | { readonly error: unknown }
}

/** Starts a run; one that rejects does so to whoever awaits `promise`, and is no unhandled rejection where nobody does. */
export function running(group: GroupConsumer, options: RunOptions): Running {
  const state: Running = { outcome: undefined, promise: group.run(options) }
  state.promise.then(
    () => (state.outcome = 'resolved'),
    (error: unknown) => (state.outcome = { error }),
  )
  return state
}
