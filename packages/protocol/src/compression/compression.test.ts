// The codecs against themselves, against damage and against bombs; bytes of other tools are in test/golden.
import fc from 'fast-check'
import { spawnSync } from 'node:child_process'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { DecodeError } from '../decode-error.ts'
import { compress, decompress } from './compression.ts'
import { xxhash32 } from './xxhash32.ts'

const names = ['gzip', 'snappy', 'lz4', 'zstd'] as const
const MIB = 1024 * 1024

/** Bytes with runs, repeats and noise in any mixture. */
const content = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 20 }), fc.nat(4000)).map(([unit, times]) => {
        return Buffer.alloc(unit.length * times, unit)
      }),
    ),
    { maxLength: 8 },
  )
  .map((pieces) => Buffer.concat(pieces))

describe.each(names)('%s', (name) => {
  test('gives back any bytes, within a limit that just fits', () => {
    fc.assert(
      fc.property(content, (bytes) => {
        const compressed = compress(name, bytes)
        expect(decompress(name, compressed, { maxBytes: bytes.length }).equals(bytes)).toBe(true)
      }),
      { numRuns: 40 },
    )
  })

  test('gives back lengths on both sides of its block sizes', () => {
    for (const edge of [32 * 1024, 64 * 1024, 128 * 1024]) {
      for (const length of [edge - 1, edge, edge + 1]) {
        const bytes = Buffer.alloc(length, 'edges of blocks ')
        expect(decompress(name, compress(name, bytes), { maxBytes: length }).equals(bytes)).toBe(true)
      }
    }
  })

  test('makes repetitive data much smaller', () => {
    expect(compress(name, Buffer.alloc(100_000, 'abc')).length).toBeLessThan(10_000)
  })

  test('N10: stops a bomb at the limit', () => {
    const bomb = compress(name, Buffer.alloc(4 * MIB))
    expect(bomb.length).toBeLessThan(MIB / 4)
    expect(() => decompress(name, bomb, { maxBytes: MIB })).toThrow(DecodeError)
    expect(decompress(name, bomb, { maxBytes: 4 * MIB }).length).toBe(4 * MIB)
  })

  test('answers any damage with other bytes or a DecodeError, never with another error or more bytes than allowed', () => {
    const good = compress(name, Buffer.from('damage is a fact of life, and damage is found by checksums. '.repeat(20)))
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), fc.nat(good.length), (at, flip, end) => {
        const bad = Buffer.from(good.subarray(0, end))
        if (at < end) bad[at]! ^= flip
        expectTotal(name, bad)
      }),
      { numRuns: 200 },
    )
  })

  test('answers any bytes at all with bytes or a DecodeError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => expectTotal(name, Buffer.from(bytes))),
      { numRuns: 200 },
    )
  })

  test('works after an error as before it', () => {
    const bytes = Buffer.from('still here')
    expectTotal(name, Buffer.alloc(100, 7))
    expect(decompress(name, compress(name, bytes), { maxBytes: 100 })).toEqual(bytes)
  })
})

function expectTotal(name: (typeof names)[number], bytes: Buffer): void {
  const maxBytes = 5000
  try {
    expect(decompress(name, bytes, { maxBytes }).length).toBeLessThanOrEqual(maxBytes)
  } catch (error) {
    expect(error).toBeInstanceOf(DecodeError)
  }
}

test('none is the same bytes both ways', () => {
  const bytes = Buffer.from('as it is')
  expect(decompress('none', compress('none', bytes), { maxBytes: 100 })).toBe(bytes)
})

test('N10: snappy that claims 4 GiB in a few bytes is refused before memory is taken for it', () => {
  const claim = Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0x00, 0x61])
  expect(() => decompress('snappy', claim, { maxBytes: 2 ** 33 })).toThrow(/claims more than it can hold/)
})

test('a snappy copy from before the first byte is refused: what lies there is not ours to show', () => {
  const fiveBytes = (offset: number): Buffer => Buffer.from([5, 0x00, 0x61, 0x01, offset])
  expect(decompress('snappy', fiveBytes(1), { maxBytes: 5 }).toString()).toBe('aaaaa')
  expect(() => decompress('snappy', fiveBytes(2), { maxBytes: 5 })).toThrow(/out of bounds/)
  expect(() => decompress('snappy', fiveBytes(0), { maxBytes: 5 })).toThrow(/out of bounds/)
})

describe('an LZ4 frame', () => {
  const independent = [0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82]
  /** One literal, a match of four bytes at `offset`, five literals. */
  const block = (offset: number): number[] => [10, 0, 0, 0, 0x10, 0x61, offset, 0, 0x50, 0x62, 0x62, 0x62, 0x62, 0x62]
  const frame = (...blocks: number[][]): Buffer => Buffer.from([...independent, ...blocks.flat(), 0, 0, 0, 0])

  test('copies from what it has written', () => {
    expect(decompress('lz4', frame(block(1)), { maxBytes: 100 }).toString()).toBe('aaaaabbbbb')
  })

  test('with a match from before the first byte is refused', () => {
    expect(() => decompress('lz4', frame(block(2)), { maxBytes: 100 })).toThrow(/before its history/)
    expect(() => decompress('lz4', frame(block(0)), { maxBytes: 100 })).toThrow(/before its history/)
  })

  test('of independent blocks may not copy from the block before', () => {
    expect(() => decompress('lz4', frame(block(1), block(2)), { maxBytes: 100 })).toThrow(/before its history/)
  })

  test('with anything after its end mark is refused', () => {
    const bytes = Buffer.concat([frame(block(1)), Buffer.from([0])])
    expect(() => decompress('lz4', bytes, { maxBytes: 100 })).toThrow(/follow the LZ4 frame/)
  })

  test("with a damaged header is refused by the header's checksum", () => {
    const bytes = compress('lz4', Buffer.from('checked'))
    bytes[6]! ^= 1
    expect(() => decompress('lz4', bytes, { maxBytes: 100 })).toThrow(/header is damaged/)
  })
})

test('N10: zstd blocks of one repeated byte are counted before they are unfolded', () => {
  const header = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x88])
  const runOf128KiB = Buffer.from([0x02, 0x00, 0x10, 0x61])
  const bomb = Buffer.concat([header, ...Array.from({ length: 100_000 }, () => runOf128KiB), Buffer.from([1, 0, 0])])
  expect(() => decompress('zstd', bomb, { maxBytes: MIB })).toThrow(DecodeError)
})

test('gzip members that follow one another are one text, as RFC 1952 says', () => {
  const two = Buffer.concat([gzipSync('one '), gzipSync('two')])
  expect(decompress('gzip', two, { maxBytes: 100 }).toString()).toBe('one two')
})

test.each([
  ['', 0x02cc5d05],
  ['a', 0x550d7456],
  ['abc', 0x32d153ff],
  ['Nobody inspects the spammish repetition', 0xe2293b2f],
])('xxHash32 of %j is the published one', (text, expected) => {
  const bytes = Buffer.from(text)
  expect(xxhash32(bytes, 0, bytes.length)).toBe(expected)
})

test('importing the package loads no codec library and no WebAssembly', () => {
  const index = new URL('../read-records.ts', import.meta.url).href
  const program = `
    await import(${JSON.stringify(index)})
    const { createRequire } = await import('node:module')
    const loaded = Object.keys(createRequire(import.meta.url).cache).filter((path) => path.includes('wasm-zstd'))
    console.log(JSON.stringify({ loaded }))`
  const child = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
    encoding: 'utf8',
  })
  expect(child.stdout.trim()).toBe('{"loaded":[]}')
})
