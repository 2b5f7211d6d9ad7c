// What the leader of a group does: reads the members' subscriptions, shares the partitions out, writes the assignments.
import {
  decodeSubscription,
  DecodeError,
  encodeAssignment,
  range,
  roundrobin,
  type Assignor,
  type AssignorMember,
} from '@goqueue/protocol'
import { GoQueueError } from './errors.ts'
import type { JoinedMember } from './membership.ts'

const BUILT_IN: readonly Assignor[] = [roundrobin, range]

/** Assignors by their name on the wire, in order of preference. Throws INVALID_OPTIONS for a name that is not known. */
export function resolveAssignors(given: readonly (string | Assignor)[]): Map<string, Assignor> {
  const assignors = given.map((assignor) => {
    const found = typeof assignor === 'string' ? BUILT_IN.find(({ name }) => name === assignor) : assignor
    if (found !== undefined) return found
    const allowed = BUILT_IN.map(({ name }) => `'${name}'`).join(', ')
    throw new GoQueueError(
      'INVALID_OPTIONS',
      `client.groupConsumer: assignors: there is no assignor '${String(assignor)}'; allowed are ${allowed}, and assignors of your own`,
    )
  })
  return new Map(assignors.map((assignor) => [assignor.name, assignor]))
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
