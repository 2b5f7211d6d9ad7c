// The bytes of answers that peers have not taken yet, over all connections: what is left for the next large answer.

/** As many of the largest Fetch answers may wait for their peers at once; those who read take theirs at once. */
const LARGEST_ANSWERS = 16

export class UnsentBytes {
  private readonly mostBytes: number
  private bytes = 0

  constructor(fetchMaxBytes: number) {
    this.mostBytes = LARGEST_ANSWERS * fetchMaxBytes
  }

  /** What one more answer should have at most; 0 when there is no room. */
  get room(): number {
    return Math.max(0, this.mostBytes - this.bytes)
  }

  /** A connection has so many more than it had, or fewer. */
  change(by: number): void {
    this.bytes += by
  }
}
