// 64-bit integers: exact, refused, saturated.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DecodeError } from './decode-error.ts'
import { readExactInt64, readSaturatedInt64, writeInt64 } from './int64.ts'

test('any safe integer comes back from eight bytes as Node writes them', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), (value) => {
      const buffer = Buffer.alloc(8)
      writeInt64(buffer, 0, value)
      expect(buffer.readBigInt64BE()).toBe(BigInt(value))
      expect(readExactInt64(buffer, 0, 'offset')).toBe(value)
      expect(readSaturatedInt64(buffer, 0)).toBe(value)
    }),
  )
})

test.each([2n ** 53n, -(2n ** 53n), 2n ** 63n - 1n, -(2n ** 63n)])(
  '%s is refused where it names something and saturates where it describes something',
  (value) => {
    const buffer = Buffer.alloc(8)
    buffer.writeBigInt64BE(value)
    expect(() => readExactInt64(buffer, 0, 'offset')).toThrow(DecodeError)
    expect(readSaturatedInt64(buffer, 0)).toBe(value > 0 ? Number.MAX_SAFE_INTEGER : -Number.MAX_SAFE_INTEGER)
  },
)
