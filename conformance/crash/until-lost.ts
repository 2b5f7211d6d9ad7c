// A client's work ends when its broker is killed, and fails only for other reasons.
import { ConnectionLost } from '../support/wire-connection.ts'

/** Resolves when `work` ends or loses its connection; rejects with anything else that goes wrong. */
export async function untilLost(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof ConnectionLost)) throw error
  }
}
