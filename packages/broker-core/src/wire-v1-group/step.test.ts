// Groups of the original dialect: everybody gets a share on every join, and whoever missed a change is told.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createWireV1Group, leaderOf, nextDeadlineMs, type WireV1Group } from './group.ts'
import { encodeWireV1Group, isWireV1Image, restoreWireV1Group } from './group-image.ts'
import type { WireV1Input, WireV1Reply } from './input.ts'
import { step } from './step.ts'

const MAX_SIZE = 10
const orders = new Map([['orders', 4]])

function reply(group: WireV1Group, input: WireV1Input, nowMs = 0): WireV1Reply {
  const effects = step(group, input, nowMs, MAX_SIZE)
  const last = effects.at(-1)
  if (last?.kind !== 'reply') throw new Error('the input was not answered')
  return last.reply
}

function join(group: WireV1Group, consumerId: string, options: { nowMs?: number; sessionTimeoutMs?: number } = {}) {
  const { nowMs = 0, sessionTimeoutMs = 3_000 } = options
  const input = {
    kind: 'join',
    requestId: 1,
    consumerId,
    clientId: 'go',
    clientHost: '/127.0.0.1',
    topics: ['orders'],
    partitions: orders,
  } as const
  return reply(group, { ...input, sessionTimeoutMs }, nowMs)
}

const beat = (group: WireV1Group, consumerId: string, generation: number, nowMs = 0) =>
  reply(group, { kind: 'heartbeat', requestId: 1, consumerId, generation }, nowMs)

const leave = (group: WireV1Group, consumerId: string) =>
  reply(group, { kind: 'leave', requestId: 1, consumerId, partitions: orders })

function shares(group: WireV1Group): Record<string, readonly number[]> {
  return Object.fromEntries(Array.from(group.shares, ([consumer, share]) => [consumer, share.get('orders') ?? []]))
}

describe('joining', () => {
  it('answers each joiner with its share of the new assignment', () => {
    const group = createWireV1Group('g', 0)
    expect(join(group, 'consumer-1')).toMatchObject({ generation: 1, share: new Map([['orders', [0, 1, 2, 3]]]) })
    expect(join(group, 'consumer-2')).toMatchObject({ generation: 2, share: new Map([['orders', [1, 3]]]) })
    expect(join(group, 'consumer-3')).toMatchObject({
      generation: 3,
      leader: 'consumer-1',
      members: [{ consumerId: 'consumer-1' }, { consumerId: 'consumer-2' }, { consumerId: 'consumer-3' }],
      share: new Map([['orders', [2]]]),
    })
    expect(shares(group)).toEqual({ 'consumer-1': [0, 3], 'consumer-2': [1], 'consumer-3': [2] })
  })

  it('again, unchanged, gives the current share and no new generation', () => {
    const group = createWireV1Group('g', 0)
    for (const consumer of ['consumer-1', 'consumer-2', 'consumer-3']) join(group, consumer)
    expect(beat(group, 'consumer-1', 1)).toEqual({ kind: 'code', errorCode: 2 })
    expect(join(group, 'consumer-1')).toMatchObject({ generation: 3, share: new Map([['orders', [0, 3]]]) })
    expect(beat(group, 'consumer-1', 3)).toEqual({ kind: 'code', errorCode: 0 })
  })

  it('again after the topic has grown gives a new assignment', () => {
    const group = createWireV1Group('g', 0)
    join(group, 'consumer-1')
    const grown = reply(group, {
      kind: 'join',
      requestId: 1,
      consumerId: 'consumer-1',
      clientId: 'go',
      clientHost: '/127.0.0.1',
      topics: ['orders'],
      sessionTimeoutMs: 3_000,
      partitions: new Map([['orders', 6]]),
    })
    expect(grown).toMatchObject({ generation: 2, share: new Map([['orders', [0, 1, 2, 3, 4, 5]]]) })
  })

  it('refuses an absurd session timeout, no consumer id, a topic that does not exist and a full group', () => {
    const group = createWireV1Group('g', 0)
    expect(join(group, 'c', { sessionTimeoutMs: 999 })).toEqual({ kind: 'code', errorCode: 1 })
    expect(join(group, 'c', { sessionTimeoutMs: 1_800_001 })).toEqual({ kind: 'code', errorCode: 1 })
    expect(join(group, '')).toEqual({ kind: 'code', errorCode: 1 })
    const missing = {
      kind: 'join',
      requestId: 1,
      consumerId: 'c',
      clientId: 'go',
      clientHost: '/127.0.0.1',
      topics: ['bills'],
    } as const
    expect(reply(group, { ...missing, sessionTimeoutMs: 3_000, partitions: orders })).toMatchObject({ errorCode: 3 })
    expect(group.members.size).toBe(0)
    for (let index = 0; index < MAX_SIZE; index++) join(group, `consumer-${index}`)
    expect(join(group, 'one-too-many')).toEqual({ kind: 'code', errorCode: 2 })
  })
})

