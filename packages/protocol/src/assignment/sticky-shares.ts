// What `sticky` and `cooperative-sticky` have in common: claims settled, partitions shared out evenly.
import { subscribersByTopic } from './assignor.ts'
import type { AssignorInput, AssignorMember, PreviousAssignment } from './assignor.ts'
import { settleClaims } from './claims.ts'
import { shareEvenly } from './even-shares.ts'

/** Topics with one set of subscribers, whose partitions are shared out as one. */
interface TopicPool {
  topics: string[]
  members: number[]
  owners: number[]
}

/**
 * Calls `give` for each partition of each topic that somebody subscribes to, in order, with the index (in `members`)
 * of the member that should get it, and with that of the member that may keep it, or UNCLAIMED or DISPUTED.
 */
export function stickyShares(
  members: readonly AssignorMember[],
  partitions: AssignorInput['partitions'],
  claimOf: (member: AssignorMember) => PreviousAssignment,
  give: (topic: string, partition: number, member: number, owner: number) => void,
): void {
  const owners = settleClaims(members, partitions, claimOf)
  const places = new Map(members.map((member, index) => [member, index]))
  const pools = new Map<string, TopicPool>()
  for (const [topic, subscribers] of subscribersByTopic(members)) {
    const ownersOfTopic = owners.get(topic)
    if (ownersOfTopic === undefined) continue
    const indexes = subscribers.map((subscriber) => places.get(subscriber)!)
    const key = indexes.join()
    let pool = pools.get(key)
    if (pool === undefined) pools.set(key, (pool = { topics: [], members: indexes, owners: [] }))
    pool.topics.push(topic)
    for (const owner of ownersOfTopic) pool.owners.push(owner)
  }
  const inOrder = [...pools.values()]
  const holders = shareEvenly(inOrder, members.length)
  for (const [index, pool] of inOrder.entries()) {
    let next = 0
    for (const topic of pool.topics) {
      const count = owners.get(topic)!.length
      for (let partition = 0; partition < count; partition++, next++) {
        give(topic, partition, holders[index]![next]!, pool.owners[next]!)
      }
    }
  }
}
