// Writes Kafka's primitive types into one growing buffer.
import { errorNumber, type ErrorCode } from './errors.ts'
import { EncodeError } from './encode-error.ts'
import { isUuid, uuidHex } from './uuid.ts'

/** A growing buffer. Values that do not fit their type throw EncodeError. */
export class Writer {
  private buffer: Buffer
  private length = 0

  constructor(initialBytes = 512) {
    this.buffer = Buffer.allocUnsafe(initialBytes)
  }

  get position(): number {
    return this.length
  }

  private reserve(bytes: number): number {
    const at = this.length
    const needed = at + bytes
    if (needed > this.buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, this.buffer.length * 2))
      this.buffer.copy(grown, 0, 0, at)
      this.buffer = grown
    }
    this.length = needed
    return at
  }

  private byte(value: number): void {
    const at = this.reserve(1)
    this.buffer[at] = value
  }

  bool(value: boolean): void {
    this.byte(value ? 1 : 0)
  }

  int8(value: number): void {
    if (!(value >= -0x80 && value <= 0x7f)) throw new EncodeError(`${value} is not an int8`)
    const at = this.reserve(1)
    this.buffer.writeInt8(value, at)
  }

  int16(value: number): void {
    if (!(value >= -0x8000 && value <= 0x7fff)) throw new EncodeError(`${value} is not an int16`)
    const at = this.reserve(2)
    this.buffer.writeInt16BE(value, at)
  }

  int32(value: number): void {
    if ((value | 0) !== value) throw new EncodeError(`${value} is not an int32`)
    const at = this.reserve(4)
    this.buffer.writeInt32BE(value, at)
  }

  int64(value: number): void {
    if (!Number.isSafeInteger(value)) throw new EncodeError(`${value} is not a safe integer`)
    const at = this.reserve(8)
    this.buffer.writeInt32BE(Math.floor(value / 4294967296), at)
    this.buffer.writeUInt32BE(value >>> 0, at + 4)
  }

  uuid(value: string): void {
    if (!isUuid(value)) throw new EncodeError(`'${value}' is not a lower-case UUID`)
    const at = this.reserve(16)
    this.buffer.write(uuidHex(value), at, 16, 'hex')
  }

  errorCode(value: ErrorCode): void {
    this.int16(errorNumber(value))
  }

  unsignedVarint(value: number): void {
    let rest = value
    while (rest >= 0x80) {
      this.byte((rest % 0x80) | 0x80)
      rest = Math.floor(rest / 0x80)
    }
    this.byte(rest)
  }

  private reserveText(value: string): number {
    const bytes = Buffer.byteLength(value)
    if (bytes > 0x7fff) throw new EncodeError(`string of ${bytes} bytes: at most 32767`)
    return bytes
  }

  string(value: string | null): void {
    if (value === null) return this.int16(-1)
    const bytes = this.reserveText(value)
    this.int16(bytes)
    const at = this.reserve(bytes)
    this.buffer.write(value, at)
  }

  compactString(value: string | null): void {
    if (value === null) return this.unsignedVarint(0)
    const bytes = this.reserveText(value)
    this.unsignedVarint(bytes + 1)
    const at = this.reserve(bytes)
    this.buffer.write(value, at)
  }

  bytes(value: Uint8Array | null): void {
    if (value === null) return this.int32(-1)
    this.int32(value.length)
    this.raw(value)
  }

  compactBytes(value: Uint8Array | null): void {
    if (value === null) return this.unsignedVarint(0)
    this.unsignedVarint(value.length + 1)
    this.raw(value)
  }

  raw(value: Uint8Array): void {
    const at = this.reserve(value.length)
    this.buffer.set(value, at)
  }

  /** Overwrites an int32 written before, e.g. a frame's size. */
  patchInt32(at: number, value: number): void {
    this.buffer.writeInt32BE(value, at)
  }

  /** What was written, as a view. The writer must not be used afterwards. */
  finish(): Buffer {
    return this.buffer.subarray(0, this.length)
  }
}
