// Commits what has been printed: one commit under way at a time, and whatever was printed meanwhile goes with the next.

interface Place {
  topic: string
  partition: number
}

/** Holds the last record of each partition until it is committed. */
export class CommitQueue<Record extends Place> {
  readonly #commit: (record: Record) => Promise<void>
  readonly #waiting = new Map<string, Record>()
  #underWay: Promise<void> | undefined

  constructor(commit: (record: Record) => Promise<void>) {
    this.#commit = commit
  }

  /** Notes that a record is done. Never waits; a commit that fails is reported by `finish`. */
  add(record: Record): void {
    this.#waiting.set(`${record.topic}\0${record.partition}`, record)
    this.#underWay ??= this.#run()
    this.#underWay.catch(() => {})
  }

  /** Resolves when all that was added is committed; rejects when a commit failed. */
  async finish(): Promise<void> {
    await this.#underWay
  }

  async #run(): Promise<void> {
    for (let next = this.#take(); next !== undefined; next = this.#take()) await this.#commit(next)
    this.#underWay = undefined
  }

  #take(): Record | undefined {
    const [first] = this.#waiting
    if (first === undefined) return undefined
    this.#waiting.delete(first[0])
    return first[1]
  }
}
