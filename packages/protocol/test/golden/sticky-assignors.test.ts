// Groups that Kafka's sticky assignors led too: ours are as even and move as little, and each side reads the other's user data.
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Assignments, AssignorMember } from '../../src/assignment/assignor.ts'
import { builtInAssignors } from '../../src/assignment/built-in-assignors.ts'
import { readStickyUserData } from '../../src/assignment/sticky-user-data.ts'
import { decodeSubscription, encodeSubscription } from '../../src/assignment/subscription.ts'

type Name = 'sticky' | 'cooperative-sticky'
interface Vector {
  kind: string
  /** Subscriptions that we wrote, in hex. */
  members: [memberId: string, subscriptions: Record<Name, string>][]
  partitions: [topic: string, count: number][]
  /** What Kafka gives each member, and the subscription that a Java client then rejoins with, in generation 7. */
  java: Record<Name, [memberId: string, given: [topic: string, partitions: number[]][], next: string][]>
}

const { vectors } = JSON.parse(
  readFileSync(new URL('./assignment/java-sticky-assignors.json', import.meta.url), 'utf8'),
) as { vectors: Vector[] }

function membersOf(vector: Vector, name: Name): AssignorMember[] {
  return vector.members.map(([memberId, subscriptions]) => {
    return { memberId, groupInstanceId: null, subscription: decodeSubscription(Buffer.from(subscriptions[name], 'hex')) }
  })
}

function ours(vector: Vector, name: Name): Assignments {
  const members = membersOf(vector, name)
  return builtInAssignors.get(name)!.assign({ members, partitions: new Map(vector.partitions) })
}

function javas(vector: Vector, name: Name): Assignments {
  return new Map(vector.java[name].map(([memberId, given]) => [memberId, new Map(given)]))
}

/** How even an assignment is: less is better. */
function squaredLoads(assignments: Assignments): number {
  const loads = Array.from(assignments.values(), (given) => [...given.values()].flat().length)
  return loads.reduce((sum, load) => sum + load ** 2, 0)
}

function given(assignments: Assignments): Map<string, string> {
  const holders = new Map<string, string>()
  for (const [memberId, topics] of assignments) {
    for (const [topic, list] of topics) {
      for (const partition of list) holders.set(`${topic}/${partition}`, memberId)
    }
  }
  return holders
}

/** Partitions that one member alone claims in the newest generation, and wants, and that it no longer gets. */
function lost(vector: Vector, assignments: Assignments): number {
  const owners = new Map<string, { memberId: string | null; generationId: number }>()
  const counts = new Map(vector.partitions)
  for (const { memberId, subscription } of membersOf(vector, 'sticky')) {
    const { partitions, generationId } = readStickyUserData(subscription.userData)
    for (const [topic, list] of partitions) {
      for (const partition of list.filter((each) => each < (counts.get(topic) ?? 0))) {
        const key = `${topic}/${partition}`
        const other = owners.get(key)
        if (other !== undefined && other.generationId > generationId) continue
        const isAlone = other === undefined || other.generationId < generationId
        owners.set(key, { memberId: isAlone && subscription.topics.includes(topic) ? memberId : null, generationId })
      }
    }
  }
  const holders = given(assignments)
  return [...owners].filter(([key, { memberId }]) => memberId !== null && holders.get(key) !== memberId).length
}

const equal = vectors.filter(({ kind }) => kind.startsWith('equal'))
const unequal = vectors.filter(({ kind }) => kind.startsWith('unequal'))

test('there are vectors of every kind', () => {
  expect(equal).toHaveLength(48)
  expect(unequal).toHaveLength(48)
})

