// The bookkeeping of a breadth-first search for a chain of members along which partitions can be handed on.

/** One step of a chain: a partition of `pool` goes from one member to another. */
export interface HandOver {
  from: number
  to: number
  pool: number
}

/** One object for many searches over the same members: nothing is cleared or allocated between them. */
export class HandOverSearch {
  private readonly from: Int32Array
  private readonly pool: Int32Array
  /** The number of the search that last came by. */
  private readonly seenMembers: Int32Array
  private readonly seenPools: Int32Array
  private readonly settled: Uint8Array
  private number = 0
  private start = 0
  private reached: number[] = []
  private ring: number[] = []

  constructor(poolCount: number, memberCount: number) {
    this.from = new Int32Array(memberCount)
    this.pool = new Int32Array(memberCount)
    this.seenMembers = new Int32Array(memberCount)
    this.seenPools = new Int32Array(poolCount)
    this.settled = new Uint8Array(memberCount)
  }

  /** The first ring is the member itself. */
  begin(start: number): number[] {
    this.number++
    this.start = start
    this.seenMembers[start] = this.number
    this.reached = [start]
    this.ring = []
    return [start]
  }

  /** Members that were reached since the ring before: those one step further away. */
  nextRing(): number[] {
    const ring = this.ring
    this.ring = []
    return ring
  }

  /** False when this search has been through the pool before. */
  openPool(pool: number): boolean {
    if (this.seenPools[pool] === this.number) return false
    this.seenPools[pool] = this.number
    return true
  }

  /** Notes how `member` was reached; false when it has been reached before, or is settled. */
  reach(member: number, from: number, pool: number): boolean {
    if (this.seenMembers[member] === this.number || this.settled[member] === 1) return false
    this.seenMembers[member] = this.number
    this.from[member] = from
    this.pool[member] = pool
    this.reached.push(member)
    this.ring.push(member)
    return true
  }

  /** The chain that led to `end`, its last step first. */
  chainTo(end: number): HandOver[] {
    const chain: HandOver[] = []
    for (let to = end; to !== this.start; to = this.from[to]!) {
      chain.push({ from: this.from[to]!, to, pool: this.pool[to]! })
    }
    return chain
  }

  /** Leaves all that this search reached out of those to come. */
  settle(): void {
    for (const member of this.reached) this.settled[member] = 1
  }

  isSettled(member: number): boolean {
    return this.settled[member] === 1
  }
}
