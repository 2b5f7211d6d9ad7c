// Reads Kafka's primitive types from bytes, refusing every length that the remaining bytes cannot hold.
import { DecodeError } from './decode-error.ts'
import { errorName, type ErrorCode } from './errors.ts'
import { uuidText } from './uuid.ts'

/** A message of small elements would otherwise become gigabytes of JavaScript objects. */
const MAX_ELEMENTS = 1_000_000

const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER)

/** A cursor over one message. Every method throws DecodeError instead of reading past the end. */
export class Reader {
  readonly buffer: Buffer
  position: number
  readonly end: number
  private elements = 0

  constructor(buffer: Buffer, position = 0, end = buffer.length) {
    this.buffer = buffer
    this.position = position
    this.end = end
  }

  get remaining(): number {
    return this.end - this.position
  }

  private take(bytes: number): number {
    const at = this.position
    if (bytes > this.end - at) {
      throw new DecodeError(`${bytes} bytes expected at position ${at}, ${this.end - at} remain`)
    }
    this.position = at + bytes
    return at
  }

  bool(): boolean {
    return this.buffer[this.take(1)] !== 0
  }

  int8(): number {
    return this.buffer.readInt8(this.take(1))
  }

  int16(): number {
    return this.buffer.readInt16BE(this.take(2))
  }

  int32(): number {
    return this.buffer.readInt32BE(this.take(4))
  }

  /** An int64 that names a place or an identity: refused beyond ±(2^53−1). */
  int64(): number {
    const at = this.take(8)
    const value = this.buffer.readInt32BE(at) * 4294967296 + this.buffer.readUInt32BE(at + 4)
    if (!Number.isSafeInteger(value)) {
      throw new DecodeError(`int64 ${this.buffer.readBigInt64BE(at)} at position ${at} is not a safe integer`)
    }
    return value
  }

  /** An int64 that describes: clamped to ±(2^53−1). */
  int64Saturated(): number {
    const value = this.buffer.readBigInt64BE(this.take(8))
    if (value > MAX_SAFE) return Number.MAX_SAFE_INTEGER
    if (value < -MAX_SAFE) return -Number.MAX_SAFE_INTEGER
    return Number(value)
  }

  uuid(): string {
    return uuidText(this.buffer, this.take(16))
  }

  errorCode(): ErrorCode {
    return errorName(this.int16())
  }

  /** A varint of at most 5 bytes, unsigned 32 bit (KIP-482). */
  unsignedVarint(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.buffer[this.take(1)] as number
      if (shift === 28 && byte > 0x0f) break
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    throw new DecodeError(`varint before position ${this.position} is longer than 5 bytes`)
  }

  private view(length: number): Buffer {
    if (length < 0) throw new DecodeError(`length ${length} before position ${this.position} is negative`)
    const at = this.take(length)
    return this.buffer.subarray(at, at + length)
  }

  private text(length: number): string {
    if (length < 0) throw new DecodeError(`length ${length} before position ${this.position} is negative`)
    if (length > 0x7fff) {
      throw new DecodeError(`string of ${length} bytes before position ${this.position}, at most 32767 are allowed`)
    }
    const at = this.take(length)
    return this.buffer.toString('utf8', at, at + length)
  }

  /** Malformed UTF-8 becomes U+FFFD, as everywhere in Kafka. */
  string(): string {
    return this.text(this.int16())
  }

  nullableString(): string | null {
    const length = this.int16()
    return length === -1 ? null : this.text(length)
  }

  compactString(): string {
    return this.text(this.unsignedVarint() - 1)
  }

  compactNullableString(): string | null {
    const length = this.unsignedVarint() - 1
    return length === -1 ? null : this.text(length)
  }

  /** A view of the message, not a copy. */
  bytes(): Buffer {
    return this.view(this.int32())
  }

  nullableBytes(): Buffer | null {
    const length = this.int32()
    return length === -1 ? null : this.view(length)
  }

  compactBytes(): Buffer {
    return this.view(this.unsignedVarint() - 1)
  }

  compactNullableBytes(): Buffer | null {
    const length = this.unsignedVarint() - 1
    return length === -1 ? null : this.view(length)
  }

  private checkCount(count: number, elementBytes: number): number {
    if (count < 0) throw new DecodeError(`array length ${count} before position ${this.position} is negative`)
    if (count * elementBytes > this.end - this.position) {
      throw new DecodeError(
        `array of ${count} elements before position ${this.position}, but ${this.end - this.position} bytes remain`,
      )
    }
    this.elements += count
    if (this.elements > MAX_ELEMENTS) {
      throw new DecodeError(`more than ${MAX_ELEMENTS} array elements in one message`)
    }
    return count
  }

  /** The length of an array whose elements take at least `elementBytes` each; refused where the remaining bytes cannot hold them. */
  count(elementBytes: number): number {
    return this.checkCount(this.int32(), elementBytes)
  }

  /** As `count`, with −1 for a null array. */
  nullableCount(elementBytes: number): number {
    const count = this.int32()
    return count === -1 ? -1 : this.checkCount(count, elementBytes)
  }

  compactCount(elementBytes: number): number {
    return this.checkCount(this.unsignedVarint() - 1, elementBytes)
  }

  compactNullableCount(elementBytes: number): number {
    const count = this.unsignedVarint() - 1
    return count === -1 ? -1 : this.checkCount(count, elementBytes)
  }

  /** Whether a nullable struct follows (int8 1) or null (int8 −1). */
  isPresent(): boolean {
    const marker = this.int8()
    if (marker !== 1 && marker !== -1) throw new DecodeError(`struct marker ${marker}: 1 and -1 are allowed`)
    return marker === 1
  }

  skip(bytes: number): void {
    this.take(bytes)
  }

  /** Refuses bytes left over at the end of a message. */
  finish(): void {
    if (this.position !== this.end) throw new DecodeError(`${this.end - this.position} bytes left over`)
  }
}
