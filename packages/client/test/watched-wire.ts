// Looks on while a client writes to its wire: which requests it sends, and when.
import type { Duplex } from 'node:stream'
import { readRequestHeader, type ApiName } from '@goqueue/protocol'

const SIZE_BYTES = 4

/** The same wire; calls `sent` with the name of each request that is written to it from now on. */
export function watchedWire(wire: Duplex, sent: (name: ApiName) => void): Duplex {
  // A client writes one frame at a time.
  const write = wire.write.bind(wire) as (frame: Buffer) => boolean
  wire.write = (frame: Buffer) => {
    sent(readRequestHeader(frame.subarray(SIZE_BYTES)).name)
    return write(frame)
  }
  return wire
}
