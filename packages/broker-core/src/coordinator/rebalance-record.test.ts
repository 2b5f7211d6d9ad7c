// What is kept of a rebalance: what moved, and JSON that stays small however large the group is.
import { encodeAssignment } from '@goqueue/protocol'
import { describe, expect, it } from 'vitest'
import type { Rebalance } from '../classic-group/effect.ts'
import { GroupDriver } from '../../test/group-driver.ts'
import { encodeRebalanceRecord, recordOfRebalance } from './rebalance-record.ts'

/** A group of one that gets these partitions of `orders`, as its machine tells it. */
function rebalanceTo(partitions: readonly number[], consumerId = 'consumer-1'): Rebalance {
  const driver = new GroupDriver({ groupInitialRebalanceDelayMs: 0 })
  driver.join({ groupInstanceId: consumerId })
  driver.advance(0)
  const [memberId = ''] = driver.memberIds
  const assignment = encodeAssignment(new Map([['orders', [...partitions]]]))
  driver.sync(memberId, { groupInstanceId: consumerId, assignments: [{ memberId, assignment }] })
  const effect = driver.effects.find(({ kind }) => kind === 'rebalanced')
  if (effect?.kind !== 'rebalanced') throw new Error('the group has not settled')
  return effect.rebalance
}

const upTo = (count: number) => Array.from({ length: count }, (_, partition) => partition)

describe('what moved', () => {
  it('is in the order of topics and partitions', () => {
    const { moved } = recordOfRebalance('g', rebalanceTo([2, 0, 10]), 0)
    expect(moved?.map(({ partition }) => partition)).toEqual([0, 2, 10])
  })

  it('does not count a static member that came back under a new member id', () => {
    const rebalance = rebalanceTo([0, 1])
    const before = rebalance.after.map((member) => ({ ...member, memberId: 'consumer-1-older' }))
    expect(recordOfRebalance('g', { ...rebalance, before }, 0)).toMatchObject({ moved: [], movedCount: 0 })
  })

  it('is not looked at where an assignment claims more partitions than there can be', () => {
    expect(recordOfRebalance('g', rebalanceTo(upTo(25_000)), 0).movedCount).toBe(25_000)
    expect(recordOfRebalance('g', rebalanceTo(upTo(25_001)), 0)).toMatchObject({ moved: null, movedCount: null })
  })
})

describe('the JSON', () => {
  const decode = (bytes: Buffer) => JSON.parse(bytes.toString()) as { moved: unknown[]; movedCount: number }

  it('lists 500 moved partitions and counts the others', () => {
    const { moved, movedCount } = decode(encodeRebalanceRecord(recordOfRebalance('g', rebalanceTo(upTo(600)), 0), 1e6))
    expect([moved.length, movedCount]).toEqual([500, 600])
  })

  it('lists fewer where it would become too large', () => {
    const record = recordOfRebalance('g', rebalanceTo(upTo(600), 'a'.repeat(200)), 0)
    const bytes = encodeRebalanceRecord(record, 40_000)
    expect(bytes.length).toBeLessThanOrEqual(40_000)
    const { moved, movedCount } = decode(bytes)
    expect(moved.length).toBeGreaterThan(100)
    expect(movedCount).toBe(600)
  })
})
