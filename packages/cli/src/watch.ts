// --watch: the same picture again and again, until somebody has seen enough.
import { setTimeout } from 'node:timers/promises'
import type { Session } from './session.ts'

const INTERVAL_MS = 2_000

/** Draws now and after every interval; resolves on Ctrl-C, or when the reader of stdout has gone. */
export async function watch(session: Session, draw: () => Promise<string>, intervalMs = INTERVAL_MS): Promise<void> {
  while (!session.enough.aborted) {
    await session.redraw(await draw())
    await setTimeout(intervalMs, undefined, { signal: session.enough }).catch(() => {})
  }
}
