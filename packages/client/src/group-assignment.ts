// What the leader of a group does: reads the members' subscriptions, shares the partitions out, writes the assignments.
import {
  builtInAssignors,
  decodeAssignment,
  decodeSubscription,
  DecodeError,
  encodeAssignment,
  type Assignor,
  type AssignorMember,
} from '@goqueue/protocol'
import { GoQueueError } from './errors.ts'
import type { JoinedMember } from './membership.ts'
import { partitionKey } from './record.ts'

/** Assignors by their name on the wire, in order of preference. Throws INVALID_OPTIONS for a name that is not known. */
export function resolveAssignors(given: readonly (string | Assignor)[]): Map<string, Assignor> {
  const assignors = given.map((assignor) => {
    const found = typeof assignor === 'string' ? builtInAssignors.get(assignor) : assignor
    if (found !== undefined) return found
    const allowed = Array.from(builtInAssignors.keys(), (name) => `'${name}'`).join(', ')
    throw new GoQueueError(
      'INVALID_OPTIONS',
      `client.groupConsumer: assignors: there is no assignor '${String(assignor)}'; allowed are ${allowed}, and assignors of your own`,
    )
  })
  return new Map(assignors.map((assignor) => [assignor.name, assignor]))
}

/** Whether a member with these assignors keeps its partitions through a rebalance: only if all would let it (KIP-429). */
export function areCooperative(assignors: Iterable<Assignor>): boolean {
  return [...assignors].every(({ protocol }) => protocol === 'cooperative')
}

/** What to tell of a list that is cooperative in part, the step on the way to a cooperative group; null for others. */
export function eagerAdvice(assignors: ReadonlyMap<string, Assignor>): string | null {
  const [cooperative, eager] = [true, false].map((isCooperative) =>
    Array.from(assignors.values())
      .filter(({ protocol }) => (protocol === 'cooperative') === isCooperative)
      .map(({ name }) => `'${name}'`)
      .join(', '),
  ) as [string, string]
  if (cooperative === '' || eager === '') return null
  return `gives up all its partitions in each rebalance, as ${eager} demands; once every member of the group offers ${cooperative}, set assignors: [${cooperative}]`
}

/** The members with their subscriptions. One that cannot be read subscribes to nothing: it must not stop the others. */
export function readMembers(members: readonly JoinedMember[]): AssignorMember[] {
  return members.map(({ memberId, groupInstanceId, metadata }) => {
    try {
      return { memberId, groupInstanceId, subscription: decodeSubscription(metadata) }
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      const nothing = { topics: [], userData: null, ownedPartitions: new Map(), generationId: -1, rackId: null }
      return { memberId, groupInstanceId, subscription: nothing }
    }
  })
}

/** Every topic that some member subscribes to. */
export function subscribedTopics(members: readonly AssignorMember[]): string[] {
  return [...new Set(members.flatMap(({ subscription }) => subscription.topics))]
}

/** A member as its group is described: what it subscribes to, and what it was assigned. */
export interface AssignedMember extends JoinedMember {
  readonly assignment: Buffer
}

/** The partitions, by `partitionKey`, that some member subscribes to and none was assigned; none where that cannot be read. */
export function unownedPartitions(
  members: readonly AssignedMember[],
  partitions: ReadonlyMap<string, number>,
): Set<string> {
  const unowned = new Set<string>()
  for (const topic of subscribedTopics(readMembers(members))) {
    for (let partition = 0; partition < (partitions.get(topic) ?? 0); partition++) {
      unowned.add(partitionKey(topic, partition))
    }
  }
  try {
    for (const { assignment } of members) {
      for (const [topic, owned] of decodeAssignment(assignment).partitions) {
        for (const partition of owned) unowned.delete(partitionKey(topic, partition))
      }
    }
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    unowned.clear()
  }
  return unowned
}

/** The bytes of each member's assignment. */
export function makeAssignments(
  assignor: Assignor,
  members: readonly AssignorMember[],
  partitions: ReadonlyMap<string, number>,
): Map<string, Buffer> {
  const assignments = assignor.assign({ members, partitions })
  return new Map(Array.from(assignments, ([memberId, byTopic]) => [memberId, encodeAssignment(byTopic)]))
}
