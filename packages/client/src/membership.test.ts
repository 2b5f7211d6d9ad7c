import type { ErrorCode, PartitionsByTopic } from '@goqueue/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  newMembership,
  nextDeadlineMs,
  step,
  type Membership,
  type MembershipEffect,
  type MembershipInput,
} from './membership.ts'

const SESSION_MS = 30_000
const HEARTBEAT_MS = 1_000
const RETRY_MS = 50
const ASSIGNMENT: PartitionsByTopic = new Map([['orders', [0, 1]]])

/** A member and the clock it is given; `requestId` of an answer is that of the newest effect unless said otherwise. */
class Driver {
  readonly member: Membership
  nowMs = 0
  last: readonly MembershipEffect[] = []

  constructor(isStatic = false, isCooperative = false) {
    const times = { sessionTimeoutMs: SESSION_MS, heartbeatIntervalMs: HEARTBEAT_MS }
    this.member = newMembership({ isStatic, isCooperative, ...times })
  }

  submit(input: MembershipInput): readonly MembershipEffect[] {
    this.last = step(this.member, input, this.nowMs)
    return this.last
  }

  kinds(input: MembershipInput): string[] {
    return this.submit(input).map((effect) => effect.kind)
  }

  joined(errorCode: ErrorCode, options: { leaderId?: string; memberId?: string; skipAssignment?: boolean } = {}) {
    return this.submit({
      kind: 'joinAnswered',
      requestId: this.member.requestId,
      errorCode,
      memberId: options.memberId ?? 'me',
      generationId: 1,
      protocolName: 'roundrobin',
      leaderId: options.leaderId ?? 'other',
      skipAssignment: options.skipAssignment ?? false,
      members: [],
      retryDelayMs: RETRY_MS,
    })
  }

  synced(errorCode: ErrorCode, assignment = ASSIGNMENT) {
    const { requestId } = this.member
    return this.submit({ kind: 'syncAnswered', requestId, errorCode, assignment, retryDelayMs: RETRY_MS })
  }

  released() {
    return this.submit({ kind: 'released', requestId: this.member.requestId })
  }

  heartbeat(errorCode: ErrorCode) {
    this.nowMs += HEARTBEAT_MS
    this.submit({ kind: 'tick' })
    const requestId = this.member.heartbeatRequestId!
    return this.submit({ kind: 'heartbeatAnswered', requestId, errorCode })
  }

  stable(): this {
    this.submit({ kind: 'start' })
    this.joined('NONE')
    this.synced('NONE')
    expect(this.member.phase).toBe('stable')
    return this
  }
}

