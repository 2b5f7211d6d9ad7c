// What must hold in a correct program, checked in production too.

/** Thrown when the program itself is wrong: it must stop what it was doing, and nobody may swallow it. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError'
}

let failures = 0

/** How many assertions have failed in this process, whichever broker's they were: it must be 0. */
export function assertionFailures(): number {
  return failures
}

/** Throws AssertionError unless the condition holds; `claim` says what must hold. */
export function assert(condition: boolean, claim: string): asserts condition {
  if (condition) return
  failures += 1
  throw new AssertionError(claim)
}
