// What the leader reads of a group's members: which partitions nobody has.
import { encodeAssignment, encodeSubscription } from '@goqueue/protocol'
import { describe, expect, it } from 'vitest'
import { unownedPartitions } from './group-assignment.ts'

const member = (topics: string[], owned: [string, number[]][]) => ({
  memberId: 'm',
  groupInstanceId: null,
  metadata: encodeSubscription({ topics, userData: null, ownedPartitions: new Map(), generationId: 1 }),
  assignment: encodeAssignment(new Map(owned)),
})
const COUNTS = new Map([
  ['orders', 3],
  ['payments', 1],
])

describe('partitions without an owner', () => {
  it('are those of subscribed topics that nobody was assigned', () => {
    const members = [member(['orders'], [['orders', [0]]]), member(['orders'], [['orders', [2]]])]
    expect(unownedPartitions(members, COUNTS)).toEqual(new Set(['orders\0' + '1']))
  })

  it('are none of topics that nobody subscribes to, or that are not there', () => {
    expect(unownedPartitions([member(['gone'], [])], COUNTS)).toEqual(new Set())
  })

  it('are not known where an assignment cannot be read', () => {
    const strange = { ...member(['payments'], []), assignment: Buffer.from([0, 1, 2]) }
    expect(unownedPartitions([member(['orders'], []), strange], COUNTS)).toEqual(new Set())
  })
})
