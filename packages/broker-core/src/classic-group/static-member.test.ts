// Static members (KIP-345): a restart under the same instance id takes over, quietly when it can.
import { describe, expect, it } from 'vitest'
import { GroupDriver, protocols } from '../../test/group-driver.ts'
import { decodeGroupImage, encodeGroupImage } from './group-image.ts'
import { restoreGroup } from './restore-group.ts'
import { groupDefaults } from '../coordinator/group-defaults.ts'

const a = { groupInstanceId: 'a' }
const b = { groupInstanceId: 'b' }

describe('a static member that comes back without a member id', () => {
  it('in Stable, unchanged, gets its assignment back under a new id and nobody rebalances', () => {
    const driver = new GroupDriver()
    const [, older = ''] = driver.stable(a, b)
    const join = driver.join(b)
    const newer = driver.joinReply(join).memberId
    expect(newer).not.toBe(older)
    expect(driver.joinReply(join)).toMatchObject({ errorCode: 'NONE', generationId: 1, skipAssignment: false })
    expect(driver.group.state).toBe('Stable')
    const sync = driver.sync(newer, b)
    expect(driver.reply('syncGroup', sync).assignment.toString()).toBe(`for ${older}`)
    expect(driver.saved.at(-1)?.members.map(({ memberId }) => memberId)).toEqual(driver.memberIds)
  })

  it('as leader from v9 on is told to skip the assignment (KIP-814), and sees the members', () => {
    const driver = new GroupDriver()
    driver.stable(a, b)
    const reply = driver.joinReply(driver.join({ ...a, supportsSkipAssignment: true }))
    expect(reply).toMatchObject({ skipAssignment: true, leader: reply.memberId })
    expect(reply.members).toHaveLength(2)
  })

  it('as leader below v9 is kept from assigning by the name of its older self', () => {
    const driver = new GroupDriver()
    const [older = ''] = driver.stable(a, b)
    expect(driver.joinReply(driver.join(a))).toMatchObject({ skipAssignment: false, leader: older, members: [] })
  })

  it('I12: gets another member id each time, and keeps its place in the join order', () => {
    const driver = new GroupDriver()
    driver.stable(a, b)
    const ids = [driver.join(a), driver.join(a)].map((join) => driver.joinReply(join).memberId)
    expect(new Set(ids).size).toBe(2)
    expect(driver.memberIds[0]).toBe(ids[1])
    expect(driver.group.leaderId).toBe(ids[1])
  })

  it('I13: has its new timeouts, and its new id survives a restart', () => {
    const driver = new GroupDriver()
    driver.stable(a)
    const join = driver.join({ ...a, sessionTimeoutMs: 20_000, rebalanceTimeoutMs: 40_000 })
    const { memberId } = driver.joinReply(join)
    const image = driver.saved.at(-1)
    expect(image).toBeDefined()
    const restored = restoreGroup('group', decodeGroupImage(encodeGroupImage(image!)), groupDefaults, 5)
    expect(restored.members.get(memberId)).toMatchObject({
      sessionTimeoutMs: 20_000,
      rebalanceTimeoutMs: 40_000,
      sessionDeadlineMs: 20_005,
    })
  })

  it('I12: the older one is fenced on its next call, whatever that is', () => {
    const driver = new GroupDriver()
    const [older = ''] = driver.stable(a)
    driver.join(a)
    expect(driver.heartbeat(older, 1, 'a')).toBe('FENCED_INSTANCE_ID')
    expect(driver.code(driver.sync(older, a))).toBe('FENCED_INSTANCE_ID')
    expect(driver.code(driver.join({ ...a, memberId: older }))).toBe('FENCED_INSTANCE_ID')
    expect(driver.commit(older, 1, 'a')).toBe('FENCED_INSTANCE_ID')
    expect(driver.leave({ memberId: older, groupInstanceId: 'a' }).members[0]?.errorCode).toBe('FENCED_INSTANCE_ID')
    expect(driver.heartbeat(older)).toBe('UNKNOWN_MEMBER_ID')
  })

  it('rebalances when the group would run another protocol, and not when only the preference behind it changes', () => {
    const driver = new GroupDriver()
    driver.stable({ ...a, protocols: protocols('range', 'sticky') }, { ...b, protocols: protocols('range', 'sticky') })
    driver.join({ ...b, protocols: protocols('range') })
    expect(driver.group.state).toBe('Stable')
    driver.join({ ...a, protocols: protocols('range', 'other') })
    expect(driver.group.state).toBe('Stable')
    const changed = new GroupDriver()
    changed.stable({ ...a, protocols: protocols('range', 'sticky') }, { ...b, protocols: protocols('range', 'sticky') })
    changed.join({ ...a, protocols: protocols('sticky') })
    expect(changed.group.state).toBe('PreparingRebalance')
  })

  it('rebalances when its topics have changed, and not when only its bytes have', () => {
    const driver = new GroupDriver()
    driver.stable(a, b)
    const sameTopics = [{ name: 'range', metadata: Buffer.from('other user data'), subscriptionKey: 'orders' }]
    driver.join({ ...b, protocols: sameTopics })
    expect(driver.group.state).toBe('Stable')
    driver.join({ ...b, protocols: protocols('range: orders and more') })
    expect(driver.group.state).toBe('PreparingRebalance')
  })

  it('in CompletingRebalance starts over: the leader may have assigned to the older id already', () => {
    const driver = new GroupDriver()
    driver.join(a)
    driver.join(b)
    driver.advance(200)
    const sync = driver.sync('member-2', b)
    driver.join(b)
    expect(driver.code(sync)).toBe('FENCED_INSTANCE_ID')
    expect(driver.group.state).toBe('PreparingRebalance')
  })

  it('in PreparingRebalance takes the place of the older one, whose JoinGroup is fenced', () => {
    const driver = new GroupDriver()
    driver.stable(a, b)
    const older = driver.join({ ...a, memberId: 'member-1' })
    const newer = driver.join(a)
    expect([driver.code(older), driver.code(newer)]).toEqual(['FENCED_INSTANCE_ID', 'held'])
    driver.join(b)
    expect(driver.code(newer)).toBe('NONE')
  })

  it('I12: is not fenced by its older self after a restart in the middle of a rebalance', () => {
    const driver = new GroupDriver()
    driver.stable(a, b)
    driver.join({ ...a, memberId: 'member-1' })
    const newer = driver.join(b)
    const { memberId } = driver.joinReply(newer)
    const restored = restoreGroup('group', driver.saved.at(-1)!, groupDefaults, 0)
    expect([...restored.members.keys()]).toContain(memberId)
    expect(restored.generationId).toBe(1)
  })

  it('I11: takes over in a full group too', () => {
    const driver = new GroupDriver({ groupMaxSize: 2 })
    driver.stable(a, b)
    expect(driver.code(driver.join(b))).toBe('NONE')
    expect(driver.code(driver.join({ groupInstanceId: 'c' }))).toBe('GROUP_MAX_SIZE_REACHED')
  })
})

