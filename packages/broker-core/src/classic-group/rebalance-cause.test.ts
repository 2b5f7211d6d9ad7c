// What a group says of a rebalance when it has settled: who caused it and why, from what to what, and how long it took.
import { describe, expect, it } from 'vitest'
import { GroupDriver, protocols } from '../../test/group-driver.ts'
import { groupDefaults } from '../coordinator/group-defaults.ts'
import type { Rebalance } from './effect.ts'
import { imageOf } from './group-image.ts'
import { restoreGroup } from './restore-group.ts'

function rebalancesOf(driver: GroupDriver): Rebalance[] {
  return driver.effects.flatMap((effect) => (effect.kind === 'rebalanced' ? [effect.rebalance] : []))
}

const kindsOf = (rebalance: Rebalance | undefined) => rebalance?.causes.map(({ kind }) => kind)

describe('the record of a rebalance', () => {
  it('names everyone who joined while the group was forming, and how long that took', () => {
    const driver = new GroupDriver()
    const [leader = '', follower = ''] = driver.stable({ reason: 'first deploy' }, { groupInstanceId: 'consumer-2' })
    expect(rebalancesOf(driver)).toMatchObject([
      {
        generationId: 1,
        protocolType: 'consumer',
        protocolName: 'range',
        before: [],
        after: [
          { memberId: leader, assignment: Buffer.from(`for ${leader}`) },
          { memberId: follower, assignment: Buffer.from(`for ${follower}`) },
        ],
        tookMs: driver.nowMs,
        causes: [
          { kind: 'join', memberId: leader, reason: 'first deploy', clientId: 'client', clientHost: '/127.0.0.1' },
          { kind: 'join', memberId: follower, groupInstanceId: 'consumer-2', reason: null },
        ],
        causeCount: 2,
      },
    ])
  })

  it('has the assignments from before, and counts the time from the first cause to the last assignment', () => {
    const driver = new GroupDriver()
    const [leader = '', follower = ''] = driver.stable({}, {})
    driver.advance(6000)
    driver.heartbeat(leader)
    driver.advance(4000) // the follower's session is over
    driver.advance(1500)
    driver.join({ memberId: leader })
    driver.advance(500)
    driver.sync(leader, { assignments: [{ memberId: leader, assignment: Buffer.from('all') }] })
    expect(rebalancesOf(driver)[1]).toMatchObject({
      generationId: 2,
      before: [{ memberId: leader }, { memberId: follower, assignment: Buffer.from(`for ${follower}`) }],
      after: [{ memberId: leader, assignment: Buffer.from('all') }],
      tookMs: 2000,
      causes: [{ kind: 'sessionTimeout', memberId: follower }],
    })
  })

  it('is one for all generations that never settled, with what happened on the way', () => {
    const driver = new GroupDriver()
    const [leader = '', follower = ''] = driver.stable({}, {})
    driver.join({ memberId: leader, reason: 'new partitions' })
    driver.join({ memberId: follower, protocols: protocols('range: other') })
    expect(driver.group).toMatchObject({ state: 'CompletingRebalance', generationId: 2 })
    driver.sync(follower)
    driver.advance(9000)
    driver.heartbeat(follower)
    driver.heartbeat(leader)
    driver.advance(9000)
    driver.heartbeat(leader)
    driver.heartbeat(follower)
    driver.advance(9000)
    driver.heartbeat(leader)
    driver.advance(3000) // the leader heartbeats, and never brings the assignment
    expect(driver.memberIds).toEqual([follower])
    driver.join({ memberId: follower, protocols: protocols('range: other') })
    driver.sync(follower)
    expect(rebalancesOf(driver)).toHaveLength(2)
    expect(rebalancesOf(driver)[1]).toMatchObject({
      generationId: 3,
      causes: [
        { kind: 'rejoin', memberId: leader, reason: 'new partitions' },
        { kind: 'subscriptionChange', memberId: follower },
        { kind: 'syncTimeout', memberId: leader },
      ],
    })
  })

  it('names whoever did not come back in time', () => {
    const driver = new GroupDriver()
    const [leader = '', follower = ''] = driver.stable({}, { sessionTimeoutMs: 60_000 })
    driver.join({ memberId: leader })
    driver.advance(30_000)
    driver.sync(leader)
    expect(rebalancesOf(driver)[1]?.causes).toMatchObject([
      { kind: 'rejoin', memberId: leader },
      { kind: 'joinTimeout', memberId: follower },
    ])
  })

  it('tells a static member that came back with another subscription from one that changed nothing', () => {
    const driver = new GroupDriver()
    const [leader = ''] = driver.stable({}, { groupInstanceId: 'consumer-2' })
    driver.join({ groupInstanceId: 'consumer-2' })
    expect(driver.group.rebalance).toBeNull()
    driver.join({ groupInstanceId: 'consumer-2', protocols: protocols('range: other'), reason: 'deploy' })
    driver.join({ memberId: leader })
    driver.sync(leader)
    expect(rebalancesOf(driver)[1]?.causes).toMatchObject([
      { kind: 'staticTakeover', groupInstanceId: 'consumer-2', reason: 'deploy' },
    ])
  })

  it('says of a group loaded over a lowered group.max.size that this was why, and who lost its place by it', () => {
    const driver = new GroupDriver()
    const [, second = '', third = ''] = driver.stable({}, {}, {})
    const options = { ...groupDefaults, groupMaxSize: 1 }
    const smaller = new GroupDriver(options)
    Object.assign(smaller.group, restoreGroup('group', imageOf(driver.group), options, 0))
    smaller.join({ memberId: third })
    smaller.join({ memberId: second, reason: 'asked to rejoin' })
    smaller.advance(10_000)
    smaller.sync(third)
    const [rebalance] = rebalancesOf(smaller)
    expect(rebalance?.causes.slice(0, 2)).toMatchObject([
      { kind: 'groupMaxSize', memberId: null },
      { kind: 'groupMaxSize', memberId: second, reason: 'asked to rejoin' },
    ])
    expect(rebalance?.after).toMatchObject([{ memberId: third }])
  })

  it('is made when the last member has gone, without an assignor', () => {
    const driver = new GroupDriver()
    const [leader = ''] = driver.stable({})
    driver.leave({ memberId: leader, reason: 'scaled to zero' })
    expect(rebalancesOf(driver)[1]).toMatchObject({
      generationId: 2,
      protocolName: null,
      before: [{ memberId: leader }],
      after: [],
      tookMs: 0,
      causes: [{ kind: 'leave', memberId: leader, reason: 'scaled to zero' }],
    })
  })

  it('keeps the first 100 causes of a group that never settles, and counts the others', () => {
    const driver = new GroupDriver({ groupMaxPendingMembers: 1_000 })
    const [leader = ''] = driver.stable({})
    for (let round = 0; round < 150; round += 1) driver.leave({ memberId: `member-${driver.join()}` })
    driver.join({ memberId: leader })
    driver.sync(leader)
    const rebalance = rebalancesOf(driver).at(-1)
    expect(kindsOf(rebalance)).toHaveLength(100)
    expect(rebalance?.causeCount).toBeGreaterThan(200)
  })
})