describe('leaving and expiry', () => {
  it('gives the share to the others, in a new generation, and leadership to the next in join order', () => {
    const group = createWireV1Group('g', 0)
    join(group, 'consumer-2')
    join(group, 'consumer-1')
    expect(leave(group, 'consumer-2')).toEqual({ kind: 'code', errorCode: 0 })
    expect(leaderOf(group)).toBe('consumer-1')
    expect(shares(group)).toEqual({ 'consumer-1': [0, 1, 2, 3] })
    expect(beat(group, 'consumer-1', 2)).toEqual({ kind: 'code', errorCode: 2 })
    expect(leave(group, 'consumer-2')).toEqual({ kind: 'code', errorCode: 2 })
  })

  it('I6: a silent member is gone at its session deadline, not before, and a beat moves it', () => {
    const group = createWireV1Group('g', 0)
    join(group, 'silent', { nowMs: 0 })
    join(group, 'beating', { nowMs: 1_000 })
    expect(nextDeadlineMs(group)).toBe(3_000)
    beat(group, 'beating', 2, 2_999)
    expect(step(group, { kind: 'tick', partitions: orders }, 2_999, MAX_SIZE)).toEqual([])
    expect(step(group, { kind: 'tick', partitions: orders }, 3_000, MAX_SIZE)).toMatchObject([
      { kind: 'persist' },
      { kind: 'rebalanced', rebalance: { generation: 3, causes: [{ kind: 'sessionTimeout' }] } },
    ])
    expect(shares(group)).toEqual({ beating: [0, 1, 2, 3] })
    expect(nextDeadlineMs(group)).toBe(5_999)
  })

  it('a beat with an old generation is refused and still keeps the member alive', () => {
    const group = createWireV1Group('g', 0)
    join(group, 'consumer-1', { nowMs: 0 })
    join(group, 'consumer-2', { nowMs: 0 })
    expect(beat(group, 'consumer-1', 1, 2_000)).toEqual({ kind: 'code', errorCode: 2 })
    step(group, { kind: 'tick', partitions: orders }, 3_000, MAX_SIZE)
    expect([...group.members.keys()]).toEqual(['consumer-1'])
  })

  it('I23: a stall of the broker moves every deadline', () => {
    const group = createWireV1Group('g', 0)
    join(group, 'consumer-1')
    step(group, { kind: 'stalled', byMs: 10_000 }, 12_000, MAX_SIZE)
    expect(nextDeadlineMs(group)).toBe(13_000)
  })
})

it('I5: comes back from its stored form as it was, with a full session for everybody', () => {
  const group = createWireV1Group('g', 7)
  join(group, '__proto__')
  join(group, 'consumer-1')
  const state = encodeWireV1Group(group)
  expect(isWireV1Image(state)).toBe(true)
  const restored = restoreWireV1Group('g', state, 50_000)
  expect(encodeWireV1Group(restored)).toBe(state)
  expect(restored.shares).toEqual(group.shares)
  expect(nextDeadlineMs(restored)).toBe(53_000)
})

it('I1: whatever happens, each partition has one owner, the generation never falls, and owners are members', () => {
  const consumer = fc.constantFrom('a', 'b', 'c', 'd')
  const event = fc.oneof(
    fc.record({ kind: fc.constant('join' as const), consumer }),
    fc.record({ kind: fc.constant('leave' as const), consumer }),
    fc.record({ kind: fc.constant('beat' as const), consumer }),
    fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 4_000 }) }),
  )
  fc.assert(
    fc.property(fc.array(event, { maxLength: 40 }), (events) => {
      const group = createWireV1Group('g', 0)
      let nowMs = 0
      let generation = 0
      for (const happening of events) {
        if (happening.kind === 'wait') nowMs += happening.ms
        if (happening.kind === 'join') join(group, happening.consumer, { nowMs })
        if (happening.kind === 'leave') leave(group, happening.consumer)
        if (happening.kind === 'beat') beat(group, happening.consumer, group.generation, nowMs)
        step(group, { kind: 'tick', partitions: orders }, nowMs, MAX_SIZE)
        expect(group.generation).toBeGreaterThanOrEqual(generation)
        generation = group.generation
        expect([...group.shares.keys()].sort()).toEqual([...group.members.keys()].sort())
        const owned = Object.values(shares(group)).flat().sort()
        expect(owned).toEqual(group.members.size === 0 ? [] : [0, 1, 2, 3])
        expect(nextDeadlineMs(group)).toBeGreaterThan(nowMs)
      }
    }),
  )
})
