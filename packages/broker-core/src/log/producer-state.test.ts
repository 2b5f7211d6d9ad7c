// Idempotent producers: duplicates, gaps, epochs, and what survives a snapshot.
import { DecodeError } from '@goqueue/protocol'
import type { RecordBatchHeader } from '@goqueue/protocol'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ProducerStates } from './producer-state.ts'

interface Sent {
  producerId?: number
  epoch?: number
  sequence: number
  count?: number
}

function header({ producerId = 7, epoch = 0, sequence, count = 1 }: Sent, baseOffset = 0): RecordBatchHeader {
  return {
    baseOffset,
    batchLength: 100,
    partitionLeaderEpoch: 0,
    magic: 2,
    crc: 0,
    attributes: 0,
    lastOffsetDelta: count - 1,
    baseTimestampMs: 0,
    maxTimestampMs: 0,
    producerId,
    producerEpoch: epoch,
    baseSequence: sequence,
    recordCount: count,
  }
}

/** A log of these batches: each is appended if it may be. */
function logOf(...sent: Sent[]): { states: ProducerStates; nextOffset: number } {
  const states = new ProducerStates()
  let nextOffset = 0
  for (const each of sent) {
    expect(states.check(header(each))).toEqual({ kind: 'append' })
    states.record(header(each, nextOffset), nextOffset)
    nextOffset += each.count ?? 1
  }
  return { states, nextOffset }
}

const outOfOrder = { kind: 'refused', errorCode: 'OUT_OF_ORDER_SEQUENCE_NUMBER', message: expect.any(String) as string }
const oldEpoch = { kind: 'refused', errorCode: 'INVALID_PRODUCER_EPOCH', message: expect.any(String) as string }

test('a batch without a producer id is appended and leaves no trace', () => {
  const states = new ProducerStates()
  expect(states.check(header({ producerId: -1, epoch: -1, sequence: -1 }))).toEqual({ kind: 'append' })
  states.record(header({ producerId: -1, epoch: -1, sequence: -1 }), 0)
  expect(states.size).toBe(0)
})

test('I22: the same batch again is a duplicate with the offsets of the original', () => {
  const { states } = logOf({ sequence: 0, count: 3 }, { sequence: 3, count: 2 })
  expect(states.check(header({ sequence: 3, count: 2 }))).toEqual({ kind: 'duplicate', baseOffset: 3, lastOffset: 4 })
  expect(states.check(header({ sequence: 0, count: 3 }))).toEqual({ kind: 'duplicate', baseOffset: 0, lastOffset: 2 })
})

test('I22: of many batches the last five are known as duplicates, an older one is out of order', () => {
  const { states } = logOf(...Array.from({ length: 8 }, (_, sequence) => ({ sequence })))
  for (let sequence = 0; sequence < 8; sequence++) {
    const expected = sequence < 3 ? outOfOrder : { kind: 'duplicate', baseOffset: sequence, lastOffset: sequence }
    expect(states.check(header({ sequence }))).toEqual(expected)
  }
})

test('a batch that only begins like an earlier one is no duplicate', () => {
  const { states } = logOf({ sequence: 0, count: 3 })
  expect(states.check(header({ sequence: 0, count: 2 }))).toEqual(outOfOrder)
})

test('a gap is out of order, and the message names the sequence that is next', () => {
  const { states } = logOf({ sequence: 0, count: 3 })
  expect(states.check(header({ sequence: 4 }))).toEqual({
    ...outOfOrder,
    message: 'producer 7 of epoch 0 sent sequence 4, 3 is next',
  })
  expect(states.check(header({ sequence: 3 }))).toEqual({ kind: 'append' })
})

test('sequences begin again at 0 after 2^31 - 1, between batches and within one', () => {
  const between = logOf({ sequence: 2 ** 31 - 3, count: 3 })
  expect(between.states.check(header({ sequence: 0 }))).toEqual({ kind: 'append' })
  expect(between.states.check(header({ sequence: 1 }))).toEqual(outOfOrder)
  const within = logOf({ sequence: 2 ** 31 - 2, count: 5 })
  expect(within.states.check(header({ sequence: 3 }))).toEqual({ kind: 'append' })
  expect(within.states.check(header({ sequence: 2 ** 31 - 2, count: 5 }))).toMatchObject({ kind: 'duplicate' })
})

test('an unknown producer may begin with any sequence, as in Kafka since 2.5', () => {
  expect(new ProducerStates().check(header({ sequence: 41, epoch: 3 }))).toEqual({ kind: 'append' })
})

