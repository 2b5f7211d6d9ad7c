// Variable-length integers: zigzag varints of records (32 and 64 bit), written and read in place.
import { DecodeError } from './decode-error.ts'

/** Numbers below this many units stay exact when doubled for zigzag. */
const EXACT_WHEN_DOUBLED = 2 ** 52

/** Bytes that a zigzag varint of a 32-bit integer takes. */
export function sizeOfVarint(value: number): number {
  const zigzag = ((value << 1) ^ (value >> 31)) >>> 0
  if (zigzag < 0x80) return 1
  if (zigzag < 0x4000) return 2
  if (zigzag < 0x200000) return 3
  return zigzag < 0x10000000 ? 4 : 5
}

/** Writes a 32-bit integer as a zigzag varint and gives the position after it. */
export function writeVarint(buffer: Uint8Array, position: number, value: number): number {
  let rest = ((value << 1) ^ (value >> 31)) >>> 0
  while (rest >= 0x80) {
    buffer[position++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  buffer[position++] = rest
  return position
}

/** Bytes that a zigzag varlong of an integer between -2^54 and 2^54 takes. */
export function sizeOfVarlong(value: number): number {
  if (value === (value | 0)) return sizeOfVarint(value)
  let rest = value < 0 ? -value : value
  let size = 1
  // Doubling for zigzag costs one bit, so the first byte holds six bits of magnitude. -64 still fits it, 64 does not.
  if (value < 0) rest -= 1
  for (rest = Math.floor(rest / 64); rest >= 1; rest = Math.floor(rest / 128)) size++
  return size
}

/** Writes an integer between -2^54 and 2^54 as a zigzag varlong and gives the position after it. */
export function writeVarlong(buffer: Uint8Array, position: number, value: number): number {
  if (value === (value | 0)) return writeVarint(buffer, position, value)
  if (value >= EXACT_WHEN_DOUBLED || value <= -EXACT_WHEN_DOUBLED) return writeLongVarlong(buffer, position, value)
  let rest = value < 0 ? -value * 2 - 1 : value * 2
  while (rest >= 0x80) {
    buffer[position++] = (rest % 0x80) | 0x80
    rest = Math.floor(rest / 0x80)
  }
  buffer[position++] = rest
  return position
}

function writeLongVarlong(buffer: Uint8Array, position: number, value: number): number {
  let rest = value < 0 ? BigInt(-value) * 2n - 1n : BigInt(value) * 2n
  while (rest >= 0x80n) {
    buffer[position++] = Number(rest & 0x7fn) | 0x80
    rest >>= 7n
  }
  buffer[position++] = Number(rest)
  return position
}

/**
 * Reads zigzag varints one after another from `buffer[position, end)`.
 * Every read throws DecodeError rather than pass `end` or accept more than 32 (or 64) bits.
 */
export class VarintReader {
  readonly buffer: Buffer
  position: number
  readonly end: number

  constructor(buffer: Buffer, position: number, end: number) {
    this.buffer = buffer
    this.position = position
    this.end = end
  }

  /** The next 32-bit integer. */
  readVarint(): number {
    const { buffer, position, end } = this
    if (position < end) {
      const byte = buffer[position]!
      if (byte < 0x80) {
        this.position = position + 1
        return (byte >>> 1) ^ -(byte & 1)
      }
    }
    return this.#readLongerVarint()
  }

  #readLongerVarint(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      if (this.position >= this.end) throw new DecodeError('a varint runs past the end')
      const byte = this.buffer[this.position++]!
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) {
        if (shift === 28 && byte > 0x0f) break
        return (value >>> 1) ^ -(value & 1)
      }
    }
    throw new DecodeError('a varint is longer than 32 bits')
  }

  /** The next 64-bit integer, exact up to +-2^53 and the nearest double beyond: it describes, it never names a place. */
  readVarlong(): number {
    const { buffer, end } = this
    let position = this.position
    let low = 0
    for (let shift = 0; shift < 28; shift += 7) {
      if (position >= end) throw new DecodeError('a varlong runs past the end')
      const byte = buffer[position++]!
      low |= (byte & 0x7f) << shift
      if (byte < 0x80) {
        this.position = position
        return (low >>> 1) ^ -(low & 1)
      }
    }
    return this.#readLongerVarlong()
  }

  #readLongerVarlong(): number {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      if (this.position >= this.end) throw new DecodeError('a varlong runs past the end')
      const byte = this.buffer[this.position++]!
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) {
        if (shift === 63n && byte > 1) break
        return Number(value & 1n ? -((value >> 1n) + 1n) : value >> 1n)
      }
    }
    throw new DecodeError('a varlong is longer than 64 bits')
  }
}
