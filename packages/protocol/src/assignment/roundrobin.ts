// Kafka's `roundrobin` assignor: all partitions of all topics are dealt out in turn.
import { emptyAssignments, give, sortedMembers, subscribersByTopic } from './assignor.ts'
import type { Assignor } from './assignor.ts'

/** RoundRobinAssignor: the turn goes on from topic to topic, and passes over members that do not subscribe. */
export const roundrobin: Assignor = {
  name: 'roundrobin',
  protocol: 'eager',
  assign({ members, partitions }) {
    const sorted = sortedMembers(members)
    const assignments = emptyAssignments(sorted)
    let turn = 0
    for (const [topic, subscribers] of subscribersByTopic(sorted)) {
      const isSubscriber = new Set(subscribers)
      const count = partitions.get(topic) ?? 0
      for (let partition = 0; partition < count; partition++) {
        // Ends: every topic here has at least one subscriber.
        while (!isSubscriber.has(sorted[turn]!)) turn = (turn + 1) % sorted.length
        give(assignments, sorted[turn]!, topic, partition)
        turn = (turn + 1) % sorted.length
      }
    }
    return assignments
  },
}