describe('a new epoch', () => {
  test('begins at sequence 0 and nowhere else', () => {
    const { states } = logOf({ sequence: 0 })
    expect(states.check(header({ epoch: 1, sequence: 1 }))).toEqual(outOfOrder)
    expect(states.check(header({ epoch: 1, sequence: 0 }))).toEqual({ kind: 'append' })
  })

  test('shuts out the old one, and its sequences do not count', () => {
    const { states } = logOf({ sequence: 0, count: 4 }, { epoch: 1, sequence: 0, count: 4 })
    expect(states.check(header({ epoch: 0, sequence: 4 }))).toEqual(oldEpoch)
    expect(states.check(header({ epoch: 0, sequence: 0, count: 4 }))).toEqual(oldEpoch)
    const again = states.check(header({ epoch: 1, sequence: 0, count: 4 }))
    expect(again).toEqual({ kind: 'duplicate', baseOffset: 4, lastOffset: 7 })
  })
})

describe('S10: a producer whose first batch found no room', () => {
  /** A partition that had no room for these. */
  const statesWithoutRoomFor = (...sent: Sent[]) => {
    const states = new ProducerStates()
    for (const each of sent) states.postpone(header(each), 1_000)
    return states
  }

  test('begins with that batch: those sent behind it are out of order until it is appended', () => {
    const states = statesWithoutRoomFor({ sequence: 40, count: 2 })
    expect(states.check(header({ sequence: 42 }))).toEqual({
      ...outOfOrder,
      message: 'producer 7 of epoch 0 sent sequence 42, 40 is next',
    })
    expect(states.check(header({ sequence: 0 }))).toEqual(outOfOrder)
    expect(states.check(header({ producerId: 8, sequence: 42 }))).toEqual({ kind: 'append' })
    expect(states.check(header({ sequence: 40, count: 2 }))).toEqual({ kind: 'append' })
    states.record(header({ sequence: 40, count: 2 }, 10), 2_000)
    expect(states.check(header({ sequence: 40, count: 2 }))).toMatchObject({ kind: 'duplicate', baseOffset: 10 })
    expect(states.check(header({ sequence: 42 }))).toEqual({ kind: 'append' })
    expect(states.size).toBe(1)
  })

  test('may give it up and begin a new epoch, at 0, and nothing of the old one comes in its way', () => {
    const states = statesWithoutRoomFor({ sequence: 40 })
    expect(states.check(header({ epoch: 1, sequence: 41 }))).toEqual(outOfOrder)
    expect(states.check(header({ epoch: 1, sequence: 0 }))).toEqual({ kind: 'append' })
    states.postpone(header({ epoch: 1, sequence: 0 }), 1_000)
    expect(states.check(header({ epoch: 0, sequence: 40 }))).toEqual(oldEpoch)
    expect(states.check(header({ epoch: 1, sequence: 1 }))).toEqual(outOfOrder)
    expect(states.check(header({ epoch: 1, sequence: 0 }))).toEqual({ kind: 'append' })
  })

  test('that is known goes on where it stood', () => {
    const { states } = logOf({ sequence: 0, count: 3 })
    states.postpone(header({ sequence: 3 }), 1_000)
    states.postpone(header({ epoch: 1, sequence: 0 }), 1_000)
    expect(states.size).toBe(1)
    expect(states.check(header({ sequence: 4 }))).toEqual(outOfOrder)
    expect(states.check(header({ sequence: 3 }))).toEqual({ kind: 'append' })
    expect(states.check(header({ epoch: 1, sequence: 1 }))).toEqual(outOfOrder)
  })

  test('N21: is forgotten when it never comes back, and when too many others come', () => {
    const states = statesWithoutRoomFor({ producerId: 1, sequence: 0 }, { producerId: 2, sequence: 0 })
    states.postpone(header({ producerId: 1, sequence: 0 }), 2_000)
    expect(states.expire(2_000)).toBe(1)
    expect(states.check(header({ producerId: 1, sequence: 1 }))).toEqual(outOfOrder)
    expect(states.check(header({ producerId: 2, sequence: 1 }))).toEqual({ kind: 'append' })
    const few = new ProducerStates({ maxProducers: 2 })
    few.record(header({ producerId: 9, sequence: 0 }), 0)
    for (const producerId of [1, 2, 1, 3]) few.postpone(header({ producerId, sequence: 0 }), 0)
    expect(few.size).toBe(3)
    for (const [producerId, check] of [
      [1, outOfOrder],
      [2, { kind: 'append' }],
      [3, outOfOrder],
      [9, outOfOrder],
    ] as const) {
      expect(few.check(header({ producerId, sequence: 5 }))).toEqual(check)
    }
  })

  test('is in no snapshot: what was sent before a restart does not arrive after it', () => {
    const states = statesWithoutRoomFor({ sequence: 0 })
    expect(ProducerStates.restore(states.snapshot()).size).toBe(0)
  })

  test('has, of any traffic, each batch appended once and in order, however the room comes and goes', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 40 }), fc.integer({ min: 1, max: 8 }), (rooms, inFlight) => {
        const states = new ProducerStates()
        const appended: number[] = []
        const has = (turn: number) => rooms[turn] ?? true
        let turn = 0
        // All that is not appended yet is sent at once, in order; what is refused is sent again when all are answered.
        for (let round = 0; appended.length < inFlight && round < 50; round++) {
          const missing = Array.from({ length: inFlight }, (_, sequence) => sequence).filter(
            (n) => !appended.includes(n),
          )
          for (const sequence of missing) {
            if (states.check(header({ sequence })).kind !== 'append') continue
            if (has(turn++)) {
              states.record(header({ sequence }, appended.length), 0)
              appended.push(sequence)
            } else {
              states.postpone(header({ sequence }), 0)
            }
          }
        }
        expect(appended).toEqual(Array.from({ length: inFlight }, (_, sequence) => sequence))
      }),
    )
  })
})

