// Which word somebody meant who mistyped it.

const FARTHEST = 2

/** The candidate nearest to the word, where it is near enough: 2 edits at most, and less than half of what was typed. */
export function nearestWord(typed: string, candidates: Iterable<string>): string | null {
  let nearest: string | null = null
  let least = Math.min(FARTHEST + 1, typed.length / 2)
  for (const candidate of candidates) {
    const distance = editDistance(typed, candidate)
    if (distance < least) [nearest, least] = [candidate, distance]
  }
  return nearest
}

/** How many letters must be put in, left out or replaced to make one word of the other. */
export function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (const [above, letter] of Array.from(from).entries()) {
    const next = [above + 1]
    for (let column = 1; column <= to.length; column++) {
      const replaced = row[column - 1]! + (letter === to[column - 1] ? 0 : 1)
      next.push(Math.min(replaced, row[column]! + 1, next[column - 1]! + 1))
    }
    row = next
  }
  return row[to.length]!
}
