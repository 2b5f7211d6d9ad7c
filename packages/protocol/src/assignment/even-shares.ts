// Shares partitions out as evenly as subscriptions allow, and leaves as many as it can with the member that owned them.
import { HandOverSearch } from './hand-over-search.ts'

/** Partitions that the same members may have. What is in one pool is interchangeable where balance is concerned. */
export interface Pool {
  /** Indexes of the members that may have them, ascending; at least one. */
  members: readonly number[]
  /** For each partition the member that should keep it if balance allows, which must be one of `members`; or below 0. */
  owners: readonly number[]
}

/** What one member has of one pool, as indexes of the pool's partitions. */
interface Share {
  /** Partitions that it owned before. */
  kept: number[]
  /** Partitions that are new to it: to pass them on costs nothing. */
  fresh: number[]
}

/**
 * The member that gets each partition of each pool. No chain of partitions handed on from member to member could even
 * the loads out further, which for equal subscriptions means that they differ by at most one; then also the least
 * possible number of owned partitions moves. What is balanced already stays as it is. Depends on nothing but the
 * arguments, and ends: each step makes the sum of the squared loads smaller, or brings a partition home.
 */
export function shareEvenly(pools: readonly Pool[], memberCount: number): number[][] {
  const shares = new EvenShares(pools, memberCount)
  shares.dealUnowned()
  // What is fresh is evened out alone first. After a cooperative rebalance has withheld partitions, that is enough to
  // reach the balance it planned, so that the second rebalance moves nothing (the group converges in two rounds).
  shares.evenOut('fresh')
  shares.evenOut('all')
  shares.bringHome()
  return shares.holders
}

class EvenShares {
  /** The member that has each partition of each pool, so far. */
  readonly holders: number[][]
  private readonly pools: readonly Pool[]
  private readonly loads: number[]
  /** Of each member, by pool. */
  private readonly shares: Map<number, Share>[]

  constructor(pools: readonly Pool[], memberCount: number) {
    this.pools = pools
    this.loads = Array.from({ length: memberCount }, () => 0)
    this.shares = Array.from({ length: memberCount }, () => new Map<number, Share>())
    this.holders = pools.map(({ owners }) => [...owners])
    for (const [pool, { owners }] of pools.entries()) {
      for (const [partition, owner] of owners.entries()) if (owner >= 0) this.put(owner, pool, partition)
    }
  }

  /** Deals to whoever has least. Pools with few takers go first: the others can still even out what that leaves. */
  dealUnowned(): void {
    const order = [...this.pools.entries()].sort(([, left], [, right]) => left.members.length - right.members.length)
    for (const [pool, { members, owners }] of order) {
      const unowned = [...owners.keys()].filter((partition) => owners[partition]! < 0)
      let dealt = 0
      for (let level = this.leastOf(members); dealt < unowned.length; level++) {
        for (const member of members) {
          if (this.loads[member] === level && dealt < unowned.length) this.put(member, pool, unowned[dealt++]!)
        }
      }
    }
  }

  /**
   * Hands partitions on, from the heaviest member down, along the shortest chain to a member with at least two less.
   * A member from which there is none needs no second look, nor does anyone in its reach: all of them have at most one
   * less than it, whoever else is evened out never reaches into them, and the members still to come are lighter.
   */
  evenOut(which: 'fresh' | 'all'): void {
    const everyone = [...this.loads.keys()]
    const byLoad: number[][] = []
    const note = (member: number): void => {
      ;(byLoad[this.loads[member]!] ??= []).push(member)
    }
    everyone.forEach(note)
    const search = new HandOverSearch(this.pools.length, this.loads.length)
    let least = this.leastOf(everyone)
    let lightestLeft = everyone.filter((member) => this.loads[member] === least).length
    for (let load = byLoad.length - 1; load >= least + 2; load--) {
      for (const member of byLoad[load] ?? []) {
        // A member is noted anew whenever its load changes; what was noted before no longer counts.
        if (this.loads[member] !== load || search.isSettled(member) || load < least + 2) continue
        const lighter = this.nearestLighter(member, which, search, least)
        if (lighter === undefined) {
          search.settle()
          continue
        }
        if (this.loads[lighter] === least) lightestLeft--
        for (const { from, to, pool } of search.chainTo(lighter)) this.handOn(from, to, pool)
        note(member)
        note(lighter)
        if (lightestLeft > 0) continue
        least = this.leastOf(everyone)
        lightestLeft = everyone.filter((each) => this.loads[each] === least).length
      }
    }
  }

