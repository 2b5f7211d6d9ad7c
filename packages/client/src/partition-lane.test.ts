// What a lane makes of the bytes that a broker may send.
import { buildRecordBatch } from '@goqueue/protocol'
import { describe, expect, it } from 'vitest'
import { PartitionLane } from './partition-lane.ts'

function batch(baseOffset: number, count: number): Buffer {
  const records = Array.from({ length: count }, (_, i) => ({
    key: null,
    value: String(baseOffset + i),
    headers: [],
    timestampMs: 5,
  }))
  return buildRecordBatch({ records, compression: 'none', baseOffset })
}

const lane = (start: number) => new PartitionLane('orders', 3, start, 1_000)

function drain(from: PartitionLane): number[] {
  const offsets: number[] = []
  while (from.hasRecords) {
    const record = from.take()
    if (record !== null) offsets.push(record.offset)
  }
  return offsets
}

describe('buffering', () => {
  it('gives the records from the position on, though the batch begins before it', () => {
    const from = lane(2)
    from.buffer(batch(0, 5))
    expect(from.fetchOffset).toBe(5)
    expect(drain(from)).toEqual([2, 3, 4])
    expect(from).toMatchObject({ position: 5, bufferedBytes: 0 })
  })

  it('batches that were fetched before are not fetched twice', () => {
    const from = lane(0)
    from.buffer(batch(0, 2))
    const { bufferedBytes } = from
    from.buffer(batch(0, 2))
    expect(from).toMatchObject({ bufferedBytes, fetchOffset: 2 })
    from.buffer(Buffer.concat([batch(0, 2), batch(2, 2)]))
    expect(drain(from)).toEqual([0, 1, 2, 3])
  })

  it('a last batch that is cut off is left for the next fetch', () => {
    const from = lane(0)
    from.buffer(Buffer.concat([batch(0, 2), batch(2, 2).subarray(0, 70)]))
    expect(from.fetchOffset).toBe(2)
    expect(drain(from)).toEqual([0, 1])
  })

  it('where not even one batch is whole, the next fetch asks for more', () => {
    const from = lane(0)
    from.buffer(batch(0, 2).subarray(0, 70))
    expect(from).toMatchObject({ fetchBytes: 2_000, hasRecords: false, fetchOffset: 0 })
  })

  it('a transaction marker is passed over, and moves the position', () => {
    const marker = batch(0, 1)
    marker.writeInt16BE(0x30, 21)
    const from = lane(0)
    from.buffer(Buffer.concat([marker, batch(1, 1)]))
    expect(drain(from)).toEqual([1])
  })

  it('bytes are counted while they are buffered', () => {
    const from = lane(0)
    const [one, two] = [batch(0, 2), batch(2, 3)]
    from.buffer(Buffer.concat([one, two]))
    expect(from.bufferedBytes).toBe(one.length + two.length)
    from.jump(0)
    expect(from).toMatchObject({ bufferedBytes: 0, hasRecords: false })
  })
})

describe('damage', () => {
  it('a batch that fails its checksum is CORRUPT_MESSAGE at its offset, gives no record, and the position stays', () => {
    const damaged = batch(4, 2)
    damaged[damaged.length - 1]! ^= 1
    const from = lane(4)
    from.buffer(damaged)
    expect(() => from.take()).toThrow(
      expect.objectContaining({
        code: 'CORRUPT_MESSAGE',
        errorCode: 1,
        message: expect.stringContaining('orders[3] at offset 4') as string,
      }),
    )
    expect(from).toMatchObject({ position: 4, fetchOffset: 4, hasRecords: false })
  })

  it('bytes that are no batch are refused, and the batches before them kept', () => {
    const from = lane(0)
    const junk = batch(2, 1)
    junk[16] = 1
    expect(() => from.buffer(Buffer.concat([batch(0, 2), junk]))).toThrow(/format 1/)
    expect(from.bufferedBytes).toBeGreaterThan(0)
    expect(drain(from)).toEqual([0, 1])
  })
})

describe('giving up', () => {
  it('forgets what is buffered, leaves records in hand alone, and then fires their signal with its reason', () => {
    const from = lane(0)
    from.buffer(batch(0, 2))
    const record = from.take()!
    from.stop()
    expect(from.take()).toBeNull()
    expect(record.signal.aborted).toBe(false)
    from.revoke(new Error('gone'))
    expect(record.signal.reason).toEqual(new Error('gone'))
    expect(from.commitSignal.aborted).toBe(false)
    from.disown(new Error('later'))
    expect(from.commitSignal.reason).toEqual(new Error('later'))
  })

  it("a derived signal fires with the partition's, or before it, and is known as the partition's own", () => {
    const from = lane(0)
    const [early, late] = [from.deriveSignal(), from.deriveSignal()]
    early.abort(new Error('too slow'))
    expect(late.signal.aborted).toBe(false)
    from.revoke(new Error('gone'))
    expect([early.signal.reason, late.signal.reason]).toEqual([new Error('too slow'), new Error('gone')])
    expect([early.signal, from.signal, new AbortController().signal].map((signal) => from.issued(signal))).toEqual([
      true,
      true,
      false,
    ])
  })
})
