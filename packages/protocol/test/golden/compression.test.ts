// Bytes that the reference tools compressed, unfolded by our codecs.
import { expect, test } from 'vitest'
import { decompress } from '../../src/compression/compression.ts'
import type { CompressionName } from '../../src/compression/compression-name.ts'
import { goldenBytes } from './golden-bytes.ts'

const plain = Buffer.from(Array.from({ length: 7000 }, (_, i) => `record-${(i * i) % 1009}`).join(' '))
const incompressible = Buffer.from(Array.from({ length: 40 }, (_, i) => (i * 197 + i * i * 31) % 256))

const cases: [CompressionName, string, Buffer][] = [
  ['gzip', 'gzip-zlib', plain],
  ['snappy', 'snappy-raw', plain],
  ['snappy', 'snappy-framed', plain],
  ['lz4', 'lz4-cli', plain],
  ['lz4', 'lz4-linked-checksums', plain],
  ['lz4', 'lz4-plain-blocks', incompressible],
  ['zstd', 'zstd-cli', plain],
  ['zstd', 'zstd-stream', plain],
]

test.each(cases)('%s unfolds what the reference tool wrote (%s)', (compression, name, expected) => {
  const bytes = goldenBytes(`compression/${name}`)
  expect(decompress(compression, bytes, { maxBytes: expected.length }).equals(expected)).toBe(true)
})

test.each(cases)('N10: %s refuses to unfold one byte more than allowed (%s)', (compression, name, expected) => {
  const bytes = goldenBytes(`compression/${name}`)
  expect(() => decompress(compression, bytes, { maxBytes: expected.length - 1 })).toThrow(
    expect.objectContaining({ name: 'DecodeError' }) as Error,
  )
})

test.each(cases)('%s refuses each shorter beginning of what the reference tool wrote (%s)', (compression, name, expected) => {
  const bytes = goldenBytes(`compression/${name}`)
  const step = Math.ceil(bytes.length / 200)
  for (let end = 0; end < bytes.length; end += step) {
    let unfolded: Buffer | null = null
    try {
      unfolded = decompress(compression, bytes.subarray(0, end), { maxBytes: expected.length })
    } catch (error) {
      expect(error).toMatchObject({ name: 'DecodeError' })
    }
    // Blocks in snappy-java's framing have no end mark: a cut between two of them, and nowhere else, goes unseen.
    if (unfolded !== null) expect(name === 'snappy-framed' || end === 0).toBe(true)
  }
})

test.each([
  ['lz4-cli', 'of the content', 14],
  ['lz4-linked-checksums', 'of a block', 23],
])('LZ4 data that does not fit its checksum is refused (%s, %s)', (name, _whose, literalAt) => {
  const bytes = goldenBytes(`compression/${name}`)
  // A changed literal still unfolds, to something else.
  bytes[literalAt]! ^= 1
  expect(() => decompress('lz4', bytes, { maxBytes: plain.length })).toThrow(/does not fit its checksum/)
})
