// The rebalance in time: initial delay, join deadline, leader succession, the vote, and the sync deadline.
import { describe, expect, it } from 'vitest'
import { GroupDriver, protocols } from '../../test/group-driver.ts'

describe('the first rebalance of an empty group', () => {
  it('waits for group.initial.rebalance.delay.ms', () => {
    const driver = new GroupDriver()
    const join = driver.join()
    driver.advance(99)
    expect(driver.code(join)).toBe('held')
    driver.advance(1)
    expect(driver.code(join)).toBe('NONE')
    expect(driver.group.generationId).toBe(1)
  })

  it('waits longer while new members join', () => {
    const driver = new GroupDriver()
    const first = driver.join()
    driver.advance(50)
    const second = driver.join()
    driver.advance(149)
    expect([driver.code(first), driver.code(second)]).toEqual(['held', 'held'])
    driver.advance(1)
    expect([driver.code(first), driver.code(second)]).toEqual(['NONE', 'NONE'])
    expect(driver.group.generationId).toBe(1)
  })

  it('waits no longer than the rebalance timeout, however many join', () => {
    const driver = new GroupDriver({ groupInitialRebalanceDelayMs: 3000 })
    const first = driver.join({ rebalanceTimeoutMs: 7000 })
    for (let second = 1; second <= 6; second += 1) {
      driver.advance(1000)
      driver.join({ rebalanceTimeoutMs: 7000 })
    }
    driver.advance(999)
    expect(driver.code(first)).toBe('held')
    driver.advance(1)
    expect(driver.code(first)).toBe('NONE')
    expect(driver.joinReply(first).members).toHaveLength(7)
  })

  it('does not wait at all with a delay of 0', () => {
    const driver = new GroupDriver({ groupInitialRebalanceDelayMs: 0 })
    const join = driver.join()
    driver.advance(0)
    expect(driver.code(join)).toBe('NONE')
  })

  it('leaves the group Empty when everyone who had joined leaves again', () => {
    const driver = new GroupDriver()
    const join = driver.join()
    driver.leave({ memberId: 'member-1' })
    expect(driver.code(join)).toBe('UNKNOWN_MEMBER_ID')
    expect(driver.group.state).toBe('Empty')
  })
})

