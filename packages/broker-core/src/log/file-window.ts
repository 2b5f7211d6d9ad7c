// Looks at a file through a window in memory that moves forward: many small looks cost one read.
import type { FileHandle } from '../storage/file-system.ts'

const DEFAULT_WINDOW_BYTES = 256 * 1024

export class FileWindow {
  /** Nothing at or beyond this is looked at. */
  readonly endPosition: number
  private readonly handle: FileHandle
  private readonly windowBytes: number
  private bytes: Buffer = Buffer.alloc(0)
  private start = 0

  constructor(handle: FileHandle, endPosition: number, windowBytes = DEFAULT_WINDOW_BYTES) {
    this.handle = handle
    this.endPosition = endPosition
    this.windowBytes = windowBytes
  }

  /** True when `view` would give these bytes without reading. */
  has(position: number, bytes: number): boolean {
    return position >= this.start && position + bytes <= this.start + this.bytes.length
  }

  /** Reads so that at least `bytes` from `position` are in the window, or all there are. */
  async load(position: number, bytes: number): Promise<void> {
    const wanted = Math.max(0, Math.min(Math.max(bytes, this.windowBytes), this.endPosition - position))
    const buffer = Buffer.allocUnsafeSlow(wanted)
    const filled = await this.handle.read(buffer, position)
    this.bytes = buffer.subarray(0, filled)
    this.start = position
  }

  /** What the window holds from `position` on, at most `bytes`; a view that stays as it is. */
  view(position: number, bytes: number): Buffer {
    const from = position - this.start
    return this.bytes.subarray(from, from + bytes)
  }

  /** The first place of this byte in the window at or behind `position`; the end of the window when there is none. */
  placeOf(byte: number, position: number): number {
    const found = this.bytes.indexOf(byte, position - this.start)
    return found < 0 ? this.start + this.bytes.length : this.start + found
  }

  /** How many bytes from `position` on are in the window. */
  bytesFrom(position: number): number {
    return position < this.start ? 0 : Math.max(0, this.start + this.bytes.length - position)
  }
}
