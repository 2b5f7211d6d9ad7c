// Chance that can be replayed: everything random in a schedule comes from its one seed.

/** Draws from a source of numbers in [0, 1). */
export class Chance {
  private readonly next: () => number

  constructor(next: () => number) {
    this.next = next
  }

  /** An integer from `low` to `high`, both included. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1))
  }

  happens(probability: number): boolean {
    return this.next() < probability
  }

  pick<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.next() * choices.length)] as T
  }
}
