// The assignors against the seed's example and against what must hold for any group; Kafka's own answers are in test/golden.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Assignments, AssignorMember } from './assignor.ts'
import { builtInAssignors } from './built-in-assignors.ts'
import { range } from './range.ts'
import { roundrobin } from './roundrobin.ts'

function member(memberId: string, topics: readonly string[], groupInstanceId: string | null = null): AssignorMember {
  const subscription = { topics, userData: null, ownedPartitions: new Map(), generationId: -1, rackId: null }
  return { memberId, groupInstanceId, subscription }
}

function asLists(assignments: Assignments): [string, [string, number[]][]][] {
  return Array.from(assignments, ([memberId, byTopic]): [string, [string, number[]][]] => [memberId, [...byTopic]])
}

const three = ['consumer-1', 'consumer-2', 'consumer-3'].map((memberId) => member(memberId, ['my-topic']))

test('roundrobin deals four partitions to three consumers as the seed shows it', () => {
  expect(asLists(roundrobin.assign({ members: three, partitions: new Map([['my-topic', 4]]) }))).toEqual([
    ['consumer-1', [['my-topic', [0, 3]]]],
    ['consumer-2', [['my-topic', [1]]]],
    ['consumer-3', [['my-topic', [2]]]],
  ])
})

test('range gives consecutive partitions, and the odd one to the first consumer', () => {
  expect(asLists(range.assign({ members: three, partitions: new Map([['my-topic', 4]]) }))).toEqual([
    ['consumer-1', [['my-topic', [0, 1]]]],
    ['consumer-2', [['my-topic', [2]]]],
    ['consumer-3', [['my-topic', [3]]]],
  ])
})

const names = fc.constantFrom('orders', 'payments', '__proto__', 'constructor', 'toString', '')
const groups = fc.record({
  members: fc.array(
    fc.tuple(
      fc.oneof(names, fc.string({ maxLength: 3 })),
      fc.array(names, { maxLength: 6 }),
      fc.option(fc.string({ maxLength: 2 })),
    ),
    { maxLength: 8 },
  ),
  partitions: fc.array(fc.tuple(names, fc.integer({ min: -1, max: 20 })), { maxLength: 6 }),
})

describe.each([...builtInAssignors.values()])('$name', (assignor) => {
  test('I21, N17: gives each partition to exactly one subscriber if there is one, for any group and any names', () => {
    fc.assert(
      fc.property(groups, (group) => {
        const members = group.members.map(([memberId, topics, instanceId]) => member(memberId, topics, instanceId))
        const partitions = new Map(group.partitions)
        const assignments = assignor.assign({ members, partitions })
        const byId = new Map(members.map((each) => [each.memberId, each]))
        expect(new Set(assignments.keys())).toEqual(new Set(byId.keys()))
        const owners = new Map<string, string>()
        for (const [memberId, byTopic] of assignments) {
          for (const [topic, given] of byTopic) {
            expect(byId.get(memberId)?.subscription.topics).toContain(topic)
            expect(given.length).toBeGreaterThan(0)
            for (const partition of given) {
              const key = `${topic}/${partition}`
              expect(owners.has(key)).toBe(false)
              owners.set(key, memberId)
            }
          }
        }
        const wanted = new Set([...byId.values()].flatMap((each) => each.subscription.topics))
        for (const [topic, count] of partitions) {
          for (let partition = 0; partition < count; partition++) {
            expect(owners.has(`${topic}/${partition}`)).toBe(wanted.has(topic))
          }
        }
      }),
      { numRuns: 300 },
    )
  })

  test('gives the same whatever the order in which members joined', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 5 }), (order) => {
        const all = order.map((n) => member(`member-${n}`, ['a', 'b'].slice(0, 1 + (n % 2)), n < 2 ? `i-${n}` : null))
        const partitions = new Map([
          ['a', 7],
          ['b', 5],
        ])
        const sorted = [...all].sort((left, right) => (left.memberId < right.memberId ? -1 : 1))
        const expected = new Map(assignor.assign({ members: sorted, partitions }))
        expect(assignor.assign({ members: all, partitions })).toEqual(expected)
      }),
    )
  })
})