describe('a rebalance', () => {
  it('adds one to the generation', () => {
    const driver = new GroupDriver()
    const [leader = ''] = driver.stable({})
    const join = driver.join({ memberId: leader })
    expect(driver.joinReply(join).generationId).toBe(2)
  })

  it('goes on without dynamic members that have not rejoined by the rebalance timeout', () => {
    const driver = new GroupDriver()
    const [leader = '', slow = ''] = driver.stable({ rebalanceTimeoutMs: 8000 }, { rebalanceTimeoutMs: 8000 })
    const join = driver.join({ memberId: leader, rebalanceTimeoutMs: 8000 })
    driver.advance(7999)
    expect(driver.code(join)).toBe('held')
    driver.advance(1)
    expect(driver.joinReply(join).members.map(({ memberId }) => memberId)).toEqual([leader])
    expect(driver.heartbeat(slow)).toBe('UNKNOWN_MEMBER_ID')
  })

  it('passes leadership on in join order', () => {
    const driver = new GroupDriver()
    const [first = '', second = '', third = ''] = driver.stable({}, {}, {})
    driver.leave({ memberId: first })
    driver.join({ memberId: third })
    const join = driver.join({ memberId: second })
    expect(driver.joinReply(join)).toMatchObject({ leader: second, memberId: second })
  })

  it('elects the first that has joined when the leader is static and has not come back', () => {
    const driver = new GroupDriver()
    const [leader = '', second = ''] = driver.stable(
      { groupInstanceId: 'a', sessionTimeoutMs: 60_000 },
      { sessionTimeoutMs: 60_000 },
    )
    const join = driver.join({ memberId: second, sessionTimeoutMs: 60_000, protocols: protocols('range: other') })
    driver.advance(30_000)
    expect(driver.joinReply(join).leader).toBe(second)
    expect(driver.memberIds).toEqual([leader, second])
  })

  it('waits on while only static members are left and none has come back', () => {
    const driver = new GroupDriver()
    const [leader = '', follower = ''] = driver.stable(
      { groupInstanceId: 'a', sessionTimeoutMs: 60_000, rebalanceTimeoutMs: 10_000 },
      { groupInstanceId: 'b', sessionTimeoutMs: 60_000, rebalanceTimeoutMs: 10_000 },
      { rebalanceTimeoutMs: 10_000 },
    )
    driver.leave({ memberId: 'member-3' })
    driver.advance(10_000)
    expect(driver.group.state).toBe('PreparingRebalance')
    driver.join({ memberId: follower, groupInstanceId: 'b', sessionTimeoutMs: 60_000, rebalanceTimeoutMs: 10_000 })
    const join = driver.join({ memberId: leader, groupInstanceId: 'a', sessionTimeoutMs: 60_000 })
    expect(driver.code(join)).toBe('NONE')
  })

  it('takes the protocol that all members have and most prefer; a tie goes to the first member', () => {
    const vote = (...offers: readonly (readonly string[])[]) => {
      const driver = new GroupDriver()
      offers.forEach((names) => driver.join({ protocols: protocols(...names) }))
      driver.advance(1000)
      return driver.group.protocolName
    }
    expect(vote(['range', 'sticky'], ['sticky', 'range'], ['sticky', 'range'])).toBe('sticky')
    expect(vote(['range', 'sticky'], ['sticky', 'range'])).toBe('range')
    expect(vote(['sticky', 'range'], ['range', 'sticky'])).toBe('sticky')
    expect(vote(['mine', 'sticky', 'range'], ['range', 'sticky'])).toBe('sticky')
    expect(vote(['sticky', 'range'], ['range'])).toBe('range')
  })

  it('I8: removes members that heartbeat and never sync, and goes on without them (KAFKA-12890)', () => {
    const driver = new GroupDriver()
    const joins = [driver.join(), driver.join()]
    driver.advance(200)
    const [leader = '', follower = ''] = joins.map((join) => driver.joinReply(join).memberId)
    const sync = driver.sync(leader)
    expect(driver.code(sync)).toBe('NONE')
    for (let second = 5; second < 30; second += 5) {
      driver.advance(5000)
      expect([driver.heartbeat(leader), driver.heartbeat(follower)]).toEqual(['NONE', 'NONE'])
    }
    driver.advance(5000)
    expect(driver.memberIds).toEqual([leader])
    expect(driver.heartbeat(leader)).toBe('REBALANCE_IN_PROGRESS')
  })

  it('I8: a leader that never syncs is removed, and its followers are sent back to join', () => {
    const driver = new GroupDriver()
    const joins = [driver.join(), driver.join()]
    driver.advance(200)
    const [leader = '', follower = ''] = joins.map((join) => driver.joinReply(join).memberId)
    const sync = driver.sync(follower)
    for (let second = 5; second < 30; second += 5) {
      driver.advance(5000)
      expect(driver.heartbeat(leader)).toBe('NONE')
    }
    expect(driver.code(sync)).toBe('held')
    driver.advance(5000)
    expect(driver.code(sync)).toBe('REBALANCE_IN_PROGRESS')
    expect(driver.group.leaderId).toBe(follower)
  })

  it('does not time out when everyone has synced', () => {
    const driver = new GroupDriver()
    const [leader = '', follower = ''] = driver.stable({}, {})
    for (let second = 0; second < 60; second += 5) {
      driver.advance(5000)
      expect([driver.heartbeat(leader), driver.heartbeat(follower)]).toEqual(['NONE', 'NONE'])
    }
    expect(driver.group.state).toBe('Stable')
  })

  it('I6: a group whose clients fall silent becomes Empty', () => {
    const driver = new GroupDriver()
    const [leader = ''] = driver.stable({}, { groupInstanceId: 'a' })
    driver.join({ memberId: leader })
    driver.advance(40_000)
    expect(driver.group.state).toBe('Empty')
    expect(driver.saved.at(-1)?.members).toEqual([])
  })
})
