// Who may keep which partition: settles what the members of a group say they owned.
import type { AssignorInput, AssignorMember, PreviousAssignment } from './assignor.ts'

/** No member claims the partition. */
export const UNCLAIMED = -1
/** The partition is claimed, but by nobody who may keep it. */
export const DISPUTED = -2

/**
 * For each partition of each topic the index (in `members`) of the member that may keep it, or UNCLAIMED or DISPUTED.
 * The claim of the newest generation holds. Two of that generation void each other, since one of the two must be wrong
 * and both may be reading (KAFKA-12984), and so does the claim of a member that no longer subscribes to the topic.
 * Claims of partitions that do not exist are passed over.
 */
export function settleClaims(
  members: readonly AssignorMember[],
  partitions: AssignorInput['partitions'],
  claimOf: (member: AssignorMember) => PreviousAssignment,
): Map<string, Int32Array> {
  const owners = new Map<string, Int32Array>()
  const generations = new Map<string, Int32Array>()
  for (const [topic, count] of partitions) {
    if (!(count > 0)) continue
    owners.set(topic, new Int32Array(count).fill(UNCLAIMED))
    generations.set(topic, new Int32Array(count))
  }
  const claims = members.map(claimOf)
  for (const [index, { partitions: claimed, generationId }] of claims.entries()) {
    for (const [topic, list] of claimed) {
      const owner = owners.get(topic)
      const generation = generations.get(topic)
      if (owner === undefined || generation === undefined) continue
      for (const partition of list) {
        const other = owner[partition]
        if (other === undefined || other === index) continue
        if (other === UNCLAIMED || generationId > generation[partition]!) {
          owner[partition] = index
          generation[partition] = generationId
        } else if (generationId === generation[partition]) {
          owner[partition] = DISPUTED
        }
      }
    }
  }
  const subscriptions = members.map(({ subscription }) => new Set(subscription.topics))
  for (const [topic, owner] of owners) {
    for (const [partition, index] of owner.entries()) {
      if (index >= 0 && !subscriptions[index]!.has(topic)) owner[partition] = DISPUTED
    }
  }
  return owners
}
