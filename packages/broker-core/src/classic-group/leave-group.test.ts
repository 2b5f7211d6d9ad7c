// LeaveGroup: one by one, in batches, by an administrator, and by those who never quite came.
import { describe, expect, it } from 'vitest'
import { GroupDriver } from '../../test/group-driver.ts'

describe('LeaveGroup', () => {
  it('makes the group Empty when the last member leaves, with a new generation', () => {
    const driver = new GroupDriver()
    const [leader = ''] = driver.stable({})
    expect(driver.leave({ memberId: leader })).toEqual({
      kind: 'leaveGroup',
      errorCode: 'NONE',
      members: [{ memberId: leader, groupInstanceId: null, errorCode: 'NONE' }],
    })
    expect(driver.group).toMatchObject({ state: 'Empty', generationId: 2, leaderId: null, protocolName: null })
  })

  it('makes the others rebalance, once for the whole batch', () => {
    const driver = new GroupDriver()
    const [leader = '', second = '', third = ''] = driver.stable({}, {}, {})
    driver.leave({ memberId: leader, reason: 'scaled in' }, { memberId: second })
    expect(driver.group.state).toBe('PreparingRebalance')
    expect(driver.group.rebalance?.causes).toMatchObject([
      { kind: 'leave', memberId: leader, reason: 'scaled in' },
      { kind: 'leave', memberId: second, reason: null },
    ])
    expect(driver.joinReply(driver.join({ memberId: third }))).toMatchObject({ generationId: 2, leader: third })
  })

  it('refuses an unknown member without harm to the group', () => {
    const driver = new GroupDriver()
    expect(driver.leave({ memberId: 'ghost' }).members[0]?.errorCode).toBe('UNKNOWN_MEMBER_ID')
    const [leader = ''] = driver.stable({})
    expect(driver.leave({ memberId: 'ghost' }, {}).members.map(({ errorCode }) => errorCode)).toEqual([
      'UNKNOWN_MEMBER_ID',
      'UNKNOWN_MEMBER_ID',
    ])
    expect(driver.heartbeat(leader)).toBe('NONE')
  })

  it('I7: frees a pending member id at once, and starts no rebalance for it', () => {
    const driver = new GroupDriver()
    const [leader = ''] = driver.stable({})
    driver.join({ supportsMemberIdRequired: true })
    const [memberId = ''] = driver.group.pendingMembers.keys()
    expect(driver.leave({ memberId }).members[0]?.errorCode).toBe('NONE')
    expect(driver.group).toMatchObject({ state: 'Stable' })
    driver.join({ supportsMemberIdRequired: true })
    const [another = ''] = driver.group.pendingMembers.keys()
    const join = driver.join({ memberId: leader })
    expect(driver.code(join)).toBe('held')
    driver.leave({ memberId: another })
    expect(driver.code(join)).toBe('NONE')
  })

  it('removes a static member by its instance id alone', () => {
    const driver = new GroupDriver()
    driver.stable({ groupInstanceId: 'a' }, {})
    expect(driver.leave({ groupInstanceId: 'a' }).members).toEqual([
      { memberId: '', groupInstanceId: 'a', errorCode: 'NONE' },
    ])
    expect(driver.leave({ groupInstanceId: 'a' }).members[0]?.errorCode).toBe('UNKNOWN_MEMBER_ID')
    expect(driver.memberIds).toEqual(['member-2'])
  })

  it('fences who leaves with the instance id of another, and says so for each member', () => {
    const driver = new GroupDriver()
    const [owner = '', other = ''] = driver.stable({ groupInstanceId: 'a' }, { groupInstanceId: 'b' })
    const { members } = driver.leave(
      { memberId: other, groupInstanceId: 'a' },
      { memberId: other, groupInstanceId: 'c' },
      { memberId: owner, groupInstanceId: 'a' },
    )
    expect(members.map(({ errorCode }) => errorCode)).toEqual(['FENCED_INSTANCE_ID', 'UNKNOWN_MEMBER_ID', 'NONE'])
  })

  it('answers whatever the one who is removed still holds', () => {
    const driver = new GroupDriver()
    const [leader = '', follower = ''] = driver.stable({}, {})
    const join = driver.join({ memberId: leader })
    driver.leave({ memberId: leader })
    expect(driver.joinReply(join)).toMatchObject({ errorCode: 'UNKNOWN_MEMBER_ID', memberId: '' })
    driver.join()
    driver.join({ memberId: follower })
    const sync = driver.sync(driver.memberIds[1] ?? '')
    driver.leave({ memberId: driver.memberIds[1] ?? '' })
    expect(driver.code(sync)).toBe('UNKNOWN_MEMBER_ID')
  })
})
