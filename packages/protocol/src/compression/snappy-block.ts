// One raw snappy block in both directions (google/snappy format_description.txt).
import { DecodeError } from '../decode-error.ts'

const LITERAL = 0
const COPY_WITH_11_BIT_OFFSET = 1
const COPY_WITH_16_BIT_OFFSET = 2
/** Three bytes of input can ask for at most 64 bytes of output. */
const GREATEST_EXPANSION = 22

const HASH_BITS = 14
const hashTable = new Uint16Array(1 << HASH_BITS)

/** The most input that `compressSnappyBlock` takes at once: positions are kept in 16 bits. */
export const SNAPPY_BLOCK_BYTES = 32 * 1024

/** Room that `compressSnappyBlock` may need for `bytes` of input. */
export function snappyBlockBound(bytes: number): number {
  return 32 + bytes + Math.ceil(bytes / 6)
}

/** Compresses `input[start, end)`, at most 32 KiB, into `output` and gives the position after the last byte written. */
export function compressSnappyBlock(
  input: Uint8Array,
  start: number,
  end: number,
  output: Uint8Array,
  outputStart: number,
): number {
  let at = outputStart
  let length = end - start
  while (length >= 0x80) {
    output[at++] = (length & 0x7f) | 0x80
    length >>>= 7
  }
  output[at++] = length
  hashTable.fill(0)
  let literalStart = start
  let position = start + 1
  // Where nothing matches, look ever less often: incompressible input must not cost a full search.
  let misses = 32
  while (position + 4 <= end) {
    const word = wordAt(input, position)
    const hash = Math.imul(word, 0x1e35a7bd) >>> (32 - HASH_BITS)
    const candidate = start + hashTable[hash]!
    hashTable[hash] = position - start
    if (wordAt(input, candidate) !== word || candidate >= position) {
      position += misses++ >>> 5
      continue
    }
    let matchEnd = position + 4
    for (let from = candidate + 4; matchEnd < end && input[from] === input[matchEnd]; from++) matchEnd++
    at = writeLiteral(input, literalStart, position, output, at)
    at = writeCopy(position - candidate, matchEnd - position, output, at)
    position = matchEnd
    literalStart = matchEnd
    misses = 32
  }
  return writeLiteral(input, literalStart, end, output, at)
}

function wordAt(bytes: Uint8Array, position: number): number {
  return bytes[position]! | (bytes[position + 1]! << 8) | (bytes[position + 2]! << 16) | (bytes[position + 3]! << 24)
}

function writeLiteral(input: Uint8Array, start: number, end: number, output: Uint8Array, at: number): number {
  const bytes = end - start
  if (bytes === 0) return at
  const coded = bytes - 1
  if (coded < 60) {
    output[at++] = (coded << 2) | LITERAL
  } else if (coded < 0x100) {
    output[at++] = (60 << 2) | LITERAL
    output[at++] = coded
  } else {
    output[at++] = (61 << 2) | LITERAL
    output[at++] = coded & 0xff
    output[at++] = coded >>> 8
  }
  if (bytes < 32) for (let i = 0; i < bytes; i++) output[at + i] = input[start + i]!
  else output.set(input.subarray(start, end), at)
  return at + bytes
}

function writeCopy(offset: number, bytes: number, output: Uint8Array, at: number): number {
  while (bytes > 0) {
    if (bytes >= 4 && bytes < 12 && offset < 2048) {
      output[at++] = COPY_WITH_11_BIT_OFFSET | ((bytes - 4) << 2) | ((offset >>> 8) << 5)
      output[at++] = offset & 0xff
      return at
    }
    const step = Math.min(bytes, 64)
    output[at++] = COPY_WITH_16_BIT_OFFSET | ((step - 1) << 2)
    output[at++] = offset & 0xff
    output[at++] = offset >>> 8
    bytes -= step
  }
  return at
}

/** Decompresses one raw block. DecodeError when it is damaged or longer than `maxBytes`. */
export function decompressSnappyBlock(input: Uint8Array, maxBytes: number): Buffer {
  let position = 0
  let length = 0
  for (let shift = 0; ; shift += 7) {
    if (position >= input.length || shift > 28) throw new DecodeError('snappy data has no length')
    const byte = input[position++]!
    length += (byte & 0x7f) * 2 ** shift
    if (byte < 0x80) break
  }
  if (length > maxBytes) throw new DecodeError(`snappy data unfolds to ${length} bytes, ${maxBytes} are allowed`)
  // A length that no input of this size can reach is refused before memory is taken for it.
  if (length > input.length * GREATEST_EXPANSION) throw new DecodeError('snappy data claims more than it can hold')
  const output = Buffer.allocUnsafe(length)
  let at = 0
  while (position < input.length) {
    const tag = input[position++]!
    const kind = tag & 3
    let bytes = (tag >>> 2) + 1
    if (kind === LITERAL) {
      if (bytes > 60) {
        const lengthBytes = bytes - 60
        bytes = littleEndian(input, position, lengthBytes) + 1
        position += lengthBytes
      }
      if (bytes > input.length - position || bytes > length - at) throw new DecodeError('a snappy literal is too long')
      if (bytes < 32) for (let i = 0; i < bytes; i++) output[at + i] = input[position + i]!
      else output.set(input.subarray(position, position + bytes), at)
      position += bytes
      at += bytes
      continue
    }
    let offset: number
    if (kind === COPY_WITH_11_BIT_OFFSET) {
      bytes = ((tag >>> 2) & 7) + 4
      offset = ((tag >>> 5) << 8) | littleEndian(input, position, 1)
      position += 1
    } else {
      const offsetBytes = kind === COPY_WITH_16_BIT_OFFSET ? 2 : 4
      offset = littleEndian(input, position, offsetBytes)
      position += offsetBytes
    }
    if (offset === 0 || offset > at || bytes > length - at) throw new DecodeError('a snappy copy is out of bounds')
    // Byte by byte on purpose: a copy may overlap what it writes.
    for (const copyEnd = at + bytes; at < copyEnd; at++) output[at] = output[at - offset]!
  }
  if (at !== length) throw new DecodeError(`snappy data ends after ${at} of ${length} bytes`)
  return output
}

function littleEndian(input: Uint8Array, position: number, bytes: number): number {
  if (bytes > input.length - position) throw new DecodeError('snappy data is cut off')
  let value = 0
  for (let i = bytes - 1; i >= 0; i--) value = value * 0x100 + input[position + i]!
  return value
}
