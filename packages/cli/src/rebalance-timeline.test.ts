// The timeline of rebalances: what stands on which line, and what is left out of a long one.
import { expect, it } from 'vitest'
import type { RebalanceCause, RebalanceRecord } from './rebalance-history.ts'
import { timeline } from './rebalance-timeline.ts'

const rebalance: RebalanceRecord = {
  version: 1,
  groupId: 'billing',
  generationId: 12,
  state: 'Stable',
  settledMs: Date.UTC(2026, 0, 5, 9, 12, 44, 102),
  tookMs: 1_234,
  protocolType: 'consumer',
  assignor: 'range',
  memberCount: 3,
  causes: [],
  causeCount: 0,
  moved: [],
  movedCount: 0,
}

function cause(kind: string, consumerId: string | null, reason: string | null = null): RebalanceCause {
  return { kind, memberId: 'member-7f…', consumerId, clientId: 'c', clientHost: '/10.0.0.7', reason }
}

/** The lines below the heading, with single spaces. */
function linesOf(changes: Partial<RebalanceRecord>): string[] {
  const [, ...lines] = timeline([{ ...rebalance, ...changes }])
    .trimEnd()
    .split('\n')
  return lines.map((line) => line.trim().replace(/ +/g, ' '))
}

it('names who by consumer id or member id, and why in words, with the reason that the client gave', () => {
  const causes = [cause('join', 'consumer-1'), cause('leave', null, 'scaled in'), cause('somethingNew', 'consumer-2')]
  expect(linesOf({ causes, causeCount: 3 })).toEqual([
    '2026-01-05T09:12:44.102Z 12 3 consumer-1 joined nothing 1,234 ms',
    'member-7f… left: scaled in',
    'consumer-2 somethingNew',
  ])
})

it('puts what moved between the same two on one line', () => {
  const moved = [
    { topic: 'orders', partition: 0, from: 'a', to: 'b' },
    { topic: 'orders', partition: 1, from: 'a', to: null },
    { topic: 'orders', partition: 2, from: 'a', to: 'b' },
  ]
  expect(linesOf({ causes: [cause('join', 'b')], causeCount: 1, moved, movedCount: 3 })).toEqual([
    '2026-01-05T09:12:44.102Z 12 3 b joined orders 0, 2: a → b 1,234 ms',
    'orders 1: a → nobody',
  ])
})

it('joins need no explanation by the protocol; other reasons of clients are told', () => {
  const reasons = [
    'joins',
    'joins with the member id it was given',
    'need to re-join with the given member-id: a-1',
    '',
  ]
  for (const reason of reasons) {
    const [line] = linesOf({ causes: [cause('join', 'a', reason)], causeCount: 1 })
    expect(line).toBe('2026-01-05T09:12:44.102Z 12 3 a joined nothing 1,234 ms')
  }
  const [line] = linesOf({ causes: [cause('join', 'a', 'its session has expired')], causeCount: 1 })
  expect(line).toContain(' a joined: its session has expired ')
})

const [ADA, BEN] = ['0d9f3a52', '7b1c44f0'].map((start) => `billing-service-${start}-6c1e-4a44-8f0e-1b7a5d6c2e90`)
const dynamic: RebalanceRecord = {
  ...rebalance,
  causes: [{ ...cause('join', null), memberId: BEN! }],
  causeCount: 1,
  moved: [0, 1, 2].map((partition) => ({ topic: 'orders', partition, from: ADA!, to: BEN! })),
  movedCount: 3,
}

it('shortens the uuid of a member id, and has numbers to the right', () => {
  expect(timeline([{ ...dynamic, generationId: 9, tookMs: 3 }, dynamic])).toBe(
    [
      'WHEN                       GENERATION   MEMBERS   CAUSED BY                  WHY      MOVED                                                                     TOOK',
      '2026-01-05T09:12:44.102Z            9         3   billing-service-7b1c44f0   joined   orders 0, 1, 2: billing-service-0d9f3a52 → billing-service-7b1c44f0       3 ms',
      '2026-01-05T09:12:44.102Z           12         3   billing-service-7b1c44f0   joined   orders 0, 1, 2: billing-service-0d9f3a52 → billing-service-7b1c44f0   1,234 ms',
      '',
    ].join('\n'),
  )
})

it('where the table is wider than the terminal, each rebalance is a paragraph that fits', () => {
  const causes = Array.from({ length: 6 }, () => cause('leave', 'consumer-1', 'scaled in'))
  expect(timeline([dynamic, { ...rebalance, causes, causeCount: 6 }], 72)).toBe(
    [
      '2026-01-05T09:12:44.102Z: generation 12, 3 members, took 1,234 ms',
      '  billing-service-7b1c44f0 joined',
      '  moved: orders 0, 1, 2: billing-service-0d9f3a52 →',
      '    billing-service-7b1c44f0',
      '',
      '2026-01-05T09:12:44.102Z: generation 12, 3 members, took 1,234 ms',
      ...Array.from({ length: 5 }, () => '  consumer-1 left: scaled in'),
      '  and 1 more',
      '  moved: nothing',
      '',
    ].join('\n'),
  )
  expect(timeline([dynamic], 200)).toMatch(/^WHEN /)
})

it('leaves out what is too long, and counts it', () => {
  const causes = Array.from({ length: 7 }, (_, index) => cause('join', `consumer-${index}`))
  const moved = causes.map(({ consumerId }, partition) => ({ topic: 'orders', partition, from: null, to: consumerId }))
  const lines = linesOf({ causes, causeCount: 9, moved, movedCount: 70 })
  expect(lines).toHaveLength(6)
  expect(lines[4]).toBe('consumer-4 joined orders 4: nobody → consumer-4')
  expect(lines[5]).toBe('and 4 more 70 partitions in all')
})

it('says so when nobody knows what moved, and when the group as a whole was the cause', () => {
  const nobody = { kind: 'groupMaxSize', memberId: null, consumerId: null, clientId: null, clientHost: null }
  const causes = [{ ...nobody, reason: null }]
  expect(linesOf({ causes, causeCount: 1, moved: null, movedCount: null })).toEqual([
    '2026-01-05T09:12:44.102Z 12 3 - the group is over group.max.size not known: no assignments of consumers 1,234 ms',
  ])
})
