// The frame splitter: any cutting of the stream gives the same frames, and an announced size costs nothing.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { FrameSplitter } from './frame-splitter.ts'

const limits = { maxFrameBytes: 1_000, minFrameBytes: 8 }

function framed(body: Uint8Array): Buffer {
  const size = Buffer.alloc(4)
  size.writeInt32BE(body.length)
  return Buffer.concat([size, body])
}

it('gives the same frames however the stream is cut', () => {
  const bodies = fc.array(fc.uint8Array({ minLength: 8, maxLength: 60 }), { maxLength: 8 })
  fc.assert(
    fc.property(bodies, fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }), (frames, cuts) => {
      const splitter = new FrameSplitter(limits)
      let stream = Buffer.concat(frames.map(framed))
      const seen: Buffer[] = []
      for (let turn = 0; stream.length > 0; turn++) {
        const cut = cuts[turn % cuts.length] as number
        splitter.push(stream.subarray(0, cut))
        stream = stream.subarray(cut)
        for (let frame = splitter.next(); frame !== null; frame = splitter.next()) seen.push(frame)
      }
      expect(seen.map((frame) => [...frame])).toEqual(frames.map((frame) => [...frame]))
      expect(splitter.pendingBytes).toBe(0)
    }),
  )
})

it('N1: refuses a size that is negative, too small or too large', () => {
  for (const size of [-1, 0, 7, 1_001, 0x7fffffff, 0x47455420]) {
    const splitter = new FrameSplitter(limits)
    const bytes = Buffer.alloc(4)
    bytes.writeInt32BE(size)
    splitter.push(bytes)
    expect(() => splitter.next()).toThrow(`frame size ${size}: allowed are 8 to 1000`)
  }
})

it('N2: an announced frame holds only the bytes that arrived', () => {
  const splitter = new FrameSplitter({ maxFrameBytes: 0x7fffffff, minFrameBytes: 8 })
  splitter.push(Buffer.from('06000000aa', 'hex'))
  expect(splitter.next()).toBeNull()
  expect(splitter.pendingBytes).toBe(5)
})
