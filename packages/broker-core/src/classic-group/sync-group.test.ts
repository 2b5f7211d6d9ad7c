// SyncGroup: assignments through the leader, for the current generation only.
import { describe, expect, it } from 'vitest'
import { GroupDriver } from '../../test/group-driver.ts'

function joined(count: number): { driver: GroupDriver; ids: string[] } {
  const driver = new GroupDriver()
  const joins = Array.from({ length: count }, () => driver.join())
  driver.advance(100 * (count + 1))
  return { driver, ids: joins.map((join) => driver.joinReply(join).memberId) }
}

describe('SyncGroup', () => {
  it('holds a follower until the leader has brought the assignment', () => {
    const { driver, ids } = joined(2)
    const [leader = '', follower = ''] = ids
    const followerSync = driver.sync(follower)
    expect(driver.code(followerSync)).toBe('held')
    const assignments = ids.map((memberId, index) => ({ memberId, assignment: Buffer.from([index]) }))
    const leaderSync = driver.sync(leader, { assignments })
    expect(driver.reply('syncGroup', leaderSync).assignment).toEqual(Buffer.from([0]))
    expect(driver.reply('syncGroup', followerSync)).toEqual({
      kind: 'syncGroup',
      errorCode: 'NONE',
      protocolType: 'consumer',
      protocolName: 'range',
      assignment: Buffer.from([1]),
    })
  })

  it('answers a follower that comes after the leader at once', () => {
    const { driver, ids } = joined(2)
    const [leader = '', follower = ''] = ids
    driver.sync(leader, { assignments: [{ memberId: follower, assignment: Buffer.from('yours') }] })
    expect(driver.reply('syncGroup', driver.sync(follower)).assignment).toEqual(Buffer.from('yours'))
    expect(driver.reply('syncGroup', driver.sync(leader)).assignment).toEqual(Buffer.alloc(0))
  })

  it('persists the group before anyone is told', () => {
    const { driver, ids } = joined(1)
    driver.effects.length = 0
    driver.sync(ids[0] ?? '')
    expect(driver.effects.map(({ kind }) => kind)).toEqual(['persistGroup', 'reply', 'rebalanced'])
  })

  it('ignores an assignment for someone who is not a member, and one from a follower', () => {
    const { driver, ids } = joined(2)
    const [leader = '', follower = ''] = ids
    const wrong = [{ memberId: follower, assignment: Buffer.from('wrong') }]
    const sync = driver.sync(follower, { assignments: wrong })
    driver.sync(leader, { assignments: [{ memberId: 'ghost', assignment: Buffer.from('lost') }] })
    expect(driver.reply('syncGroup', sync).assignment).toEqual(Buffer.alloc(0))
    expect(driver.memberIds).toEqual(ids)
  })

  it('refuses an unknown member, another generation and another protocol', () => {
    const { driver, ids } = joined(1)
    const [leader = ''] = ids
    expect(driver.code(driver.sync('ghost'))).toBe('UNKNOWN_MEMBER_ID')
    expect(driver.code(driver.sync(leader, { generationId: 0 }))).toBe('ILLEGAL_GENERATION')
    expect(driver.code(driver.sync(leader, { generationId: 2 }))).toBe('ILLEGAL_GENERATION')
    expect(driver.code(driver.sync(leader, { protocolType: 'connect' }))).toBe('INCONSISTENT_GROUP_PROTOCOL')
    expect(driver.code(driver.sync(leader, { protocolName: 'sticky' }))).toBe('INCONSISTENT_GROUP_PROTOCOL')
    expect(driver.code(driver.sync(leader, { protocolType: null, protocolName: null }))).toBe('NONE')
  })

  it('says REBALANCE_IN_PROGRESS in PreparingRebalance, and UNKNOWN_MEMBER_ID in an Empty group', () => {
    const driver = new GroupDriver()
    expect(driver.code(driver.sync('ghost'))).toBe('UNKNOWN_MEMBER_ID')
    const [leader = '', follower = ''] = driver.stable({}, {})
    driver.join({ memberId: leader })
    expect(driver.code(driver.sync(follower))).toBe('REBALANCE_IN_PROGRESS')
  })

  it('answers the SyncGroup that waits when its sender sends another', () => {
    const { driver, ids } = joined(2)
    const [, follower = ''] = ids
    const [first, second] = [driver.sync(follower), driver.sync(follower)]
    expect([driver.code(first), driver.code(second)]).toEqual(['REBALANCE_IN_PROGRESS', 'held'])
  })

  it('sends followers back to join when the leader expires before it has brought the assignment', () => {
    const { driver, ids } = joined(2)
    const sync = driver.sync(ids[1] ?? '')
    driver.advance(10_000)
    expect(driver.code(sync)).toBe('REBALANCE_IN_PROGRESS')
    expect(driver.memberIds).toEqual([ids[1]])
  })

  it('refuses assignments beyond the byte limit of a group (N19)', () => {
    const driver = new GroupDriver({ groupMetadataMaxBytes: 100 })
    driver.join()
    driver.advance(100)
    const assignments = [{ memberId: 'member-1', assignment: Buffer.alloc(101) }]
    expect(driver.code(driver.sync('member-1', { assignments }))).toBe('INVALID_REQUEST')
    expect(driver.code(driver.sync('member-1'))).toBe('NONE')
  })
})
