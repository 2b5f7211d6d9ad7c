// What the leader of a group does: reads the members' subscriptions, shares the partitions out, writes the assignments.
import {
  builtInAssignors,
  decodeSubscription,
  DecodeError,
  encodeAssignment,
  type Assignor,
  type AssignorMember,
} from '@goqueue/protocol'
import { GoQueueError } from './errors.ts'
import type { JoinedMember } from './membership.ts'

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

/** The bytes of each member's assignment. */
export function makeAssignments(
  assignor: Assignor,
  members: readonly AssignorMember[],
  partitions: ReadonlyMap<string, number>,
): Map<string, Buffer> {
  const assignments = assignor.assign({ members, partitions })
  return new Map(Array.from(assignments, ([memberId, byTopic]) => [memberId, encodeAssignment(byTopic)]))
}