describe('joining', () => {
  it('a follower joins, syncs without assignments, and owns what it is given', () => {
    const driver = new Driver()
    expect(driver.submit({ kind: 'start' })).toEqual([expect.objectContaining({ kind: 'join', memberId: '' })])
    expect(driver.joined('NONE')).toEqual([
      expect.objectContaining({ kind: 'sync', memberId: 'me', generationId: 1, assignments: new Map() }),
    ])
    expect(driver.synced('NONE')).toEqual([{ kind: 'own', added: ASSIGNMENT, assignment: ASSIGNMENT, generationId: 1 }])
  })

  it('the leader computes the assignment and brings it', () => {
    const driver = new Driver()
    driver.submit({ kind: 'start' })
    const [assign] = driver.joined('NONE', { leaderId: 'me' })
    expect(assign).toMatchObject({ kind: 'assign', protocolName: 'roundrobin' })
    const assignments = new Map([['me', Buffer.from('x')]])
    const { requestId } = driver.member
    expect(driver.submit({ kind: 'assignmentMade', requestId, assignments })).toEqual([
      expect.objectContaining({ kind: 'sync', assignments }),
    ])
  })

  it('a leader that is told to skip the assignment syncs as a follower does (KIP-814)', () => {
    const driver = new Driver(true)
    driver.submit({ kind: 'start' })
    expect(driver.joined('NONE', { leaderId: 'me', skipAssignment: true })).toEqual([
      expect.objectContaining({ kind: 'sync', assignments: new Map() }),
    ])
    expect(driver.member.isLeader).toBe(true)
  })

  it('MEMBER_ID_REQUIRED is answered at once with the id, but not for ever', () => {
    const driver = new Driver()
    driver.submit({ kind: 'start' })
    expect(driver.joined('MEMBER_ID_REQUIRED', { memberId: 'given' })).toEqual([
      expect.objectContaining({ kind: 'join', memberId: 'given' }),
    ])
    expect(driver.joined('MEMBER_ID_REQUIRED', { memberId: 'given' })).toEqual([])
    expect(driver.member.phase).toBe('waiting')
  })

  it('start does nothing while a membership lives', () => {
    expect(new Driver().stable().submit({ kind: 'start' })).toEqual([])
  })

  it.each([
    'COORDINATOR_LOAD_IN_PROGRESS',
    'NOT_COORDINATOR',
    'REBALANCE_IN_PROGRESS',
    'UNKNOWN_SERVER_ERROR',
  ] as const)('%s is tried again after the pause', (errorCode) => {
    const driver = new Driver()
    driver.submit({ kind: 'start' })
    expect(driver.joined(errorCode)).toEqual([])
    expect(nextDeadlineMs(driver.member)).toBe(RETRY_MS)
    driver.nowMs = RETRY_MS
    expect(driver.kinds({ kind: 'tick' })).toEqual(['join'])
  })

  it.each(['GROUP_MAX_SIZE_REACHED', 'INCONSISTENT_GROUP_PROTOCOL', 'INVALID_SESSION_TIMEOUT'] as const)(
    '%s ends the attempt, and start begins another',
    (errorCode) => {
      const driver = new Driver()
      driver.submit({ kind: 'start' })
      expect(driver.joined(errorCode)).toEqual([{ kind: 'end', errorCode, error: null }])
      expect(driver.kinds({ kind: 'start' })).toEqual(['join'])
    },
  )

  it('an answer to an attempt that was given up changes nothing', () => {
    const driver = new Driver()
    driver.submit({ kind: 'start' })
    const stale = driver.member.requestId
    driver.submit({ kind: 'attemptFailed', requestId: stale, retryDelayMs: RETRY_MS })
    const before = { ...driver.member }
    expect(driver.submit({ kind: 'attemptFailed', requestId: stale, retryDelayMs: RETRY_MS })).toEqual([])
    expect(driver.member).toEqual(before)
  })
})

