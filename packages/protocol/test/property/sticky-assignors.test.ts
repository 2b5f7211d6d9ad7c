// What must hold for `sticky` and `cooperative-sticky` in any group, round after round.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cooperativeSticky } from '../../src/assignment/cooperative-sticky.ts'
import { sticky } from '../../src/assignment/sticky.ts'
import {
  after,
  assign,
  contradictoryGroups,
  flat,
  freshGroups,
  holders,
  isBalanced,
  loads,
  onTheWire,
  wanted,
  type Group,
} from './arbitrary-group.ts'

const runs = { numRuns: 200 }

/** Everybody has what a first assignment gave, in generation 1. */
const settledGroups = (subscriptions: 'equal' | 'any'): fc.Arbitrary<Group> =>
  freshGroups(subscriptions).map((group) => after(group, assign(sticky, group), 1))

/** Those who hold a partition legitimately: alone, or against older generations only, and subscribed to it. */
function rightfulOwners({ members }: Group): Map<string, string> {
  const claims = new Map<string, { memberId: string; generationId: number; isWanted: boolean }[]>()
  for (const { memberId, generationId, owned, topics } of members) {
    for (const [topic, list] of owned) {
      for (const partition of new Set(list)) {
        const key = `${topic}/${partition}`
        claims.set(key, [...(claims.get(key) ?? []), { memberId, generationId, isWanted: topics.includes(topic) }])
      }
    }
  }
  const owners = new Map<string, string>()
  for (const [key, all] of claims) {
    const newest = Math.max(...all.map(({ generationId }) => generationId))
    const [owner, ...others] = all.filter(({ generationId }) => generationId === newest)
    if (others.length === 0 && owner!.isWanted) owners.set(key, owner!.memberId)
  }
  return owners
}

/** The fewest owned partitions that must move to even out equal subscriptions. */
function fewestMoves(group: Group): number {
  const owners = [...rightfulOwners(group)].filter(([key]) => wanted(group).has(key))
  const owned = group.members.map(({ memberId }) => owners.filter(([, owner]) => owner === memberId).length)
  const total = wanted(group).size
  const share = Math.floor(total / owned.length)
  const withOneMore = total % owned.length
  return owned
    .sort((left, right) => right - left)
    .reduce((moves, count, index) => moves + Math.max(0, count - share - (index < withOneMore ? 1 : 0)), 0)
}

