// What the person who started the broker got wrong.

/** One sentence that names where the mistake was written (flag, variable, file and key) and what is allowed there. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
