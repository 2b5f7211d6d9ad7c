// Kafka's `cooperative-sticky` assignor (KIP-429): the shares of `sticky`, handed over in two rounds.
import { emptyAssignments, give, sortedMembers } from './assignor.ts'
import type { Assignor, PreviousAssignment } from './assignor.ts'
import { UNCLAIMED } from './claims.ts'
import { stickyShares } from './sticky-shares.ts'
import type { Subscription } from './subscription.ts'

const GENERATION_BYTES = 4

/**
 * CooperativeStickyAssignor without racks. A partition that should change hands is withheld: nobody gets it in this
 * round, so that its owner gives it up and rejoins, and the next round finds it free. The same goes for a partition
 * whose claims void each other, as each of those who claim it may be reading.
 */
export const cooperativeSticky: Assignor = {
  name: 'cooperative-sticky',
  protocol: 'cooperative',
  subscriptionUserData({ generationId }) {
    const userData = Buffer.alloc(GENERATION_BYTES)
    userData.writeInt32BE(generationId)
    return userData
  },
  assign({ members, partitions }) {
    const sorted = sortedMembers(members)
    const assignments = emptyAssignments(sorted)
    stickyShares(
      sorted,
      partitions,
      ({ subscription }) => claimOf(subscription),
      (topic, partition, member, owner) => {
        const isFree = owner === UNCLAIMED || owner === member
        if (isFree) give(assignments, sorted[member]!, topic, partition)
      },
    )
    return assignments
  },
}

/** Before subscriptions had a generation (v2, KIP-792), the Java client put it into the user data. */
function claimOf({ ownedPartitions, generationId, userData }: Subscription): PreviousAssignment {
  if (generationId >= 0 || userData === null || userData.length < GENERATION_BYTES) {
    return { partitions: ownedPartitions, generationId }
  }
  return { partitions: ownedPartitions, generationId: userData.readInt32BE(0) }
}
