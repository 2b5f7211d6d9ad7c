// Kafka's `range` assignor: each topic is cut into consecutive pieces, one for each of its subscribers.
import { emptyAssignments, give, sortedMembers, subscribersByTopic } from './assignor.ts'
import type { Assignor } from './assignor.ts'

/** RangeAssignor without racks: the first subscribers get one partition more when the count does not divide. */
export const range: Assignor = {
  name: 'range',
  protocol: 'eager',
  assign({ members, partitions }) {
    const sorted = sortedMembers(members)
    const assignments = emptyAssignments(sorted)
    for (const [topic, subscribers] of subscribersByTopic(sorted)) {
      const count = partitions.get(topic) ?? 0
      const share = Math.floor(count / subscribers.length)
      const withOneMore = count % subscribers.length
      let partition = 0
      subscribers.forEach((member, index) => {
        const end = partition + share + (index < withOneMore ? 1 : 0)
        while (partition < end) give(assignments, member, topic, partition++)
      })
    }
    return assignments
  },
}
