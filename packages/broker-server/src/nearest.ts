// Finds what somebody probably meant to write.

/** The candidate that is the fewest edits away from `text`; the first of equals. There must be at least one. */
export function nearestTo(text: string, candidates: readonly string[]): string {
  const [first = '', ...rest] = candidates
  let nearest = { candidate: first, edits: editsBetween(text, first) }
  for (const candidate of rest) {
    const edits = editsBetween(text, candidate)
    if (edits < nearest.edits) nearest = { candidate, edits }
  }
  return nearest.candidate
}

/** Levenshtein's distance: characters to insert, delete or replace to make `a` into `b`. */
function editsBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1]
    for (let j = 0; j < b.length; j++) {
      const replaced = (row[j] ?? 0) + (letter === b[j] ? 0 : 1)
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