test('producers do not disturb one another', () => {
  const { states } = logOf(
    { producerId: 1, sequence: 0 },
    { producerId: 2, sequence: 0 },
    { producerId: 1, sequence: 1 },
  )
  expect(states.check(header({ producerId: 2, sequence: 1 }))).toEqual({ kind: 'append' })
  expect(states.check(header({ producerId: 2, sequence: 2 }))).toEqual(outOfOrder)
})

test('N21: above the cap the producer that was longest silent is forgotten', () => {
  const states = new ProducerStates({ maxProducers: 2 })
  for (const producerId of [1, 2, 1, 3]) {
    states.record(header({ producerId, sequence: producerId === 1 && states.size === 2 ? 1 : 0 }), 0)
  }
  expect(states.size).toBe(2)
  expect(states.check(header({ producerId: 1, sequence: 9 }))).toEqual(outOfOrder)
  expect(states.check(header({ producerId: 2, sequence: 9 }))).toEqual({ kind: 'append' })
})

test('expire forgets who was last heard of before the given time, and counts them', () => {
  const states = new ProducerStates()
  states.record(header({ producerId: 1, sequence: 0 }), 1_000)
  states.record(header({ producerId: 2, sequence: 0 }), 2_000)
  expect(states.expire(2_000)).toBe(1)
  expect(states.size).toBe(1)
  expect(states.check(header({ producerId: 2, sequence: 5 }))).toEqual(outOfOrder)
})

const traffic = fc.array(
  fc.record({
    producerId: fc.integer({ min: 0, max: 3 }),
    epoch: fc.integer({ min: 0, max: 2 }),
    sequence: fc.oneof(fc.integer({ min: 0, max: 8 }), fc.constantFrom(2 ** 31 - 2, 2 ** 31 - 1)),
    count: fc.integer({ min: 1, max: 3 }),
  }),
  { maxLength: 60 },
)

test('I22: a restored snapshot judges every batch as the original does', () => {
  fc.assert(
    fc.property(traffic, traffic, (before, probes) => {
      const states = new ProducerStates()
      before.forEach((sent, offset) => {
        if (states.check(header(sent)).kind === 'append') states.record(header(sent, offset * 10), offset)
      })
      const restored = ProducerStates.restore(states.snapshot())
      for (const probe of probes) expect(restored.check(header(probe))).toEqual(states.check(header(probe)))
      expect(restored.snapshot()).toEqual(states.snapshot())
      expect(restored.expire(before.length / 2)).toBe(states.expire(before.length / 2))
    }),
  )
})

test('I22: of any traffic, what was accepted within the last five batches of a producer is never accepted again', () => {
  fc.assert(
    fc.property(traffic, (sent) => {
      const states = new ProducerStates()
      sent.forEach((each, offset) => {
        if (states.check(header(each)).kind !== 'append') return
        states.record(header(each, offset * 10), 0)
        const again = states.check(header(each))
        expect(again).toEqual({ kind: 'duplicate', baseOffset: offset * 10, lastOffset: offset * 10 + each.count - 1 })
      })
    }),
  )
})

test('a snapshot that is damaged anywhere, cut off anywhere or of another version is a DecodeError', () => {
  const { states } = logOf({ producerId: 2 ** 40, sequence: 0, count: 4 }, { producerId: 2, sequence: 0 })
  const good = states.snapshot()
  for (let at = 0; at < good.length; at++) {
    const bad = Buffer.from(good)
    bad[at]! ^= 1 << (at % 8)
    expect(() => ProducerStates.restore(bad)).toThrow(DecodeError)
    expect(() => ProducerStates.restore(good.subarray(0, at))).toThrow(DecodeError)
  }
  expect(() => ProducerStates.restore(Buffer.concat([good, Buffer.alloc(8)]))).toThrow(DecodeError)
})
