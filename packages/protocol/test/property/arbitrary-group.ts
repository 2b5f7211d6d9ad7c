// Groups for the property tests of the sticky assignors: members with subscriptions and with claims of all sorts.
import fc from 'fast-check'
import type { AssignorMember, Assignments, Assignor } from '../../src/assignment/assignor.ts'
import { decodeSubscription, encodeSubscription } from '../../src/assignment/subscription.ts'

/** What a member of a test group wants and says; `assignors` turn it into bytes. */
export interface Member {
  memberId: string
  groupInstanceId: string | null
  topics: readonly string[]
  owned: ReadonlyMap<string, readonly number[]>
  generationId: number
}

export interface Group {
  members: Member[]
  partitions: Map<string, number>
}

const topicNames = ['orders', 'payments', '__proto__', 'constructor', '']

/** Nobody owns anything yet. `equal` gives everybody the same topics. */
export function freshGroups(subscriptions: 'equal' | 'any'): fc.Arbitrary<Group> {
  return fc
    .record({
      counts: fc.array(fc.integer({ min: 0, max: 9 }), { minLength: topicNames.length, maxLength: topicNames.length }),
      subscriptions: fc.array(fc.subarray(topicNames), { minLength: 1, maxLength: 7 }),
      areStatic: fc.boolean(),
    })
    .map(({ counts, subscriptions: chosen, areStatic }) => ({
      members: chosen.map((topics, index) => ({
        memberId: `member-${(index * 5) % 7}`,
        groupInstanceId: areStatic && index % 2 === 0 ? `instance-${index % 4}` : null,
        topics: subscriptions === 'equal' ? chosen[0]! : topics,
        owned: new Map(),
        generationId: -1,
      })),
      partitions: new Map(topicNames.map((topic, index) => [topic, counts[index]!])),
    }))
}

/** Members claim what they like: what others have, what is not there, what they do not subscribe to, in any generation. */
export function contradictoryGroups(subscriptions: 'equal' | 'any'): fc.Arbitrary<Group> {
  const claims = fc.array(
    fc.tuple(fc.constantFrom(...topicNames, 'gone'), fc.array(fc.integer({ min: -1, max: 10 }))),
    {
      maxLength: 4,
    },
  )
  return freshGroups(subscriptions).chain(({ members, partitions }) =>
    fc
      .array(fc.tuple(claims, fc.integer({ min: -1, max: 2 })), {
        minLength: members.length,
        maxLength: members.length,
      })
      .map((all) => ({
        members: members.map((member, index) => {
          const [owned, generationId] = all[index]!
          return { ...member, owned: new Map(owned), generationId }
        }),
        partitions,
      })),
  )
}

/** The members as the leader sees them: their subscriptions have been bytes. */
export function onTheWire(assignor: Assignor, members: readonly Member[]): AssignorMember[] {
  return members.map(({ memberId, groupInstanceId, topics, owned, generationId }) => {
    const userData = assignor.subscriptionUserData?.({ partitions: owned, generationId }) ?? null
    // An eager member has given up everything by the time it joins.
    const ownedPartitions = assignor.protocol === 'cooperative' ? owned : new Map<string, number[]>()
    const bytes = encodeSubscription({ topics, userData, ownedPartitions, generationId })
    return { memberId, groupInstanceId, subscription: decodeSubscription(bytes) }
  })
}

export function assign(assignor: Assignor, { members, partitions }: Group): Assignments {
  return assignor.assign({ members: onTheWire(assignor, members), partitions })
}

/** The group once everybody has what it was assigned. */
export function after(group: Group, assignments: Assignments, generationId: number): Group {
  const members = group.members.map((member) => {
    return { ...member, owned: assignments.get(member.memberId)!, generationId }
  })
  return { members, partitions: group.partitions }
}

/** Partitions as 'topic/partition'. */
export function flat(byTopic: ReadonlyMap<string, readonly number[]>): string[] {
  return Array.from(byTopic, ([topic, list]) => list.map((partition) => `${topic}/${partition}`)).flat()
}

/** The member that has each partition; fails when two have it, or one that does not subscribe. */
export function holders(group: Group, assignments: Assignments): Map<string, string> {
  const held = new Map<string, string>()
  for (const { memberId, topics } of group.members) {
    for (const [topic, list] of assignments.get(memberId)!) {
      if (!topics.includes(topic)) throw new Error(`${memberId} does not subscribe to '${topic}'`)
      for (const partition of list) {
        const key = `${topic}/${partition}`
        if (held.has(key)) throw new Error(`${key} was given twice`)
        held.set(key, memberId)
      }
    }
  }
  return held
}

/** Every partition that somebody subscribes to. */
export function wanted({ members, partitions }: Group): Set<string> {
  const topics = new Set(members.flatMap((member) => member.topics))
  const counts = Array.from(partitions).filter(([topic]) => topics.has(topic))
  return new Set(counts.flatMap(([topic, count]) => Array.from({ length: count }, (_, index) => `${topic}/${index}`)))
}

/** Number of partitions of each member, in the group's order. */
export function loads({ members }: Group, assignments: Assignments): number[] {
  return members.map(({ memberId }) => flat(assignments.get(memberId)!).length)
}

/** KIP-54's balance: nobody could take a partition from a member that has two or more above it. */
export function isBalanced(group: Group, assignments: Assignments): boolean {
  const load = loads(group, assignments)
  return group.members.every(({ memberId }, heavy) =>
    group.members.every(({ topics }, light) => {
      if (load[heavy]! < load[light]! + 2) return true
      return ![...assignments.get(memberId)!.keys()].some((topic) => topics.includes(topic))
    }),
  )
}
