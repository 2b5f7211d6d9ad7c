// Kafka's `sticky` assignor (KIP-54): even shares, with as few partitions as possible changing hands.
import { emptyAssignments, give, sortedMembers } from './assignor.ts'
import type { Assignor } from './assignor.ts'
import { readStickyUserData, writeStickyUserData } from './sticky-user-data.ts'
import { stickyShares } from './sticky-shares.ts'

/**
 * StickyAssignor without racks. Members give up everything before they rejoin, so what they had is in their user data,
 * where the Java client has it too: a group may mix the two.
 */
export const sticky: Assignor = {
  name: 'sticky',
  protocol: 'eager',
  subscriptionUserData: writeStickyUserData,
  assign({ members, partitions }) {
    const sorted = sortedMembers(members)
    const assignments = emptyAssignments(sorted)
    stickyShares(
      sorted,
      partitions,
      ({ subscription }) => readStickyUserData(subscription.userData),
      (topic, partition, member) => give(assignments, sorted[member]!, topic, partition),
    )
    return assignments
  },
}
