// What clients of a broker that is killed again and again were promised, and whether what is found afterwards keeps it.

/** A record as it was found: the partition's log from its first offset on, in order. */
export interface FoundRecord {
  readonly offset: number
  readonly value: string
}

export interface Found {
  /** By partition, such as 'orders-0'. */
  readonly records: ReadonlyMap<string, readonly FoundRecord[]>
  /** Committed offsets by whatever name the commits were noted under; absent where there is none. */
  readonly committed: ReadonlyMap<string, number>
}

interface SentRecord {
  readonly producer: string
  readonly partition: string
  /** Its place in what its producer sent to this partition. */
  readonly order: number
  /** A record that is sent again until it is acked must be there in the end. */
  readonly isRetried: boolean
  ackedOffset: number | null
}

interface Commits {
  acked: number | null
  /** Sent since the last ack. */
  readonly unanswered: Set<number>
}

/** Everything that was sent and answered, noted outside of the broker. */
export class History {
  private readonly sentRecords = new Map<string, SentRecord>()
  private readonly sentCounts = new Map<string, number>()
  private readonly commits = new Map<string, Commits>()
  private readonly problems: string[] = []
  private acks = 0
  private awaited: { readonly acks: number; readonly reached: () => void } | null = null

  /** Resolves when this many more records and commits have been acked. */
  acksToCome(count: number): Promise<void> {
    return new Promise((reached) => (this.awaited = { acks: this.acks + count, reached }))
  }

  /** A record is about to be sent for the first time. Values are unique over the whole history. */
  sent(producer: string, partition: string, value: string, { isRetried }: { isRetried: boolean }): void {
    if (this.sentRecords.has(value)) throw new Error(`a value was used twice: ${value}`)
    const lane = `${producer} ${partition}`
    const order = this.sentCounts.get(lane) ?? 0
    this.sentCounts.set(lane, order + 1)
    this.sentRecords.set(value, { producer, partition, order, isRetried, ackedOffset: null })
  }

  /** A record was acked with this offset. */
  acked(value: string, offset: number): void {
    const record = this.sentRecords.get(value)
    if (record === undefined) throw new Error(`an ack for a value that was never sent: ${value}`)
    if (record.ackedOffset !== null && record.ackedOffset !== offset) {
      this.problems.push(`${value} was acked at ${record.ackedOffset} and again at ${offset}`)
    }
    record.ackedOffset = offset
    this.countAck()
  }

  /** A commit is about to be sent. */
  commitSent(name: string, offset: number): void {
    const commits = this.commits.get(name) ?? { acked: null, unanswered: new Set() }
    commits.unanswered.add(offset)
    this.commits.set(name, commits)
  }

  /** A commit was acked. Commits of one name are sent in order, so those sent before it are settled too. */
  commitAcked(name: string, offset: number): void {
    this.settleCommit(name, offset)
    this.countAck()
  }

  /** What was read is a promise too: it was visible, so it is there for good. */
  observed(found: Found): void {
    for (const { offset, value } of [...found.records.values()].flat()) {
      const record = this.sentRecords.get(value)
      if (record !== undefined) record.ackedOffset ??= offset
    }
    for (const [name, offset] of found.committed) {
      if (this.commits.get(name)?.unanswered.has(offset)) this.settleCommit(name, offset)
    }
  }

  /** The broker said something that it may not say. */
  refused(what: string): void {
    this.problems.push(what)
  }

  /**
   * What is wrong, one sentence each; none when every promise is kept. With `from`, only the logs' ends are judged: the
   * records found begin at those offsets. Retried records must be there only when `isOver`: everything has been acked.
   */
  violations(found: Found, options: { from?: ReadonlyMap<string, number>; isOver?: boolean } = {}): string[] {
    const from = options.from ?? new Map<string, number>()
    const violations = [...this.problems]
    const places = new Map<string, number>()
    for (const [partition, records] of found.records) {
      violations.push(...this.logViolations(partition, records, from.get(partition) ?? 0, places))
    }
    for (const [value, { partition, ackedOffset, isRetried }] of this.sentRecords) {
      const isJudged = ackedOffset === null || ackedOffset >= (from.get(partition) ?? 0)
      if (places.has(value) || !isJudged) continue
      if (ackedOffset !== null) violations.push(`${value} was acked at ${partition} offset ${ackedOffset} and is lost`)
      else if (isRetried && options.isOver === true) violations.push(`${value} was sent until acked, but never acked`)
    }
    for (const [name, commits] of this.commits) {
      const offset = found.committed.get(name) ?? null
      if (offset === commits.acked || (offset !== null && commits.unanswered.has(offset))) continue
      const sent = [...commits.unanswered].join(', ') || 'none'
      violations.push(`${name} is committed at ${offset}: the last acked is ${commits.acked}, sent since: ${sent}`)
    }
    return violations
  }

  private settleCommit(name: string, offset: number): void {
    const commits = this.commits.get(name)
    if (commits === undefined) throw new Error(`an ack for a commit that was never sent: ${name}`)
    for (const sent of [...commits.unanswered]) {
      commits.unanswered.delete(sent)
      if (sent === offset) break
    }
    commits.acked = offset
  }

  private countAck(): void {
    this.acks += 1
    if (this.awaited !== null && this.acks >= this.awaited.acks) this.awaited.reached()
  }

  private logViolations(
    partition: string,
    records: readonly FoundRecord[],
    from: number,
    places: Map<string, number>,
  ): string[] {
    const violations: string[] = []
    const lastOrders = new Map<string, number>()
    for (const [index, { offset, value }] of records.entries()) {
      const where = `${partition} offset ${offset}`
      if (offset !== from + index) violations.push(`${where} stands where offset ${from + index} belongs`)
      const earlier = places.get(value)
      if (earlier !== undefined) violations.push(`${value} is twice: at offset ${earlier} and at ${where}`)
      places.set(value, offset)
      const sent = this.sentRecords.get(value)
      if (sent === undefined || sent.partition !== partition) {
        violations.push(`${where} holds what nobody sent there: ${value}`)
        continue
      }
      if (sent.ackedOffset !== null && sent.ackedOffset !== offset) {
        violations.push(`${value} was acked at offset ${sent.ackedOffset} and stands at ${where}`)
      }
      if (sent.order < (lastOrders.get(sent.producer) ?? -1)) {
        violations.push(`${value} at ${where} comes after what its producer sent later`)
      }
      lastOrders.set(sent.producer, sent.order)
    }
    return violations
  }
}
