import { describe, expect, it } from 'vitest'
import {
  BatchAccumulator,
  sequenceAfter,
  type AccumulatorLimits,
  type PartitionQueue,
  type ProducerBatch,
} from './batch-accumulator.ts'

const LIMITS: AccumulatorLimits = { batchBytes: 300, lingerMs: 0, deliveryTimeoutMs: 1_000, isIdempotent: true }
const ME = { producerId: 7, producerEpoch: 0 }
const RECORD = { key: null, value: 'v', headers: [], timestampMs: 0 }

type Queue = PartitionQueue<string>
type Batch = ProducerBatch<string>

function filled(records: number, limits: Partial<AccumulatorLimits> = {}) {
  const accumulator = new BatchAccumulator<string>({ ...LIMITS, ...limits })
  for (let i = 0; i < records; i++) accumulator.append('t', 0, RECORD, 100, 'owner', i, 0)
  const [queue] = [...accumulator.active()] as [Queue]
  const send = (nowMs = 0, identity = ME): Batch | null => {
    const batch = accumulator.sendable(queue, nowMs, false)
    if (batch !== null) accumulator.take(queue, batch, identity)
    return batch
  }
  return { accumulator, queue, send }
}

const positions = (batch: Batch | null) => batch?.positions

describe('batches', () => {
  it('close when they are full, and keep the order of the records', () => {
    const { send } = filled(7)
    expect([send(), send(), send()].map(positions)).toEqual([[0, 1, 2], [3, 4, 5], [6]])
    expect(send()).toBeNull()
  })

  it('a record larger than a batch goes alone', () => {
    const { accumulator, send } = filled(1)
    accumulator.append('t', 0, RECORD, 9_000, 'owner', 1, 0)
    accumulator.append('t', 0, RECORD, 100, 'owner', 2, 0)
    expect([send(), send(), send()].map(positions)).toEqual([[0], [1], [2]])
  })

  it('linger until their time, unless they are full or flushed', () => {
    const { accumulator, queue } = filled(2, { lingerMs: 10 })
    expect(accumulator.sendable(queue, 9, false)).toBeNull()
    expect(accumulator.nextDeadlineMs(0)).toBe(10)
    expect(accumulator.sendable(queue, 9, true)).not.toBeNull()
    expect(accumulator.sendable(queue, 10, false)).not.toBeNull()
    accumulator.append('t', 0, RECORD, 100, 'owner', 2, 0)
    expect(accumulator.sendable(queue, 0, false)).not.toBeNull()
  })

  it('bytes are counted until the outcome is known', () => {
    const { accumulator, queue, send } = filled(2)
    expect(accumulator.bufferedBytes).toBe(200)
    const batch = send()!
    expect(accumulator.bufferedBytes).toBe(200)
    accumulator.succeed(queue, batch)
    expect(accumulator.bufferedBytes).toBe(0)
  })

  it('expire by their age while they are not under way', () => {
    const { accumulator, queue, send } = filled(4)
    send()
    expect(accumulator.expired(queue, 999)).toEqual([])
    expect(accumulator.expired(queue, 1_000).map(positions)).toEqual([[3]])
  })

  it('keyless records share a partition until its batch is closed (KIP-480)', () => {
    const accumulator = new BatchAccumulator<string>(LIMITS)
    expect(accumulator.anyPartition('t', 4, 0.3)).toBe(1)
    expect(accumulator.anyPartition('t', 4, 0.9)).toBe(1)
    for (let i = 0; i < 3; i++) accumulator.append('t', 1, RECORD, 100, 'owner', i, 0)
    expect(accumulator.anyPartition('t', 4, 0.9)).toBe(3)
  })
})

describe('sequence numbers', () => {
  it('follow one another batch by batch, and survive a retry', () => {
    const { accumulator, queue, send } = filled(7)
    const [first, second, third] = [send()!, send()!, send()!]
    expect([first, second, third].map((batch) => batch.baseSequence)).toEqual([0, 3, 6])
    accumulator.retry(queue, first, 0)
    accumulator.succeed(queue, second)
    accumulator.succeed(queue, third)
    expect(send()).toBe(first)
    expect(first).toMatchObject({ baseSequence: 0, identity: ME, attempts: 2 })
  })

  it('start over at 0 after 2^31 - 1', () => {
    expect(sequenceAfter(2 ** 31 - 2, 1)).toBe(2 ** 31 - 1)
    expect(sequenceAfter(2 ** 31 - 1, 1)).toBe(0)
    expect(sequenceAfter(2 ** 31 - 1, 3)).toBe(2)
  })
})

