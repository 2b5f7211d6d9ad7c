// A group of the original Go Queue dialect as plain data: the broker assigns, and nobody waits for anybody.

export interface WireV1Member {
  readonly consumerId: string
  readonly clientId: string
  readonly clientHost: string
  readonly topics: readonly string[]
  readonly sessionTimeoutMs: number
  /** When it is given up unless it shows a sign of life before. */
  sessionDeadlineMs: number
}

/** Partitions by topic, of one member. */
export type Share = ReadonlyMap<string, readonly number[]>

export interface WireV1Group {
  readonly groupId: string
  /** Raised by every change of who owns what; it never falls. */
  generation: number
  /** By consumer id, in the order in which they joined: the first one is called leader. */
  readonly members: Map<string, WireV1Member>
  /** By consumer id: the share of each member in this generation. */
  shares: ReadonlyMap<string, Share>
}

/** A group without members whose next generation follows `generation`. */
export function createWireV1Group(groupId: string, generation: number): WireV1Group {
  return { groupId, generation, members: new Map(), shares: new Map() }
}

/** The consumer that the dialect names leader; it has nothing to do. Empty where there is no member. */
export function leaderOf(group: WireV1Group): string {
  for (const consumerId of group.members.keys()) return consumerId
  return ''
}

/** When something is due next without any request: the first session deadline, Infinity where there is none. */
export function nextDeadlineMs(group: WireV1Group): number {
  let earliestMs = Infinity
  for (const { sessionDeadlineMs } of group.members.values()) earliestMs = Math.min(earliestMs, sessionDeadlineMs)
  return earliestMs
}