describe('with equal subscriptions', () => {
  test.each<Name>(['sticky', 'cooperative-sticky'])('%s takes from members exactly as many as Kafka does', (name) => {
    for (const vector of equal) {
      expect(lost(vector, ours(vector, name)), vector.kind).toBe(lost(vector, javas(vector, name)))
    }
  })

  test('sticky is exactly as even as Kafka', () => {
    for (const vector of equal) {
      expect(squaredLoads(ours(vector, 'sticky')), vector.kind).toBe(squaredLoads(javas(vector, 'sticky')))
    }
  })

  test('cooperative-sticky withholds exactly as many as Kafka, but for claims without a generation of their own', () => {
    for (const vector of equal) {
      // Kafka takes two claims of one generation for claims of two when the generations are in user data: it looks
      // for one of them in the field that subscriptions have since v2. Ours void each other.
      const hasGenerations = membersOf(vector, 'cooperative-sticky').some((each) => each.subscription.generationId >= 0)
      if (vector.kind.includes('claim the same') && !hasGenerations) continue
      const counts = [ours, javas].map((assign) => given(assign(vector, 'cooperative-sticky')).size)
      expect(counts[0], vector.kind).toBe(counts[1])
    }
  })
})

describe('with unequal subscriptions', () => {
  test('sticky is as even as Kafka or more so, and moves no more where it is as even', () => {
    for (const vector of unequal) {
      const [our, java] = [ours(vector, 'sticky'), javas(vector, 'sticky')]
      expect(squaredLoads(our), vector.kind).toBeLessThanOrEqual(squaredLoads(java))
      if (squaredLoads(our) < squaredLoads(java)) continue
      expect(lost(vector, our), vector.kind).toBeLessThanOrEqual(lost(vector, java))
    }
  })

  test('cooperative-sticky withholds what Kafka withholds or less, but for double claims, which only ours withholds', () => {
    for (const vector of unequal) {
      const [our, java] = [ours(vector, 'cooperative-sticky'), javas(vector, 'cooperative-sticky')]
      const isMoreEven = squaredLoads(ours(vector, 'sticky')) < squaredLoads(javas(vector, 'sticky'))
      if (vector.kind.includes('claim the same') || isMoreEven) continue
      expect(given(our).size, vector.kind).toBeGreaterThanOrEqual(given(java).size)
    }
  })
})

describe('subscriptions of the Java client', () => {
  const assigned = (name: Name): [string, Map<string, number[]>, string][] =>
    vectors.flatMap((vector) => vector.java[name].map(([id, list, next]): [string, Map<string, number[]>, string] => [id, new Map(list), next]))

  test('sticky reads from their user data what they had, and when', () => {
    for (const [, partitions, next] of assigned('sticky')) {
      const { userData } = decodeSubscription(Buffer.from(next, 'hex'))
      expect(readStickyUserData(userData)).toEqual({ partitions, generationId: 7 })
    }
  })

  test('cooperative-sticky writes the very same bytes', () => {
    const { subscriptionUserData } = builtInAssignors.get('cooperative-sticky')!
    for (const [, ownedPartitions, next] of assigned('cooperative-sticky')) {
      const { topics } = decodeSubscription(Buffer.from(next, 'hex'))
      const userData = subscriptionUserData!({ partitions: ownedPartitions, generationId: 7 })
      const bytes = encodeSubscription({ topics, userData, ownedPartitions, generationId: 7 })
      expect(bytes.toString('hex')).toBe(next)
    }
  })

  test.each<Name>(['sticky', 'cooperative-sticky'])('%s leads Java members on from where a Java leader left them', (name) => {
    for (const vector of vectors) {
      const before = javas(vector, name)
      const members = vector.java[name].map(([memberId, , next]) => {
        return { memberId, groupInstanceId: null, subscription: decodeSubscription(Buffer.from(next, 'hex')) }
      })
      const after = builtInAssignors.get(name)!.assign({ members, partitions: new Map(vector.partitions) })
      if (vector.kind.startsWith('unequal')) continue
      for (const [key, memberId] of given(before)) expect(given(after).get(key), vector.kind).toBe(memberId)
    }
  })
})
