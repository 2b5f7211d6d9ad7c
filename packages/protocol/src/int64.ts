// 64-bit integers as JavaScript numbers: exact where they name something, saturated where they describe it.
import { DecodeError } from './decode-error.ts'

const TWO_POW_32 = 2 ** 32
const MAX_SAFE = Number.MAX_SAFE_INTEGER

/** Reads an int64 that names a place or an identity (offset, producer id): DecodeError unless it is a safe integer. */
export function readExactInt64(buffer: Buffer, position: number, name: string): number {
  const value = buffer.readInt32BE(position) * TWO_POW_32 + buffer.readUInt32BE(position + 4)
  if (!Number.isSafeInteger(value)) throw new DecodeError(`${name} is beyond 2^53 - 1`)
  return value
}

/** Reads an int64 that describes (a timestamp, a size): what is beyond a safe integer becomes +-(2^53 - 1). */
export function readSaturatedInt64(buffer: Buffer, position: number): number {
  return saturate(buffer.readInt32BE(position) * TWO_POW_32 + buffer.readUInt32BE(position + 4))
}

/** The nearest safe integer. */
export function saturate(value: number): number {
  return value > MAX_SAFE ? MAX_SAFE : value < -MAX_SAFE ? -MAX_SAFE : value
}

/** Writes a safe integer as an int64. */
export function writeInt64(buffer: Buffer, position: number, value: number): void {
  const high = Math.floor(value / TWO_POW_32)
  buffer.writeInt32BE(high, position)
  buffer.writeUInt32BE(value - high * TWO_POW_32, position + 4)
}
