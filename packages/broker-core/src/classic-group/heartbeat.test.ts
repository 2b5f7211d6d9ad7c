// Heartbeats and sessions: who lives, who expires, and what members are told.
import { describe, expect, it } from 'vitest'
import { GroupDriver } from '../../test/group-driver.ts'

describe('Heartbeat', () => {
  it('is NONE in Stable and in CompletingRebalance, REBALANCE_IN_PROGRESS in PreparingRebalance', () => {
    const driver = new GroupDriver()
    driver.join()
    driver.join()
    driver.advance(200)
    expect(driver.group.state).toBe('CompletingRebalance')
    expect(driver.heartbeat('member-2')).toBe('NONE')
    driver.sync('member-1')
    expect(driver.heartbeat('member-2')).toBe('NONE')
    driver.join({ memberId: 'member-1' })
    expect(driver.heartbeat('member-2')).toBe('REBALANCE_IN_PROGRESS')
  })

  it('is refused for an Empty group, an unknown member and another generation', () => {
    const driver = new GroupDriver()
    expect(driver.heartbeat('ghost', -1)).toBe('UNKNOWN_MEMBER_ID')
    const [leader = ''] = driver.stable({})
    expect(driver.heartbeat('ghost')).toBe('UNKNOWN_MEMBER_ID')
    expect(driver.heartbeat(leader, 0)).toBe('ILLEGAL_GENERATION')
    expect(driver.heartbeat(leader, 2)).toBe('ILLEGAL_GENERATION')
  })

  it('keeps a session, and without it the member expires exactly at its session timeout', () => {
    const driver = new GroupDriver()
    const [leader = ''] = driver.stable({})
    driver.advance(9000)
    expect(driver.heartbeat(leader)).toBe('NONE')
    driver.advance(9999)
    expect(driver.memberIds).toEqual([leader])
    driver.advance(1)
    expect(driver.group.state).toBe('Empty')
    expect(driver.heartbeat(leader)).toBe('UNKNOWN_MEMBER_ID')
  })

  it('keeps a session through a rebalance in which the member has not rejoined yet', () => {
    const driver = new GroupDriver()
    const [leader = '', follower = ''] = driver.stable({}, {})
    driver.join({ memberId: leader })
    for (let second = 0; second < 25; second += 5) {
      driver.advance(5000)
      expect(driver.heartbeat(follower)).toBe('REBALANCE_IN_PROGRESS')
    }
    expect(driver.memberIds).toEqual([leader, follower])
  })

  it('makes the others rebalance when a member expires', () => {
    const driver = new GroupDriver()
    const [leader = '', follower = ''] = driver.stable({}, {})
    driver.advance(6000)
    driver.heartbeat(leader)
    driver.advance(4000)
    expect(driver.memberIds).toEqual([leader])
    expect(driver.heartbeat(leader)).toBe('REBALANCE_IN_PROGRESS')
    expect(driver.group.rebalance?.causes).toMatchObject([{ kind: 'sessionTimeout', memberId: follower }])
  })

  it('I10: a member does not expire while its JoinGroup or its SyncGroup is held', () => {
    const driver = new GroupDriver()
    const [leader = '', follower = ''] = driver.stable({}, {})
    const join = driver.join({ memberId: leader })
    driver.advance(9000)
    driver.heartbeat(follower)
    driver.advance(9000)
    driver.heartbeat(follower)
    expect(driver.code(join)).toBe('held')
    driver.join({ memberId: follower })
    const sync = driver.sync(follower)
    driver.advance(9000)
    driver.heartbeat(leader)
    driver.advance(9000)
    expect(driver.code(sync)).toBe('held')
    expect(driver.memberIds).toEqual([leader, follower])
  })

  it('I23: a stall moves every deadline, so that nobody expires for it', () => {
    const driver = new GroupDriver()
    const [leader = ''] = driver.stable({})
    const pending = driver.join({ supportsMemberIdRequired: true })
    driver.nowMs += 60_000
    driver.submit({ kind: 'stalled', byMs: 60_000 })
    driver.advance(9999)
    expect(driver.memberIds).toEqual([leader])
    expect(driver.group.pendingMembers.size).toBe(1)
    driver.advance(1)
    expect(driver.group.state).toBe('Empty')
    expect(driver.code(driver.join({ memberId: driver.joinReply(pending).memberId }))).toBe('UNKNOWN_MEMBER_ID')
  })
})
