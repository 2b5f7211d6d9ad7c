// A member's subscription: the blob that JoinGroup carries to the leader.
import { ConsumerProtocolSubscription } from '../messages/consumer-protocol.ts'
import { compareNames, fromTopicList, toSortedTopicList } from './topic-partitions.ts'
import type { PartitionsByTopic } from './topic-partitions.ts'
import { readVersioned, writeVersioned } from './versioned-blob.ts'

/** What a member wants, and what it owned when it asked. */
export interface Subscription {
  topics: readonly string[]
  /** For the assignor alone (Assignor.subscriptionUserData); null where it sends none. */
  userData: Buffer | null
  /** Since v1 (KIP-429). */
  ownedPartitions: PartitionsByTopic
  /** The generation in which `ownedPartitions` were owned, or -1. Since v2. */
  generationId: number
  /** Since v3 (KIP-881). */
  rackId: string | null
}

/** A subscription to encode: all but the topics may be left out. */
export type SubscriptionToEncode = Pick<Subscription, 'topics'> & Partial<Subscription>

/** The newest version that we know, and the one that is written unless another is asked for. */
export const SUBSCRIPTION_VERSION = 3

/** The blob. Topics and partitions are sorted, so that an unchanged subscription gives unchanged bytes. */
export function encodeSubscription(subscription: SubscriptionToEncode, version = SUBSCRIPTION_VERSION): Buffer {
  const { topics, userData = null, ownedPartitions = new Map(), generationId = -1, rackId = null } = subscription
  return writeVersioned(ConsumerProtocolSubscription, version, {
    topics: [...topics].sort(compareNames),
    userData,
    ownedPartitions: toSortedTopicList(ownedPartitions),
    generationId,
    rackId,
  })
}

/** The subscription in a blob of any version; what its version lacks has its default. DecodeError when malformed. */
export function decodeSubscription(bytes: Buffer): Subscription {
  const { topics, userData, ownedPartitions, generationId, rackId } = readVersioned(ConsumerProtocolSubscription, bytes)
  return { topics, userData, ownedPartitions: fromTopicList(ownedPartitions), generationId, rackId }
}