describe.each([sticky, cooperativeSticky])('$name', (assignor) => {
  test('gives the same whatever the order of members, topics and claims', () => {
    fc.assert(
      fc.property(contradictoryGroups('any'), fc.func(fc.integer()), (group, weight) => {
        const shuffled = <T>(list: Iterable<T>): T[] =>
          [...list]
            .map((each) => [weight(each), each] as const)
            .sort(([a], [b]) => a - b)
            .map(([, each]) => each)
        const members = onTheWire(assignor, group.members)
        const reordered = members.map((member) => {
          const { subscription } = member
          const ownedPartitions = new Map(
            shuffled(subscription.ownedPartitions).map(([topic, list]) => [topic, shuffled(list)]),
          )
          return {
            ...member,
            subscription: { ...subscription, topics: shuffled(subscription.topics), ownedPartitions },
          }
        })
        const expected = assignor.assign({ members, partitions: group.partitions })
        const other = assignor.assign({ members: shuffled(reordered), partitions: new Map(shuffled(group.partitions)) })
        expect([...other]).toEqual([...expected])
      }),
      runs,
    )
  })

  test('moves nothing when the same members rejoin', () => {
    fc.assert(
      fc.property(settledGroups('any'), (group) => {
        const owned = new Map(group.members.map((member) => [member.memberId, member.owned]))
        expect(assign(assignor, group)).toEqual(owned)
      }),
      runs,
    )
  })

  test('moves only what a member had that leaves, when subscriptions are equal', () => {
    fc.assert(
      fc.property(settledGroups('equal'), fc.nat(), (group, which) => {
        const gone = which % group.members.length
        const rest = { ...group, members: group.members.filter((_, index) => index !== gone) }
        const assignments = assign(assignor, rest)
        for (const { memberId, owned } of rest.members) {
          expect(flat(assignments.get(memberId)!)).toEqual(expect.arrayContaining(flat(owned)))
        }
        const expected = rest.members.length === 0 ? 0 : wanted(rest).size
        expect(holders(rest, assignments).size).toBe(expected)
      }),
      runs,
    )
  })

  test('moves to a member that joins no more than balance needs, when subscriptions are equal', () => {
    fc.assert(
      fc.property(settledGroups('equal'), (group) => {
        const newcomer = { ...group.members[0]!, memberId: 'new', groupInstanceId: null, owned: new Map() }
        const grown = { ...group, members: [...group.members, newcomer] }
        const assignments = assign(assignor, grown)
        const lost = group.members.flatMap(({ memberId, owned }) => {
          const kept = new Set(flat(assignments.get(memberId)!))
          return flat(owned).filter((key) => !kept.has(key))
        })
        expect(lost).toHaveLength(Math.floor(wanted(grown).size / grown.members.length))
      }),
      runs,
    )
  })

  test('takes from rightful owners as few partitions as balance needs, when subscriptions are equal', () => {
    fc.assert(
      fc.property(contradictoryGroups('equal'), (group) => {
        const held = holders(group, assign(assignor, group))
        const lost = [...rightfulOwners(group)].filter(
          ([key, owner]) => wanted(group).has(key) && held.get(key) !== owner,
        )
        expect(lost).toHaveLength(fewestMoves(group))
      }),
      runs,
    )
  })
})

test.each([sticky, cooperativeSticky])(
  'I21: $name shares 20,000 partitions among a thousand members when half are new',
  (assignor) => {
    const topics = Array.from({ length: 200 }, (_, index) => `topic-${index}`)
    const partitions = new Map(topics.map((topic) => [topic, 100]))
    const members = Array.from({ length: 1_000 }, (_, index) => {
      // The first half shares every topic: 40 partitions each.
      const owned = new Map(
        index < 500
          ? topics.filter((_topic, i) => i % 5 === index % 5).map((topic) => [topic, [Math.floor(index / 5)]])
          : [],
      )
      return { memberId: `member-${index}`, groupInstanceId: null, topics, owned, generationId: index < 500 ? 1 : -1 }
    })
    const group = { members, partitions }
    const load = loads(group, assign(assignor, group))
    expect(load.slice(0, 500)).toEqual(Array.from({ length: 500 }, () => 20))
    expect(load.slice(500)).toEqual(Array.from({ length: 500 }, () => (assignor === sticky ? 20 : 0)))
  },
)

describe('sticky', () => {
  test('I1, I21: gives each partition to exactly one subscriber and is balanced, whatever members claim', () => {
    fc.assert(
      fc.property(contradictoryGroups('any'), (group) => {
        const assignments = assign(sticky, group)
        expect(new Set(holders(group, assignments).keys())).toEqual(wanted(group))
        expect(isBalanced(group, assignments)).toBe(true)
      }),
      runs,
    )
  })

  test('differs by at most one between members with equal subscriptions, whatever they claim', () => {
    fc.assert(
      fc.property(contradictoryGroups('equal'), (group) => {
        const load = loads(group, assign(sticky, group))
        expect(Math.max(...load) - Math.min(...load)).toBeLessThanOrEqual(1)
      }),
      runs,
    )
  })

  test('I21: takes user data of any bytes for nothing owned, or for what it says, and still gives everything', () => {
    fc.assert(
      fc.property(freshGroups('any'), fc.array(fc.uint8Array({ maxLength: 40 })), (group, blobs) => {
        const members = onTheWire(sticky, group.members).map((member, index) => {
          const userData = Buffer.from(blobs[index] ?? [])
          return { ...member, subscription: { ...member.subscription, userData } }
        })
        const assignments = sticky.assign({ members, partitions: group.partitions })
        expect(new Set(holders(group, assignments).keys())).toEqual(wanted(group))
      }),
      runs,
    )
  })
})