describe('heartbeats', () => {
  it('come every interval from the join on, one at a time', () => {
    const driver = new Driver()
    driver.submit({ kind: 'start' })
    expect(nextDeadlineMs(driver.member)).toBe(Infinity)
    driver.joined('NONE')
    expect(nextDeadlineMs(driver.member)).toBe(HEARTBEAT_MS)
    driver.nowMs = HEARTBEAT_MS
    expect(driver.kinds({ kind: 'tick' })).toEqual(['heartbeat'])
    expect(driver.kinds({ kind: 'tick' })).toEqual([])
  })

  it('REBALANCE_IN_PROGRESS gives everything up first, and rejoins when that is done', () => {
    const driver = new Driver().stable()
    expect(driver.heartbeat('REBALANCE_IN_PROGRESS')).toEqual([
      expect.objectContaining({
        kind: 'release',
        partitions: ASSIGNMENT,
        reason: 'REBALANCE_IN_PROGRESS',
        mustConfirm: true,
      }),
    ])
    expect(driver.heartbeat('REBALANCE_IN_PROGRESS')).toEqual([])
    const { requestId } = driver.member
    expect(driver.submit({ kind: 'released', requestId })).toEqual([
      expect.objectContaining({ kind: 'join', memberId: 'me' }),
    ])
  })

  it('ILLEGAL_GENERATION loses the partitions and rejoins as the same member', () => {
    const driver = new Driver().stable()
    expect(driver.heartbeat('ILLEGAL_GENERATION')).toEqual([
      expect.objectContaining({ kind: 'release', reason: 'ILLEGAL_GENERATION', mustConfirm: false }),
      expect.objectContaining({ kind: 'join', memberId: 'me' }),
    ])
  })

  it('UNKNOWN_MEMBER_ID loses the partitions and rejoins as a new member', () => {
    const driver = new Driver().stable()
    expect(driver.heartbeat('UNKNOWN_MEMBER_ID')).toEqual([
      expect.objectContaining({ kind: 'release' }),
      expect.objectContaining({ kind: 'join', memberId: '' }),
    ])
  })

  it('I12: FENCED_INSTANCE_ID is final', () => {
    const driver = new Driver(true).stable()
    expect(driver.heartbeat('FENCED_INSTANCE_ID')).toEqual([
      expect.objectContaining({ kind: 'release', reason: 'FENCED_INSTANCE_ID' }),
      { kind: 'end', errorCode: 'FENCED_INSTANCE_ID', error: null },
    ])
    expect(driver.kinds({ kind: 'start' })).toEqual(['end'])
    expect(nextDeadlineMs(driver.member)).toBe(Infinity)
  })

  it('I19: the partitions are given up when the session is over, counted from the last heartbeat that was answered', () => {
    const driver = new Driver().stable()
    driver.heartbeat('NONE')
    const sentMs = driver.nowMs
    driver.nowMs += HEARTBEAT_MS
    driver.submit({ kind: 'tick' })
    driver.submit({ kind: 'heartbeatFailed', requestId: driver.member.heartbeatRequestId! })
    driver.nowMs = sentMs + SESSION_MS - 1
    expect(driver.kinds({ kind: 'tick' })).toEqual(['heartbeat'])
    expect(nextDeadlineMs(driver.member)).toBe(sentMs + SESSION_MS)
    driver.nowMs += 1
    expect(driver.submit({ kind: 'tick' })).toEqual([
      expect.objectContaining({ kind: 'release', reason: 'SESSION_EXPIRED' }),
      expect.objectContaining({ kind: 'join', memberId: 'me' }),
    ])
  })

  it('I19: the first session counts from when SyncGroup was sent, not from when its answer came', () => {
    const driver = new Driver()
    driver.submit({ kind: 'start' })
    driver.nowMs = 5
    driver.joined('NONE')
    driver.nowMs = 400
    driver.synced('NONE')
    expect(driver.member.sessionDeadlineMs).toBe(5 + SESSION_MS)
  })

  it('an answered heartbeat counts from when it was sent, not from when its answer came', () => {
    const driver = new Driver().stable()
    driver.nowMs = HEARTBEAT_MS
    driver.submit({ kind: 'tick' })
    driver.nowMs = 5 * HEARTBEAT_MS
    driver.submit({ kind: 'heartbeatAnswered', requestId: driver.member.heartbeatRequestId!, errorCode: 'NONE' })
    expect(driver.member.sessionDeadlineMs).toBe(HEARTBEAT_MS + SESSION_MS)
    expect(driver.member.heartbeatDueMs).toBe(driver.nowMs)
  })

  it('I1, I19: an assignment whose answer lay unread for a whole session is not taken: the member rejoins', () => {
    const driver = new Driver()
    driver.submit({ kind: 'start' })
    driver.joined('NONE')
    driver.nowMs += SESSION_MS
    expect(driver.synced('NONE')).toEqual([
      expect.objectContaining({ kind: 'dropHeld' }),
      expect.objectContaining({ kind: 'join', memberId: 'me', reason: 'its session has expired' }),
    ])
    expect(driver.member).toMatchObject({ phase: 'joining', isOwner: false })
  })

  it('I1, I19: one that kept its partitions gives them up when the answer to its SyncGroup lay unread for a whole session', () => {
    const driver = new Driver(false, true).stable()
    driver.heartbeat('REBALANCE_IN_PROGRESS')
    driver.joined('NONE')
    driver.nowMs += SESSION_MS
    expect(driver.synced('NONE').map(({ kind }) => kind)).toEqual(['release', 'dropHeld', 'join'])
    expect(driver.last[0]).toMatchObject({ partitions: ASSIGNMENT, reason: 'SESSION_EXPIRED', mustConfirm: false })
  })

  it('I1, I19: what was held back is not taken when giving up the rest took longer than the session', () => {
    const driver = new Driver(false, true).stable()
    driver.heartbeat('REBALANCE_IN_PROGRESS')
    driver.joined('NONE')
    driver.synced('NONE', new Map([['orders', [1, 2]]]))
    driver.nowMs += SESSION_MS
    expect(driver.released().map(({ kind }) => kind)).toEqual(['release', 'join'])
    expect(driver.last[0]).toMatchObject({ partitions: new Map([['orders', [1]]]), reason: 'SESSION_EXPIRED' })
  })

  it('a static member whose session is over rejoins under its old member id: a newer owner of the id must fence it', () => {
    const driver = new Driver(true).stable()
    driver.nowMs = SESSION_MS
    expect(driver.submit({ kind: 'tick' }).at(-1)).toMatchObject({ kind: 'join', memberId: 'me' })
  })

  it('a coordinator that moves costs no partition', () => {
    const driver = new Driver().stable()
    expect(driver.heartbeat('NOT_COORDINATOR')).toEqual([])
    expect(driver.member).toMatchObject({ phase: 'stable', isOwner: true })
  })
})

