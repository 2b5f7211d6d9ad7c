// What a group of the original dialect is told, and what comes of it.
import type { Share } from './group.ts'

/** How many partitions each topic has that exists now: the members' topics and, of a join, its own. */
export type PartitionCounts = ReadonlyMap<string, number>

export type WireV1Input =
  | {
      readonly kind: 'join'
      readonly requestId: number
      readonly consumerId: string
      readonly clientId: string
      readonly clientHost: string
      readonly topics: readonly string[]
      readonly sessionTimeoutMs: number
      readonly partitions: PartitionCounts
    }
  | {
      readonly kind: 'leave'
      readonly requestId: number
      readonly consumerId: string
      readonly partitions: PartitionCounts
    }
  | {
      readonly kind: 'heartbeat'
      readonly requestId: number
      readonly consumerId: string
      readonly generation: number
    }
  /** A session deadline has come. */
  | { readonly kind: 'tick'; readonly partitions: PartitionCounts }
  /** The broker stood still: nobody could show a sign of life. */
  | { readonly kind: 'stalled'; readonly byMs: number }

/** The codes of a group answer: 0, 1 not understood, 2 refused or unknown member, 3 a topic does not exist. */
export type GroupCode = 0 | 1 | 2 | 3

export type WireV1Reply =
  | { readonly kind: 'code'; readonly errorCode: GroupCode }
  | {
      readonly kind: 'joined'
      readonly generation: number
      readonly leader: string
      readonly members: readonly { readonly consumerId: string; readonly clientId: string }[]
      readonly share: Share
    }

/** Why everybody's share was made anew: as in the classic group, and `partitionsChanged` when a topic grew or went. */
export interface WireV1Cause {
  readonly kind: 'join' | 'subscriptionChange' | 'partitionsChanged' | 'leave' | 'sessionTimeout'
  readonly consumerId: string
  readonly clientId: string
  readonly clientHost: string
}

/** A new generation: the shares before and after it, by consumer id. */
export interface WireV1Rebalance {
  readonly generation: number
  readonly before: ReadonlyMap<string, Share>
  readonly after: ReadonlyMap<string, Share>
  readonly causes: readonly WireV1Cause[]
}

export type WireV1Effect =
  /** Who owns what has changed: it must be durable before the replies behind it. */
  | { readonly kind: 'persist' }
  /** To be written down for whoever asks later; nobody waits for it. */
  | { readonly kind: 'rebalanced'; readonly rebalance: WireV1Rebalance }
  | { readonly kind: 'reply'; readonly requestId: number; readonly reply: WireV1Reply }
