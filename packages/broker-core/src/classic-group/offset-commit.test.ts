// I2: who may commit offsets for a group, and when.
import { describe, expect, it } from 'vitest'
import { GroupDriver } from '../../test/group-driver.ts'

describe('OffsetCommit', () => {
  it('I2: is accepted from the current member and generation only; nothing is persisted otherwise', () => {
    const driver = new GroupDriver()
    const [leader = ''] = driver.stable({})
    driver.effects.length = 0
    expect(driver.commit('ghost', 1)).toBe('UNKNOWN_MEMBER_ID')
    expect(driver.commit(leader, 0)).toBe('ILLEGAL_GENERATION')
    expect(driver.commit(leader, -1)).toBe('ILLEGAL_GENERATION')
    expect(driver.commit('', -1)).toBe('UNKNOWN_MEMBER_ID')
    expect(driver.effects.map(({ kind }) => kind)).toEqual(['reply', 'reply', 'reply', 'reply'])
    driver.effects.length = 0
    expect(driver.commit(leader, 1)).toBe('NONE')
    expect(driver.effects.map(({ kind }) => kind)).toEqual(['persistOffsets', 'reply'])
  })

  it('is accepted without a generation while the group is Empty: simple consumers and tools', () => {
    const driver = new GroupDriver()
    expect(driver.commit('', -1)).toBe('NONE')
    expect(driver.commit('ghost', 1)).toBe('UNKNOWN_MEMBER_ID')
  })

  it('is accepted in PreparingRebalance, where members commit while they revoke, and refused in CompletingRebalance', () => {
    const driver = new GroupDriver()
    const [leader = '', follower = ''] = driver.stable({}, {})
    driver.join({ memberId: leader })
    expect(driver.commit(follower, 1)).toBe('NONE')
    driver.join({ memberId: follower })
    expect(driver.group.state).toBe('CompletingRebalance')
    expect(driver.commit(follower, 2)).toBe('REBALANCE_IN_PROGRESS')
    expect(driver.commit(follower, 1)).toBe('ILLEGAL_GENERATION')
  })

  it('shows that the member lives', () => {
    const driver = new GroupDriver()
    const [leader = ''] = driver.stable({})
    driver.advance(9000)
    driver.commit(leader, 1)
    driver.advance(9000)
    expect(driver.memberIds).toEqual([leader])
  })

  it('fences the older of two static twins', () => {
    const driver = new GroupDriver()
    const [older = ''] = driver.stable({ groupInstanceId: 'a' })
    driver.join({ groupInstanceId: 'a' })
    expect(driver.commit(older, 1, 'a')).toBe('FENCED_INSTANCE_ID')
    expect(driver.commit(older, 1, 'b')).toBe('UNKNOWN_MEMBER_ID')
  })
})