describe('commits', () => {
  it('a refused commit of this generation is as good as a heartbeat', () => {
    const driver = new Driver().stable()
    expect(driver.kinds({ kind: 'commitRefused', generationId: 1, errorCode: 'REBALANCE_IN_PROGRESS' })).toEqual([
      'release',
    ])
  })

  it('a refused commit of an older generation says nothing', () => {
    const driver = new Driver().stable()
    expect(driver.kinds({ kind: 'commitRefused', generationId: 0, errorCode: 'ILLEGAL_GENERATION' })).toEqual([])
  })
})

describe('leaving', () => {
  it('gives up the partitions, and when that is done leaves under its member id', () => {
    const driver = new Driver().stable()
    expect(driver.submit({ kind: 'leave' })).toEqual([
      expect.objectContaining({ kind: 'release', reason: 'CLOSED', mustConfirm: true }),
    ])
    expect(driver.kinds({ kind: 'leave' })).toEqual([])
    expect(driver.released()).toEqual([{ kind: 'leave', memberId: 'me' }])
    expect(driver.member).toMatchObject({ phase: 'out', memberId: '' })
  })

  it('stays a member while it gives up: heartbeats go on, and their answers change nothing', () => {
    const driver = new Driver().stable()
    driver.submit({ kind: 'leave' })
    expect(driver.heartbeat('UNKNOWN_MEMBER_ID')).toEqual([])
    expect(driver.released()).toEqual([{ kind: 'leave', memberId: 'me' }])
  })

  it('while partitions are given up for a rebalance, waits for that and does not rejoin', () => {
    const driver = new Driver().stable()
    driver.heartbeat('REBALANCE_IN_PROGRESS')
    expect(driver.kinds({ kind: 'leave' })).toEqual([])
    expect(driver.released()).toEqual([{ kind: 'leave', memberId: 'me' }])
  })

  it('drops the request that is held', () => {
    const driver = new Driver()
    driver.submit({ kind: 'start' })
    driver.joined('MEMBER_ID_REQUIRED', { memberId: 'given' })
    expect(driver.kinds({ kind: 'leave' })).toEqual(['dropHeld', 'leave'])
  })

  it('stop says nothing to the group', () => {
    const driver = new Driver(true).stable()
    expect(driver.kinds({ kind: 'stop' })).toEqual(['release'])
    expect(driver.released()).toEqual([])
    expect(driver.member.phase).toBe('out')
  })

  it('a static member that does not know its member id yet is named by its instance id', () => {
    const driver = new Driver(true)
    driver.submit({ kind: 'start' })
    expect(driver.submit({ kind: 'leave' }).at(-1)).toEqual({ kind: 'leave', memberId: '' })
  })
})

