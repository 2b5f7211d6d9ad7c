// JoinGroup of dynamic members: who is let in, who must come back, and whose join starts a rebalance.
import { describe, expect, it } from 'vitest'
import { GroupDriver, protocols } from '../../test/group-driver.ts'

describe('JoinGroup', () => {
  it('refuses a session timeout outside the allowed range (N18)', () => {
    const driver = new GroupDriver()
    for (const sessionTimeoutMs of [0, 5999, 1_800_001, 2 ** 31 - 1]) {
      const join = driver.join({ sessionTimeoutMs })
      expect(driver.code(join)).toBe('INVALID_SESSION_TIMEOUT')
    }
    expect(driver.code(driver.join({ sessionTimeoutMs: 6000 }))).toBe('held')
    expect(driver.code(driver.join({ sessionTimeoutMs: 1_800_000 }))).toBe('held')
  })

  it('refuses an empty protocol type and an empty list of protocols', () => {
    const driver = new GroupDriver()
    expect(driver.code(driver.join({ protocolType: '' }))).toBe('INCONSISTENT_GROUP_PROTOCOL')
    expect(driver.code(driver.join({ protocols: [] }))).toBe('INCONSISTENT_GROUP_PROTOCOL')
    expect(driver.group.state).toBe('Empty')
  })

  it('refuses another protocol type, and protocols that not everyone has', () => {
    const driver = new GroupDriver()
    driver.stable({})
    expect(driver.code(driver.join({ protocolType: 'connect' }))).toBe('INCONSISTENT_GROUP_PROTOCOL')
    const join = driver.join({ protocols: protocols('sticky') })
    expect(driver.joinReply(join)).toMatchObject({
      errorCode: 'INCONSISTENT_GROUP_PROTOCOL',
      protocolType: null,
      protocolName: null,
      generationId: -1,
      members: [],
    })
  })

  it('refuses an unknown member id in an Empty group and in one with members', () => {
    const driver = new GroupDriver()
    expect(driver.code(driver.join({ memberId: 'ghost' }))).toBe('UNKNOWN_MEMBER_ID')
    driver.stable({})
    expect(driver.code(driver.join({ memberId: 'ghost' }))).toBe('UNKNOWN_MEMBER_ID')
    expect(driver.group.state).toBe('Stable')
  })

  it('answers with the protocol type, and tells only the leader who the members are', () => {
    const driver = new GroupDriver()
    const first = driver.join({ protocols: protocols('range: a') })
    const second = driver.join({ protocols: protocols('range: b') })
    driver.advance(200)
    expect(driver.joinReply(first)).toEqual({
      kind: 'joinGroup',
      errorCode: 'NONE',
      generationId: 1,
      protocolType: 'consumer',
      protocolName: 'range',
      leader: 'member-1',
      skipAssignment: false,
      memberId: 'member-1',
      members: [
        { memberId: 'member-1', groupInstanceId: null, metadata: Buffer.from('a') },
        { memberId: 'member-2', groupInstanceId: null, metadata: Buffer.from('b') },
      ],
    })
    expect(driver.joinReply(second)).toMatchObject({ errorCode: 'NONE', leader: 'member-1', members: [] })
  })

  it('asks a new client to come back with a member id, from v4 on (KIP-394)', () => {
    const driver = new GroupDriver()
    const first = driver.join({ supportsMemberIdRequired: true })
    expect(driver.joinReply(first)).toMatchObject({ errorCode: 'MEMBER_ID_REQUIRED', memberId: 'member-1' })
    expect(driver.group.members.size).toBe(0)
    const second = driver.join({ supportsMemberIdRequired: true, memberId: 'member-1' })
    driver.advance(100)
    expect(driver.joinReply(second)).toMatchObject({ errorCode: 'NONE', memberId: 'member-1', leader: 'member-1' })
    expect(driver.group.pendingMembers.size).toBe(0)
  })

  it('does not let a pending member id be used by a static member', () => {
    const driver = new GroupDriver()
    driver.join({ supportsMemberIdRequired: true })
    expect(driver.code(driver.join({ memberId: 'member-1', groupInstanceId: 'a' }))).toBe('UNKNOWN_MEMBER_ID')
  })

  it('I7: a pending member delays a rebalance by at most its session timeout', () => {
    const driver = new GroupDriver()
    const [leader = ''] = driver.stable({})
    driver.join({ supportsMemberIdRequired: true, sessionTimeoutMs: 6000 })
    const rejoin = driver.join({ memberId: leader })
    expect(driver.code(rejoin)).toBe('held')
    driver.advance(5999)
    expect(driver.code(rejoin)).toBe('held')
    driver.advance(1)
    expect(driver.code(rejoin)).toBe('NONE')
  })

  it('completes the join phase when the pending member joins', () => {
    const driver = new GroupDriver()
    const [leader = ''] = driver.stable({})
    const pending = driver.join({ supportsMemberIdRequired: true })
    const rejoin = driver.join({ memberId: leader })
    const join = driver.join({ memberId: driver.joinReply(pending).memberId })
    expect([driver.code(rejoin), driver.code(join)]).toEqual(['NONE', 'NONE'])
    expect(driver.group.generationId).toBe(2)
  })

  it('I9: hands out a bounded number of pending member ids', () => {
    const driver = new GroupDriver({ groupMaxPendingMembers: 2 })
    const codes = [1, 2, 3].map(() => driver.code(driver.join({ supportsMemberIdRequired: true })))
    expect(codes).toEqual(['MEMBER_ID_REQUIRED', 'MEMBER_ID_REQUIRED', 'GROUP_MAX_SIZE_REACHED'])
    driver.advance(10_000)
    expect(driver.group.pendingMembers.size).toBe(0)
  })

  it('I9: expires a new member on its own join timeout while its JoinGroup is held, and tells it to start afresh', () => {
    const driver = new GroupDriver({ groupNewMemberJoinTimeoutMs: 5000 })
    const [first = ''] = driver.stable({ rebalanceTimeoutMs: 60_000, sessionTimeoutMs: 60_000 })
    const join = driver.join()
    driver.advance(4999)
    expect(driver.code(join)).toBe('held')
    driver.advance(1)
    expect(driver.joinReply(join)).toMatchObject({ errorCode: 'UNKNOWN_MEMBER_ID', memberId: '' })
    expect(driver.memberIds).toEqual([first])
  })

  it('I11: keeps the group within group.max.size, with and without the member id round trip', () => {
    const driver = new GroupDriver({ groupMaxSize: 2 })
    driver.join()
    const pending = driver.join({ supportsMemberIdRequired: true })
    driver.join()
    expect(driver.code(driver.join())).toBe('GROUP_MAX_SIZE_REACHED')
    const second = driver.join({ memberId: driver.joinReply(pending).memberId })
    expect(driver.code(second)).toBe('GROUP_MAX_SIZE_REACHED')
    expect(driver.group.members.size).toBe(2)
    expect(driver.group.pendingMembers.size).toBe(0)
  })

  it('lets the members of a full group rejoin while it rebalances', () => {
    const driver = new GroupDriver({ groupMaxSize: 2 })
    const [leader = '', follower = ''] = driver.stable({}, {})
    const joins = [driver.join({ memberId: leader }), driver.join({ memberId: follower })]
    expect(joins.map((join) => driver.code(join))).toEqual(['NONE', 'NONE'])
  })

  it('refuses metadata that would make the group larger than its byte limit (N19)', () => {
    const driver = new GroupDriver({ groupMetadataMaxBytes: 10 })
    driver.join({ protocols: protocols('range: 123456') })
    expect(driver.code(driver.join({ protocols: protocols('range: 12345') }))).toBe('GROUP_MAX_SIZE_REACHED')
    expect(driver.code(driver.join({ protocols: protocols('range: 1234') }))).toBe('held')
  })

  it('does not rebalance in Stable for a follower that rejoins unchanged: it gets its generation back', () => {
    const driver = new GroupDriver()
    const [, follower = ''] = driver.stable({}, {})
    const join = driver.join({ memberId: follower })
    expect(driver.joinReply(join)).toMatchObject({
      errorCode: 'NONE',
      generationId: 1,
      members: [],
      leader: 'member-1',
    })
    expect(driver.group.state).toBe('Stable')
  })

  it('rebalances in Stable when the leader rejoins, changed or not', () => {
    const driver = new GroupDriver()
    const [leader = ''] = driver.stable({}, {})
    driver.join({ memberId: leader, reason: 'new partitions' })
    expect(driver.group.state).toBe('PreparingRebalance')
    expect(driver.group.rebalance?.causes).toMatchObject([
      { kind: 'rejoin', memberId: leader, reason: 'new partitions' },
    ])
  })

  it('rebalances in Stable when a follower changes its metadata', () => {
    const driver = new GroupDriver()
    const [, follower = ''] = driver.stable({}, {})
    driver.join({ memberId: follower, protocols: protocols('range: other') })
    expect(driver.group.state).toBe('PreparingRebalance')
  })

  it('repeats its answer in CompletingRebalance to a member that rejoins unchanged', () => {
    const driver = new GroupDriver()
    const first = driver.join()
    driver.advance(100)
    const again = driver.join({ memberId: driver.joinReply(first).memberId })
    expect(driver.joinReply(again)).toEqual(driver.joinReply(first))
  })

  it('starts over in CompletingRebalance when a member changes its metadata, and sends those who sync back to join', () => {
    const driver = new GroupDriver()
    const joins = [driver.join(), driver.join()]
    driver.advance(200)
    const [leader = '', follower = ''] = joins.map((join) => driver.joinReply(join).memberId)
    const sync = driver.sync(follower)
    driver.join({ memberId: leader, protocols: protocols('range: other') })
    expect(driver.code(sync)).toBe('REBALANCE_IN_PROGRESS')
    expect(driver.group.state).toBe('PreparingRebalance')
  })

  it('answers the JoinGroup that waits when its sender sends another', () => {
    const driver = new GroupDriver()
    const [leader = ''] = driver.stable({}, {})
    const first = driver.join({ memberId: leader })
    const second = driver.join({ memberId: leader })
    expect(driver.code(first)).toBe('REBALANCE_IN_PROGRESS')
    expect(driver.code(second)).toBe('held')
  })

  it('takes the session timeout for the rebalance timeout of a client that has none, and cuts an absurd one', () => {
    const driver = new GroupDriver({ groupMaxRebalanceTimeoutMs: 60_000 })
    const [one = '', other = ''] = driver.stable({ rebalanceTimeoutMs: -1 }, { rebalanceTimeoutMs: 2 ** 31 - 1 })
    expect(driver.group.members.get(one)?.rebalanceTimeoutMs).toBe(10_000)
    expect(driver.group.members.get(other)?.rebalanceTimeoutMs).toBe(60_000)
  })

  it('answers COORDINATOR_NOT_AVAILABLE when the group is Dead', () => {
    const driver = new GroupDriver()
    driver.submit({ kind: 'unload' })
    expect(driver.code(driver.join())).toBe('COORDINATOR_NOT_AVAILABLE')
    expect(driver.code(driver.join({ memberId: 'member-1' }))).toBe('COORDINATOR_NOT_AVAILABLE')
    expect(driver.code(driver.sync('member-1'))).toBe('COORDINATOR_NOT_AVAILABLE')
    expect(driver.heartbeat('member-1')).toBe('COORDINATOR_NOT_AVAILABLE')
    expect(driver.commit('member-1', 1)).toBe('COORDINATOR_NOT_AVAILABLE')
    expect(driver.leave({ memberId: 'member-1' }).errorCode).toBe('COORDINATOR_NOT_AVAILABLE')
  })
})
