// Assertions of this room: a broken one is a bug in the broker and kills the group, it is never swallowed.

/** Throws when `condition` does not hold. `claim` says what must hold. */
export function assert(condition: boolean, claim: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${claim}`)
}