describe('partitions changed', () => {
  it('makes the leader rejoin, and nobody else', () => {
    expect(new Driver().stable().kinds({ kind: 'partitionsChanged' })).toEqual([])
    const leader = new Driver()
    leader.submit({ kind: 'start' })
    leader.joined('NONE', { leaderId: 'me' })
    leader.submit({ kind: 'assignmentMade', requestId: leader.member.requestId, assignments: new Map() })
    leader.synced('NONE')
    expect(leader.kinds({ kind: 'partitionsChanged' })).toEqual(['release'])
  })
})

describe('a cooperative member', () => {
  const KEPT: PartitionsByTopic = new Map([['orders', [0]]])
  const MOVED: PartitionsByTopic = new Map([['orders', [1]]])
  const OTHERS: PartitionsByTopic = new Map([
    ['orders', [0, 2]],
    ['events', [5]],
  ])
  const cooperative = () => new Driver(false, true).stable()

  /** In the next generation up to the answer to SyncGroup. */
  function rejoined(driver: Driver): Driver {
    driver.heartbeat('REBALANCE_IN_PROGRESS')
    driver.joined('NONE')
    return driver
  }

  it('rejoins at once and gives up nothing', () => {
    const driver = cooperative()
    expect(driver.heartbeat('REBALANCE_IN_PROGRESS')).toEqual([
      expect.objectContaining({ kind: 'join', memberId: 'me' }),
    ])
    expect(driver.member).toMatchObject({ isOwner: true, owned: ASSIGNMENT })
  })

  it('whose assignment is the same, or more, gives up nothing and does not rejoin', () => {
    const driver = rejoined(cooperative())
    const more: PartitionsByTopic = new Map([['orders', [0, 1, 2]]])
    expect(driver.synced('NONE', more)).toEqual([
      { kind: 'own', added: new Map([['orders', [2]]]), assignment: more, generationId: 1 },
    ])
    expect(driver.member.phase).toBe('stable')
  })

  it('gives up what it lost, takes what it got only then, and rejoins so that others may have the rest', () => {
    const driver = rejoined(cooperative())
    expect(driver.synced('NONE', OTHERS)).toEqual([
      expect.objectContaining({ kind: 'release', partitions: MOVED, mustConfirm: true }),
    ])
    expect(driver.member).toMatchObject({ isOwner: true, owned: KEPT })
    const added = new Map([
      ['orders', [2]],
      ['events', [5]],
    ])
    expect(driver.released()).toEqual([
      { kind: 'own', added, assignment: OTHERS, generationId: 1 },
      expect.objectContaining({ kind: 'join', memberId: 'me' }),
    ])
  })

  it.each(['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION'] as const)(
    '%s to its SyncGroup loses everything, and it rejoins owning nothing',
    (errorCode) => {
      const driver = rejoined(cooperative())
      expect(driver.synced(errorCode)).toEqual([
        expect.objectContaining({ kind: 'release', partitions: ASSIGNMENT, reason: errorCode, mustConfirm: false }),
        { kind: 'dropHeld' },
        expect.objectContaining({ kind: 'join', memberId: errorCode === 'UNKNOWN_MEMBER_ID' ? '' : 'me' }),
      ])
      expect(driver.member).toMatchObject({ isOwner: false, owned: new Map() })
    },
  )

  it('UNKNOWN_MEMBER_ID to its JoinGroup loses everything', () => {
    const driver = cooperative()
    driver.heartbeat('REBALANCE_IN_PROGRESS')
    expect(driver.joined('UNKNOWN_MEMBER_ID').map(({ kind }) => kind)).toEqual(['release', 'join'])
  })

  it('that is shut out while it gives up loses the rest, and what was held back never becomes its own', () => {
    const driver = rejoined(cooperative())
    driver.synced('NONE', OTHERS)
    const { requestId } = driver.member
    expect(driver.heartbeat('ILLEGAL_GENERATION')).toEqual([
      expect.objectContaining({ kind: 'release', partitions: KEPT, mustConfirm: false }),
      expect.objectContaining({ kind: 'join' }),
    ])
    expect(driver.submit({ kind: 'released', requestId })).toEqual([])
  })

  it('I19: rebalances that follow each other faster than heartbeats do not put the heartbeats off', () => {
    const driver = new Driver(false, true).stable()
    driver.submit({ kind: 'tick' })
    const dueMs = driver.member.heartbeatDueMs
    driver.submit({ kind: 'commitRefused', generationId: 1, errorCode: 'REBALANCE_IN_PROGRESS' })
    driver.nowMs = dueMs - 1
    driver.joined('NONE')
    driver.synced('REBALANCE_IN_PROGRESS')
    driver.joined('NONE')
    driver.nowMs = dueMs
    expect(nextDeadlineMs(driver.member)).toBe(dueMs)
    expect(driver.kinds({ kind: 'tick' })).toEqual(['heartbeat'])
  })

  it('I19: heartbeats go on while its JoinGroup is held, and the session is over without them', () => {
    const driver = cooperative()
    driver.heartbeat('REBALANCE_IN_PROGRESS')
    for (let i = 0; i < 60; i++) expect(driver.heartbeat('REBALANCE_IN_PROGRESS')).toEqual([])
    expect(driver.member).toMatchObject({ phase: 'joining', isOwner: true })
    driver.nowMs += SESSION_MS
    expect(driver.submit({ kind: 'tick' })).toEqual([
      expect.objectContaining({ kind: 'release', reason: 'SESSION_EXPIRED' }),
      { kind: 'dropHeld' },
      expect.objectContaining({ kind: 'join', memberId: 'me' }),
    ])
  })

  it('a heartbeat or commit that crosses the end of the generation costs nothing', () => {
    const driver = cooperative()
    driver.heartbeat('REBALANCE_IN_PROGRESS')
    expect(driver.heartbeat('ILLEGAL_GENERATION')).toEqual([])
    expect(driver.kinds({ kind: 'commitRefused', generationId: 1, errorCode: 'ILLEGAL_GENERATION' })).toEqual([])
    expect(driver.member).toMatchObject({ phase: 'joining', isOwner: true })
  })

  it('a heartbeat of the generation that is over costs nothing, answered behind the join of the new one', () => {
    const driver = cooperative()
    driver.heartbeat('REBALANCE_IN_PROGRESS')
    driver.nowMs += HEARTBEAT_MS
    driver.submit({ kind: 'tick' })
    const crossing = driver.member.heartbeatRequestId!
    driver.joined('NONE')
    const answer = { kind: 'heartbeatAnswered', requestId: crossing, errorCode: 'ILLEGAL_GENERATION' } as const
    expect(driver.submit(answer)).toEqual([])
    driver.synced('NONE')
    expect(driver.member).toMatchObject({ phase: 'stable', isOwner: true, owned: ASSIGNMENT })
    // And the new generation has its first heartbeat without delay.
    expect(driver.kinds({ kind: 'tick' })).toEqual(['heartbeat'])
  })

  it('that leaves gives up everything first, and drops the join that is held', () => {
    const driver = cooperative()
    driver.heartbeat('REBALANCE_IN_PROGRESS')
    expect(driver.kinds({ kind: 'leave' })).toEqual(['dropHeld', 'release'])
    expect(driver.released()).toEqual([{ kind: 'leave', memberId: 'me' }])
  })
})

