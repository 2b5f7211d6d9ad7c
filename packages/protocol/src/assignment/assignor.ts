// What an assignor is: a pure function from members and partition counts to who reads what.
import type { Subscription } from './subscription.ts'
import { compareNames } from './topic-partitions.ts'
import type { PartitionsByTopic } from './topic-partitions.ts'

/** A member as the leader sees it. */
export interface AssignorMember {
  memberId: string
  groupInstanceId: string | null
  subscription: Subscription
}

export interface AssignorInput {
  members: readonly AssignorMember[]
  /** Partition count of each topic that exists; a topic that is not here is assigned to nobody. */
  partitions: ReadonlyMap<string, number>
}

/** Partitions by topic for every member, also for one that gets nothing; topics of which it gets nothing are left out. */
export type Assignments = Map<string, Map<string, number[]>>

/** What a member was assigned last. */
export interface PreviousAssignment {
  /** Also for an eager member, which has given them up by the time it joins. */
  partitions: PartitionsByTopic
  /** The generation of that assignment; -1 for a member that never had one. */
  generationId: number
}

/**
 * Total for any input: it ends, and gives each partition of a subscribed topic to exactly one subscriber (I21), or,
 * where it is cooperative, to nobody for as long as another member says that it owns it.
 * Depends on nothing but its input, so that it does not matter which member leads.
 */
export interface Assignor {
  /** Kafka's name on the wire. */
  name: string
  /** Whether members give up everything before a rebalance (eager) or only what they lose (KIP-429). */
  protocol: 'eager' | 'cooperative'
  /** User data for the member's subscription, made for each JoinGroup. Without this method there is none. */
  subscriptionUserData?(previous: PreviousAssignment): Buffer | null
  assign(input: AssignorInput): Assignments
}

/** Kafka's order of members (AbstractPartitionAssignor.MemberInfo): static ones by instance id, then the rest by member id. */
export function compareMembers(left: AssignorMember, right: AssignorMember): number {
  if (left.groupInstanceId !== null && right.groupInstanceId !== null) {
    return compareNames(left.groupInstanceId, right.groupInstanceId) || compareNames(left.memberId, right.memberId)
  }
  if (left.groupInstanceId !== null) return -1
  if (right.groupInstanceId !== null) return 1
  return compareNames(left.memberId, right.memberId)
}

/** The members in Kafka's order; of two with one member id, only the last counts, as in a map. */
export function sortedMembers(members: readonly AssignorMember[]): AssignorMember[] {
  return [...new Map(members.map((member) => [member.memberId, member])).values()].sort(compareMembers)
}

/** An empty assignment for each member. */
export function emptyAssignments(members: readonly AssignorMember[]): Assignments {
  return new Map(members.map((member) => [member.memberId, new Map<string, number[]>()]))
}

/** Members of each subscribed topic, topics in Kafka's order, members in the order given. */
export function subscribersByTopic(members: readonly AssignorMember[]): [topic: string, AssignorMember[]][] {
  const byTopic = new Map<string, Set<AssignorMember>>()
  for (const member of members) {
    for (const topic of member.subscription.topics) {
      const subscribers = byTopic.get(topic)
      if (subscribers === undefined) byTopic.set(topic, new Set([member]))
      else subscribers.add(member)
    }
  }
  return Array.from(byTopic, ([topic, subscribers]): [string, AssignorMember[]] => [topic, [...subscribers]]).sort(
    ([left], [right]) => compareNames(left, right),
  )
}

/** Adds one partition to what a member gets. */
export function give(assignments: Assignments, member: AssignorMember, topic: string, partition: number): void {
  const byTopic = assignments.get(member.memberId)!
  const partitions = byTopic.get(topic)
  if (partitions === undefined) byTopic.set(topic, [partition])
  else partitions.push(partition)
}
