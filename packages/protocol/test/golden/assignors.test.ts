// Sixty random groups, assigned by the Java client's RangeAssignor and RoundRobinAssignor (kafka-clients 3.9.0) and by ours.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { range } from '../../src/assignment/range.ts'
import { roundrobin } from '../../src/assignment/roundrobin.ts'

type Lists = [memberId: string, [topic: string, partitions: number[]][]][]
interface Case {
  members: { memberId: string; groupInstanceId: string | null; topics: string[] }[]
  partitions: [topic: string, count: number][]
  range: Lists
  roundrobin: Lists
}

const cases = JSON.parse(
  readFileSync(new URL('./assignment/java-assignors.json', import.meta.url), 'utf8'),
) as Case[]

test.each([range, roundrobin])('$name gives every member what the Java client gives it', (assignor) => {
  expect(cases).toHaveLength(60)
  for (const example of cases) {
    const members = example.members.map(({ memberId, groupInstanceId, topics }) => ({
      memberId,
      groupInstanceId,
      subscription: { topics, userData: null, ownedPartitions: new Map(), generationId: -1, rackId: null },
    }))
    const expected = new Map(
      example[assignor.name as 'range' | 'roundrobin'].map(([memberId, topics]) => [memberId, new Map(topics)]),
    )
    expect(assignor.assign({ members, partitions: new Map(example.partitions) })).toEqual(expected)
  }
})