const CODES: readonly ErrorCode[] = [
  'NONE',
  'NONE',
  'NONE',
  'REBALANCE_IN_PROGRESS',
  'UNKNOWN_MEMBER_ID',
  'ILLEGAL_GENERATION',
  'MEMBER_ID_REQUIRED',
  'NOT_COORDINATOR',
  'GROUP_AUTHORIZATION_FAILED',
  'FENCED_INSTANCE_ID',
]

describe('any inputs in any order', () => {
  const code = fc.constantFrom(...CODES)
  const action = fc.oneof(
    fc.record({ do: fc.constant('join' as const), code, isLeader: fc.boolean() }),
    fc.record({ do: fc.constant('assigned' as const) }),
    fc.record({ do: fc.constant('sync' as const), code, partitions: fc.subarray([0, 1, 2, 3]) }),
    fc.record({ do: fc.constant('heartbeat' as const), code }),
    fc.record({ do: fc.constant('fail' as const) }),
    fc.record({ do: fc.constant('released' as const) }),
    fc.record({ do: fc.constant('commit' as const), code }),
    fc.record({ do: fc.constantFrom('start', 'leave', 'stop', 'partitionsChanged') }),
    fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 20_000 }) }),
  )

  it('I1, I17, I18: owns what it was given until it is released, never idles for ever, never asks twice at once', () => {
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.boolean(),
        fc.array(action, { maxLength: 60 }),
        (isStatic, isCooperative, actions) => {
          const driver = new Driver(isStatic, isCooperative)
          const owned = new Set<number>()
          let owns = false
          for (const item of [{ do: 'start' as const }, ...actions]) {
            const { requestId } = driver.member
            const effects = perform(driver, item)
            for (const effect of effects) {
              if (effect.kind === 'own') {
                expect(owns).toBe(isCooperative && owns)
                owns = true
                for (const partition of effect.added.get('orders') ?? []) {
                  expect(owned.has(partition)).toBe(false)
                  owned.add(partition)
                }
                expect([...owned].sort()).toEqual(effect.assignment.get('orders') ?? [])
              } else if (effect.kind === 'release') {
                expect(owns).toBe(true)
                for (const partition of effect.partitions.get('orders') ?? [])
                  expect(owned.delete(partition)).toBe(true)
                owns = driver.member.isOwner
                if (!owns) expect(owned.size).toBe(0)
              } else if (effect.kind === 'join' && !isCooperative) {
                expect(owns).toBe(false)
              } else if (effect.kind === 'join') {
                expect([...owned].sort()).toEqual(driver.member.owned.get('orders') ?? [])
              }
            }
            expect(driver.member.isOwner).toBe(owns)
            expect([...owned].sort()).toEqual(driver.member.owned.get('orders') ?? [])
            const asked = effects.filter(({ kind }) => kind === 'join' || kind === 'assign' || kind === 'sync')
            expect(asked.length).toBeLessThanOrEqual(1)
            if (asked.length === 1) expect(driver.member.requestId).toBeGreaterThan(requestId)
            const { phase } = driver.member
            // Either a request is under way, or somebody must confirm, or time will move it on, or it is over.
            const isUnderWay = ['joining', 'assigning', 'syncing', 'revoking', 'leaving'].includes(phase)
            const isOver = phase === 'out' || phase === 'ended'
            const heartbeatIsUnderWay = driver.member.heartbeatRequestId !== null
            expect(isUnderWay || isOver || heartbeatIsUnderWay || nextDeadlineMs(driver.member) < Infinity).toBe(true)
          }
        },
      ),
      { numRuns: 2_000 },
    )
  })

  function perform(
    driver: Driver,
    item: { do: string; code?: ErrorCode; isLeader?: boolean; ms?: number; partitions?: number[] },
  ): readonly MembershipEffect[] {
    const { requestId, heartbeatRequestId } = driver.member
    const errorCode = item.code ?? 'NONE'
    switch (item.do) {
      case 'join':
        return driver.joined(errorCode, { leaderId: item.isLeader === true ? 'me' : 'other' })
      case 'assigned':
        return driver.submit({ kind: 'assignmentMade', requestId, assignments: new Map() })
      case 'sync':
        return driver.synced(errorCode, new Map(item.partitions?.length ? [['orders', item.partitions]] : []))
      case 'heartbeat':
        return driver.submit({ kind: 'heartbeatAnswered', requestId: heartbeatRequestId ?? -1, errorCode })
      case 'fail':
        return driver.submit({ kind: 'attemptFailed', requestId, retryDelayMs: RETRY_MS })
      case 'released':
        return driver.submit({ kind: 'released', requestId })
      case 'commit':
        return driver.submit({ kind: 'commitRefused', generationId: 1, errorCode })
      case 'wait':
        driver.nowMs += item.ms ?? 0
        return driver.submit({ kind: 'tick' })
      default:
        return driver.submit({ kind: item.do as 'start' | 'leave' | 'stop' | 'partitionsChanged' })
    }
  }
})