describe('retries', () => {
  it('nothing overtakes: after a failure all that is under way is awaited, then each goes again in order', () => {
    const { accumulator, queue, send } = filled(9)
    const [first, second] = [send()!, send()!]
    accumulator.retry(queue, first, 0)
    expect(send()).toBeNull()
    accumulator.retry(queue, second, 0)
    expect(send()).toBe(first)
    expect(send()).toBeNull()
    accumulator.succeed(queue, first)
    expect(send()).toBe(second)
    accumulator.succeed(queue, second)
    expect(positions(send())).toEqual([6, 7, 8])
  })

  it('failures that come back in another order are put in order again', () => {
    const { accumulator, queue, send } = filled(9)
    const [first, second, third] = [send()!, send()!, send()!]
    for (const batch of [third, first, second]) accumulator.retry(queue, batch, 0)
    expect(queue.retries).toEqual([first, second, third])
  })

  it('wait for the pause', () => {
    const { accumulator, queue, send } = filled(1)
    accumulator.retry(queue, send()!, 70)
    expect(send(69)).toBeNull()
    expect(accumulator.nextDeadlineMs(0)).toBe(70)
    expect(send(70)).not.toBeNull()
  })

  it('without idempotence a partition has one batch under way, so that a retry cannot be overtaken', () => {
    const { send } = filled(6, { isIdempotent: false })
    expect(send()).toMatchObject({ identity: null, baseSequence: -1 })
    expect(send()).toBeNull()
  })
})

describe('a refused sequence', () => {
  it('is tried again as it is while an earlier batch is open', () => {
    const { accumulator, queue, send } = filled(6)
    const [first, second] = [send()!, send()!]
    accumulator.retry(queue, first, 0)
    expect(accumulator.sequenceRefused(queue, second)).toBe('retry')
    accumulator.retry(queue, second, 0)
    expect(second).toMatchObject({ identity: ME, baseSequence: 3 })
  })

  it('KIP-360: goes again under a fresh identity when it surely was not written', () => {
    const { accumulator, queue, send } = filled(3)
    const batch = send()!
    expect(accumulator.sequenceRefused(queue, batch)).toBe('retry')
    accumulator.retry(queue, batch, 0)
    expect(accumulator.needsIdentity(queue, batch, ME)).toBe(true)
    const fresh = { producerId: 8, producerEpoch: 0 }
    expect(accumulator.needsIdentity(queue, batch, fresh)).toBe(false)
    expect(send(0, fresh)).toBe(batch)
    expect(batch).toMatchObject({ identity: fresh, baseSequence: 0 })
  })

  it('fails when the batch may have been written: under a new sequence it might be written twice', () => {
    const { accumulator, queue, send } = filled(3)
    const batch = send()!
    batch.isUncertain = true
    accumulator.retry(queue, batch, 0)
    send()
    expect(accumulator.sequenceRefused(queue, batch)).toBe('fail')
  })

  it('after a batch failed for good, those behind it go on under a fresh identity, uncertain or not', () => {
    const { accumulator, queue, send } = filled(9)
    const [first, second, third] = [send()!, send()!, send()!]
    accumulator.fail(queue, first)
    expect(accumulator.sequenceRefused(queue, second)).toBe('retry')
    accumulator.retry(queue, second, 0)
    third.isUncertain = true
    accumulator.retry(queue, third, 0)
    const fresh = { producerId: 8, producerEpoch: 0 }
    expect(send(0, fresh)).toBe(second)
    expect(second).toMatchObject({ identity: fresh, baseSequence: 0 })
    accumulator.succeed(queue, second)
    // The gap is known, so the refusal of the third proves that it is not there.
    expect(send(0, fresh)).toMatchObject({ identity: ME, baseSequence: 6 })
    expect(accumulator.sequenceRefused(queue, third)).toBe('retry')
    accumulator.retry(queue, third, 0)
    expect(send(0, fresh)).toMatchObject({ identity: fresh, baseSequence: 3 })
  })
})

describe('a batch that is too large for the broker', () => {
  it('is split into halves that take its place and its sequence numbers', () => {
    const { accumulator, queue, send } = filled(6)
    const [first, second] = [send()!, send()!]
    expect(accumulator.split(queue, first, 0)).toBe(true)
    expect(accumulator.sequenceRefused(queue, second)).toBe('retry')
    accumulator.retry(queue, second, 0)
    const sent: [number[], number][] = []
    for (let batch = send(); batch !== null; batch = send()) {
      sent.push([batch.positions, batch.baseSequence])
      accumulator.succeed(queue, batch)
    }
    expect(sent).toEqual([
      [[0, 1], 0],
      [[2], 2],
      [[3, 4, 5], 3],
    ])
    expect(accumulator.bufferedBytes).toBe(0)
  })

  it('a part may be split again, and its parts stay before what came after', () => {
    const { accumulator, queue, send } = filled(12, { batchBytes: 600 })
    send()
    send()
    const [first, second] = queue.inFlight as [Batch, Batch]
    accumulator.split(queue, first, 0)
    accumulator.retry(queue, second, 0)
    const half = send()!
    accumulator.split(queue, half, 0)
    const sent: number[] = []
    for (let batch = send(); batch !== null; batch = send()) {
      sent.push(...batch.positions)
      accumulator.succeed(queue, batch)
    }
    expect(sent).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
  })

  it('a single record cannot be split', () => {
    const { accumulator, queue, send } = filled(1)
    expect(accumulator.split(queue, send()!, 0)).toBe(false)
  })
})