describe('cooperative-sticky', () => {
  test('I1: gives a partition only to its rightful owner or when nobody claims it, and withholds only what is claimed', () => {
    fc.assert(
      fc.property(contradictoryGroups('any'), (group) => {
        const held = holders(group, assign(cooperativeSticky, group))
        const owners = rightfulOwners(group)
        const claimed = new Set(group.members.flatMap(({ owned }) => flat(owned)))
        for (const key of wanted(group)) {
          const holder = held.get(key)
          if (holder === undefined) expect(claimed).toContain(key)
          else if (claimed.has(key)) expect(owners.get(key)).toBe(holder)
        }
      }),
      runs,
    )
  })

  test('I1: two claims of one generation void each other, so that both members give the partition up', () => {
    fc.assert(
      fc.property(settledGroups('equal'), (group) => {
        const [first, ...others] = group.members
        const liar = { ...first!, memberId: 'liar', groupInstanceId: null }
        const held = holders(group, assign(cooperativeSticky, { ...group, members: [first!, liar, ...others] }))
        for (const key of flat(first!.owned)) expect(held.has(key)).toBe(false)
      }),
      runs,
    )
  })

  test('has handed everything over, in balance, after two rounds, and then rests', () => {
    fc.assert(
      fc.property(contradictoryGroups('any'), (group) => {
        const first = assign(cooperativeSticky, group)
        const rejoined = after(group, first, 3)
        const second = assign(cooperativeSticky, rejoined)
        expect(new Set(holders(rejoined, second).keys())).toEqual(wanted(group))
        expect(isBalanced(rejoined, second)).toBe(true)
        for (const { memberId } of group.members) {
          expect(flat(second.get(memberId)!)).toEqual(expect.arrayContaining(flat(first.get(memberId)!)))
        }
        expect(assign(cooperativeSticky, after(group, second, 4))).toEqual(second)
      }),
      { numRuns: 500 },
    )
  })

  test('never has a partition with two members while some have already applied the assignment and others have not', () => {
    fc.assert(
      fc.property(settledGroups('any'), freshGroups('any'), (group, { members: others, partitions }) => {
        // Other subscriptions, other members and other partition counts than the group was settled for.
        const members = group.members
          .slice(1)
          .map((member, index) => ({ ...member, topics: (others[index] ?? member).topics }))
        const newcomer = {
          ...group.members[0]!,
          memberId: 'new',
          groupInstanceId: null,
          owned: new Map(),
          generationId: -1,
        }
        const changed = { members: [...members, newcomer], partitions }
        const held = holders(changed, assign(cooperativeSticky, changed))
        for (const { memberId, owned } of changed.members) {
          for (const key of flat(owned)) expect([undefined, memberId]).toContain(held.get(key))
        }
      }),
      runs,
    )
  })

  test('reads the generation from user data when the subscription has none, as of a Java client before v2', () => {
    const userData = (generation: number): Buffer =>
      cooperativeSticky.subscriptionUserData!({ partitions: new Map(), generationId: generation })!
    const member = (memberId: string, generation: number) => {
      const ownedPartitions = new Map([['orders', [0, 1]]])
      const subscription = { topics: ['orders'], ownedPartitions, generationId: -1, rackId: null }
      return { memberId, groupInstanceId: null, subscription: { ...subscription, userData: userData(generation) } }
    }
    const partitions = new Map([['orders', 3]])
    const assignments = cooperativeSticky.assign({ members: [member('old', 3), member('new', 4)], partitions })
    expect(assignments).toEqual(
      new Map([
        ['new', new Map([['orders', [0, 1]]])],
        ['old', new Map([['orders', [2]]])],
      ]),
    )
  })
})
