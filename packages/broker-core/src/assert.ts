// What must hold in a correct program, checked in production too.

/** Thrown when the program itself is wrong: it must stop what it was doing, and nobody may swallow it. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError'
}

/** Throws AssertionError unless the condition holds; `claim` says what must hold. */
export function assert(condition: boolean, claim: string): asserts condition {
  if (!condition) throw new AssertionError(claim)
}
