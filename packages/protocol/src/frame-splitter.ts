// Cuts a byte stream into frames by their int32 size, holding chunks as they came: nothing is allocated for a size that was only announced.
import { DecodeError } from './decode-error.ts'

const SIZE_BYTES = 4

/** Collects the chunks of one direction of a connection. */
export class FrameSplitter {
  private readonly maxFrameBytes: number
  private readonly minFrameBytes: number
  private chunks: Buffer[] = []
  private buffered = 0
  private announced = -1

  /** `minFrameBytes` is the smallest legal frame: 8 for requests, 4 for responses. */
  constructor(limits: { readonly maxFrameBytes: number; readonly minFrameBytes: number }) {
    this.maxFrameBytes = limits.maxFrameBytes
    this.minFrameBytes = limits.minFrameBytes
  }

  /** Bytes that arrived and do not make a whole frame yet, the size of an announced one among them. */
  get pendingBytes(): number {
    return this.announced === -1 ? this.buffered : SIZE_BYTES + this.buffered
  }

  /** Adds a chunk. */
  push(chunk: Buffer): void {
    this.chunks.push(chunk)
    this.buffered += chunk.length
  }

  /** The next whole frame without its size, or null; a view where it lies in one chunk. Throws DecodeError for an illegal size. */
  next(): Buffer | null {
    if (this.announced === -1) {
      if (this.buffered < SIZE_BYTES) return null
      const size = this.take(SIZE_BYTES).readInt32BE(0)
      if (size < this.minFrameBytes || size > this.maxFrameBytes) {
        throw new DecodeError(
          `frame size ${size}: allowed are ${this.minFrameBytes} to ${this.maxFrameBytes}${hintAt(size)}`,
        )
      }
      this.announced = size
    }
    if (this.buffered < this.announced) return null
    const frame = this.take(this.announced)
    this.announced = -1
    return frame
  }

  private take(bytes: number): Buffer {
    this.buffered -= bytes
    const first = this.chunks[0]
    if (first !== undefined && first.length > bytes) {
      this.chunks[0] = first.subarray(bytes)
      return first.subarray(0, bytes)
    }
    if (first !== undefined && first.length === bytes) {
      this.chunks.shift()
      return first
    }
    const whole = Buffer.allocUnsafe(bytes)
    let filled = 0
    let used = 0
    while (filled < bytes) {
      const chunk = this.chunks[used] as Buffer
      const part = Math.min(chunk.length, bytes - filled)
      chunk.copy(whole, filled, 0, part)
      filled += part
      if (part === chunk.length) used += 1
      else this.chunks[used] = chunk.subarray(part)
    }
    this.chunks.splice(0, used)
    return whole
  }
}

/** Another protocol's first bytes read as an absurd size: say so to whoever looks for the reason. */
function hintAt(size: number): string {
  if (size === 0x47455420) return ' (it reads as HTTP, this is the Kafka protocol)'
  if (size >>> 16 === 0x1603) return ' (it reads as a TLS handshake, this is plain text)'
  return ''
}