describe('a static member with its member id', () => {
  it('rejoins like any other: a follower unchanged starts nothing, a leader starts a rebalance', () => {
    const driver = new GroupDriver()
    const [leader = '', follower = ''] = driver.stable(a, b)
    expect(driver.joinReply(driver.join({ ...b, memberId: follower }))).toMatchObject({ generationId: 1 })
    driver.join({ ...a, memberId: leader })
    expect(driver.group.state).toBe('PreparingRebalance')
  })

  it('is fenced with the instance id of another, and unknown with one that nobody has', () => {
    const driver = new GroupDriver()
    const [leader = ''] = driver.stable(a, b)
    expect(driver.code(driver.join({ ...b, memberId: leader }))).toBe('FENCED_INSTANCE_ID')
    expect(driver.code(driver.join({ groupInstanceId: 'c', memberId: leader }))).toBe('UNKNOWN_MEMBER_ID')
    expect(driver.code(driver.sync(leader, b))).toBe('FENCED_INSTANCE_ID')
    expect(driver.heartbeat(leader, 1, 'b')).toBe('FENCED_INSTANCE_ID')
  })

  it('keeps its place through a rebalance it did not join, until its session ends', () => {
    const driver = new GroupDriver()
    const [leader = '', follower = ''] = driver.stable({ sessionTimeoutMs: 60_000 }, { ...b, sessionTimeoutMs: 40_000 })
    const join = driver.join({ memberId: leader, sessionTimeoutMs: 60_000 })
    driver.advance(30_000)
    expect(driver.joinReply(join).members.map(({ memberId }) => memberId)).toEqual([leader, follower])
    driver.sync(leader)
    driver.advance(10_000)
    expect(driver.memberIds).toEqual([leader])
  })
})
