// What a schedule throws when the machine has broken a promise.

/** Names the invariant and what was seen. */
export class Violation extends Error {
  override readonly name = 'Violation'
}

/** Throws a Violation unless `condition` holds. `seen` is only called when it does not. */
export function must(condition: boolean, invariant: string, seen?: () => string): void {
  if (!condition) throw new Violation(seen === undefined ? invariant : `${invariant}: ${seen()}`)
}