  /** Swaps back what was moved more often than it had to be, where the loads stay what they are or change places. */
  bringHome(): void {
    const away: [pool: number, partition: number][] = []
    for (const [pool, { owners }] of this.pools.entries()) {
      for (const [partition, owner] of owners.entries()) {
        if (owner >= 0 && this.holders[pool]![partition] !== owner) away.push([pool, partition])
      }
    }
    let hasMoved = away.length > 0
    while (hasMoved) {
      hasMoved = false
      for (const [pool, partition] of away) {
        const home = this.pools[pool]!.owners[partition]!
        const holder = this.holders[pool]![partition]!
        if (holder === home) continue
        const inExchange = this.loads[home]! < this.loads[holder]! ? null : this.freshFor(holder, home)
        if (inExchange === undefined) continue
        this.move(holder, home, pool, partition)
        if (inExchange !== null) this.move(home, holder, ...inExchange)
        hasMoved = true
      }
    }
  }

  private leastOf(members: readonly number[]): number {
    let least = Infinity
    for (const member of members) least = Math.min(least, this.loads[member]!)
    return least
  }

  /** The lightest of the nearest members with at least two less than `start`; the search knows how to get there. */
  private nearestLighter(
    start: number,
    which: 'fresh' | 'all',
    search: HandOverSearch,
    least: number,
  ): number | undefined {
    const enough = this.loads[start]! - 2
    let ring = search.begin(start)
    while (ring.length > 0) {
      let lightest: number | undefined
      for (const from of ring) {
        for (const [pool, { kept, fresh }] of this.shares[from]!) {
          if (fresh.length === 0 && (which === 'fresh' || kept.length === 0)) continue
          for (const member of search.openPool(pool) ? this.pools[pool]!.members : []) {
            if (!search.reach(member, from, pool)) continue
            const load = this.loads[member]!
            if (load === least) return member
            if (load <= enough && (lightest === undefined || load < this.loads[lightest]!)) lightest = member
          }
        }
      }
      if (lightest !== undefined) return lightest
      ring = search.nextRing()
    }
    return undefined
  }

  private handOn(from: number, to: number, pool: number): void {
    const { kept, fresh } = this.shares[from]!.get(pool)!
    this.move(from, to, pool, (fresh.at(-1) ?? kept.at(-1))!)
  }

  /** A partition that is new to `member` and that `other` may have; undefined when there is none. */
  private freshFor(other: number, member: number): [pool: number, partition: number] | undefined {
    for (const [pool, { fresh }] of this.shares[member]!) {
      if (fresh.length > 0 && this.pools[pool]!.members.includes(other)) return [pool, fresh.at(-1)!]
    }
    return undefined
  }

  private move(from: number, to: number, pool: number, partition: number): void {
    const { kept, fresh } = this.shares[from]!.get(pool)!
    const list = this.pools[pool]!.owners[partition] === from ? kept : fresh
    list.splice(list.lastIndexOf(partition), 1)
    this.loads[from]!--
    this.put(to, pool, partition)
  }

  private put(member: number, pool: number, partition: number): void {
    let share = this.shares[member]!.get(pool)
    if (share === undefined) this.shares[member]!.set(pool, (share = { kept: [], fresh: [] }))
    const list = this.pools[pool]!.owners[partition] === member ? share.kept : share.fresh
    list.push(partition)
    this.holders[pool]![partition] = member
    this.loads[member]!++
  }
}
