// One LZ4 block in both directions (lz4_Block_format.md).
import { DecodeError } from '../decode-error.ts'

const LEAST_MATCH = 4
/** The format wants the last five bytes as literals, and no match to begin within the last twelve. */
const LAST_LITERALS = 5
const MATCH_LIMIT = 12
/** A length that does not fit its four bits of the token goes on in further bytes. */
const LENGTH_GOES_ON = 15

const HASH_BITS = 14
const hashTable = new Uint16Array(1 << HASH_BITS)

/** The most input that `compressLz4Block` takes at once: positions are kept in 16 bits. */
export const LZ4_BLOCK_BYTES = 64 * 1024

/** Room that `compressLz4Block` may need for `bytes` of input. */
export function lz4BlockBound(bytes: number): number {
  return bytes + Math.ceil(bytes / 255) + 16
}

/** Compresses `input[start, end)`, at most 64 KiB, into `output` and gives the position after the last byte written. */
export function compressLz4Block(
  input: Uint8Array,
  start: number,
  end: number,
  output: Uint8Array,
  outputStart: number,
): number {
  let at = outputStart
  let literalStart = start
  let position = start + 1
  // Where nothing matches, look ever less often: incompressible input must not cost a full search.
  let misses = 64
  hashTable.fill(0)
  const matchLimit = end - MATCH_LIMIT
  const literalLimit = end - LAST_LITERALS
  while (position <= matchLimit) {
    const word = wordAt(input, position)
    const hash = Math.imul(word, 0x9e3779b1) >>> (32 - HASH_BITS)
    const candidate = start + hashTable[hash]!
    hashTable[hash] = position - start
    if (wordAt(input, candidate) !== word || candidate >= position) {
      position += misses++ >>> 6
      continue
    }
    let matchEnd = position + LEAST_MATCH
    for (let from = candidate + LEAST_MATCH; matchEnd < literalLimit && input[from] === input[matchEnd]; from++) {
      matchEnd++
    }
    const extra = matchEnd - position - LEAST_MATCH
    at = writeLiterals(input, literalStart, position, Math.min(extra, LENGTH_GOES_ON), output, at)
    const offset = position - candidate
    output[at++] = offset & 0xff
    output[at++] = offset >>> 8
    if (extra >= LENGTH_GOES_ON) at = writeLength(extra - LENGTH_GOES_ON, output, at)
    position = matchEnd
    literalStart = matchEnd
    misses = 64
  }
  return writeLiterals(input, literalStart, end, 0, output, at)
}

function wordAt(bytes: Uint8Array, position: number): number {
  return bytes[position]! | (bytes[position + 1]! << 8) | (bytes[position + 2]! << 16) | (bytes[position + 3]! << 24)
}

function writeLiterals(
  input: Uint8Array,
  start: number,
  end: number,
  matchNibble: number,
  output: Uint8Array,
  at: number,
): number {
  const bytes = end - start
  output[at++] = (Math.min(bytes, LENGTH_GOES_ON) << 4) | matchNibble
  if (bytes >= LENGTH_GOES_ON) at = writeLength(bytes - LENGTH_GOES_ON, output, at)
  if (bytes < 32) for (let i = 0; i < bytes; i++) output[at + i] = input[start + i]!
  else output.set(input.subarray(start, end), at)
  return at + bytes
}

function writeLength(rest: number, output: Uint8Array, at: number): number {
  while (rest >= 255) {
    output[at++] = 255
    rest -= 255
  }
  output[at++] = rest
  return at
}

/**
 * Decompresses the block `input[start, end)` to `output[outputStart, outputEnd)` and gives the position after the last
 * byte written. Matches may reach back to `historyStart`. DecodeError when the block is damaged or needs more room.
 */
export function decompressLz4Block(
  input: Uint8Array,
  start: number,
  end: number,
  output: Uint8Array,
  outputStart: number,
  outputEnd: number,
  historyStart: number,
): number {
  let position = start
  let at = outputStart
  for (;;) {
    if (position >= end) throw new DecodeError('an LZ4 block is cut off')
    const token = input[position++]!
    let literals = token >>> 4
    if (literals === LENGTH_GOES_ON) {
      let byte: number
      do {
        if (position >= end) throw new DecodeError('an LZ4 block is cut off')
        byte = input[position++]!
        literals += byte
      } while (byte === 255)
    }
    if (literals > end - position || literals > outputEnd - at) throw new DecodeError('an LZ4 literal is too long')
    if (literals < 32) for (let i = 0; i < literals; i++) output[at + i] = input[position + i]!
    else output.set(input.subarray(position, position + literals), at)
    position += literals
    at += literals
    if (position === end) return at
    if (end - position < 2) throw new DecodeError('an LZ4 block is cut off')
    const offset = input[position]! | (input[position + 1]! << 8)
    position += 2
    let matched = (token & 15) + LEAST_MATCH
    if (matched === LENGTH_GOES_ON + LEAST_MATCH) {
      let byte: number
      do {
        if (position >= end) throw new DecodeError('an LZ4 block is cut off')
        byte = input[position++]!
        matched += byte
      } while (byte === 255)
    }
    if (offset === 0 || offset > at - historyStart) throw new DecodeError('an LZ4 match reaches before its history')
    if (matched > outputEnd - at) throw new DecodeError('an LZ4 block unfolds to more than is allowed')
    // Byte by byte on purpose: a match may overlap what it writes.
    for (const matchEnd = at + matched; at < matchEnd; at++) output[at] = output[at - offset]!
  }
}
