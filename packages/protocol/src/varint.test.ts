// Zigzag varints against known bytes and against a reckoning in BigInt.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DecodeError } from './decode-error.ts'
import { sizeOfVarint, sizeOfVarlong, VarintReader, writeVarint, writeVarlong } from './varint.ts'

/** The encoding as its definition says, one bit at a time. */
function encodeByDefinition(value: bigint): Buffer {
  let rest = value < 0n ? -value * 2n - 1n : value * 2n
  const bytes: number[] = []
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80)
    rest >>= 7n
  }
  bytes.push(Number(rest))
  return Buffer.from(bytes)
}

function written(write: typeof writeVarint, value: number): Buffer {
  const buffer = Buffer.alloc(12, 0xee)
  return buffer.subarray(0, write(buffer, 0, value))
}

const readerOf = (...bytes: number[]): VarintReader => new VarintReader(Buffer.from(bytes), 0, bytes.length)

test.each([
  [0, '00'],
  [-1, '01'],
  [1, '02'],
  [63, '7e'],
  [-64, '7f'],
  [64, '8001'],
  [8191, 'fe7f'],
  [-8192, 'ff7f'],
  [2 ** 31 - 1, 'feffffff0f'],
  [-(2 ** 31), 'ffffffff0f'],
])('%i is %s on the wire, as in protobuf', (value, hex) => {
  expect(written(writeVarint, value).toString('hex')).toBe(hex)
  expect(written(writeVarlong, value).toString('hex')).toBe(hex)
  expect(sizeOfVarint(value)).toBe(hex.length / 2)
  const bytes = [...Buffer.from(hex, 'hex')]
  expect(readerOf(...bytes).readVarint()).toBe(value)
  expect(readerOf(...bytes).readVarlong()).toBe(value)
})

test('any 32-bit integer comes back and has the size that was foretold', () => {
  fc.assert(
    fc.property(fc.integer(), (value) => {
      const bytes = written(writeVarint, value)
      expect(bytes).toEqual(encodeByDefinition(BigInt(value)))
      expect(bytes.length).toBe(sizeOfVarint(value))
      expect(readerOf(...bytes).readVarint()).toBe(value)
    }),
  )
})

test('any safe integer comes back as a varlong and has the size that was foretold', () => {
  const powers = fc.tuple(fc.integer({ min: 0, max: 53 }), fc.integer({ min: -1, max: 0 }), fc.boolean())
  const nearPowers = powers.map(([power, step, isNegative]) => (2 ** power + step) * (isNegative ? -1 : 1))
  fc.assert(
    fc.property(fc.oneof(fc.maxSafeInteger(), nearPowers), (value) => {
      const bytes = written(writeVarlong, value)
      expect(bytes).toEqual(encodeByDefinition(BigInt(value)))
      expect(bytes.length).toBe(sizeOfVarlong(value))
      expect(readerOf(...bytes).readVarlong()).toBe(value === 0 ? 0 : value)
    }),
    { numRuns: 500 },
  )
})

test('a varlong beyond the safe integers is the nearest double: a foreign record is always delivered', () => {
  expect(readerOf(...encodeByDefinition(2n ** 63n - 1n)).readVarlong()).toBe(2 ** 63)
  expect(readerOf(...encodeByDefinition(-(2n ** 63n))).readVarlong()).toBe(-(2 ** 63))
})

describe('N6: refused with DecodeError', () => {
  test('a varint of more than 5 bytes, or with bits beyond the 32nd', () => {
    expect(() => readerOf(0x80, 0x80, 0x80, 0x80, 0x80, 0x00).readVarint()).toThrow(DecodeError)
    expect(() => readerOf(0x80, 0x80, 0x80, 0x80, 0x10).readVarint()).toThrow(DecodeError)
  })

  test('a varlong of more than 10 bytes, or with bits beyond the 64th', () => {
    const nine = Array.from({ length: 9 }, () => 0x80)
    expect(() => readerOf(...nine, 0x80, 0x00).readVarlong()).toThrow(DecodeError)
    expect(() => readerOf(...nine, 0x02).readVarlong()).toThrow(DecodeError)
    expect(readerOf(...nine, 0x01).readVarlong()).toBe(2 ** 62)
  })

  test('one that runs past the end, even where the buffer goes on', () => {
    const buffer = Buffer.from([0x80, 0x80, 0x00, 0x00])
    for (let end = 0; end < 3; end++) {
      expect(() => new VarintReader(buffer, 0, end).readVarint()).toThrow(DecodeError)
      expect(() => new VarintReader(buffer, 0, end).readVarlong()).toThrow(DecodeError)
    }
  })
})
