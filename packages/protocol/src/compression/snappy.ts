// Snappy as Kafka clients use it: written in the framing of snappy-java, read with that framing or without any.
import { DecodeError } from '../decode-error.ts'
import type { Codec } from './codec.ts'
import { compressSnappyBlock, decompressSnappyBlock, SNAPPY_BLOCK_BYTES, snappyBlockBound } from './snappy-block.ts'

// The Java client always frames and librdkafka, sarama and kafka-python tell the two apart by these bytes.
const MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00])
/** Magic, version and lowest compatible version (both 1, int32). */
const HEADER_BYTES = 16
const LENGTH_BYTES = 4

/** snappy-java's blocks: a length (int32) and a raw block each, at most 32 KiB of input in one. */
export const snappy: Codec = {
  compress(bytes) {
    const blocks = Math.ceil(bytes.length / SNAPPY_BLOCK_BYTES)
    const output = Buffer.allocUnsafe(HEADER_BYTES + bytes.length + blocks * LENGTH_BYTES + blockOverhead(bytes.length))
    output.set(MAGIC, 0)
    output.writeInt32BE(1, 8)
    output.writeInt32BE(1, 12)
    let at = HEADER_BYTES
    for (let start = 0; start < bytes.length; start += SNAPPY_BLOCK_BYTES) {
      const end = Math.min(start + SNAPPY_BLOCK_BYTES, bytes.length)
      const blockEnd = compressSnappyBlock(bytes, start, end, output, at + LENGTH_BYTES)
      output.writeInt32BE(blockEnd - at - LENGTH_BYTES, at)
      at = blockEnd
    }
    return output.subarray(0, at)
  },

  decompress(bytes, maxBytes) {
    if (!isFramed(bytes)) return decompressSnappyBlock(bytes, maxBytes)
    const blocks: Buffer[] = []
    let total = 0
    for (let position = HEADER_BYTES; position < bytes.length;) {
      if (bytes.length - position < LENGTH_BYTES) throw new DecodeError('a snappy block is cut off')
      const length = bytes.readInt32BE(position)
      const start = position + LENGTH_BYTES
      if (length < 0 || length > bytes.length - start) throw new DecodeError(`a snappy block claims ${length} bytes`)
      const block = decompressSnappyBlock(bytes.subarray(start, start + length), maxBytes - total)
      blocks.push(block)
      total += block.length
      position = start + length
    }
    return blocks.length === 1 ? blocks[0]! : Buffer.concat(blocks, total)
  },
}

function isFramed(bytes: Buffer): boolean {
  return bytes.length >= HEADER_BYTES && bytes.compare(MAGIC, 0, MAGIC.length, 0, MAGIC.length) === 0
}

function blockOverhead(bytes: number): number {
  const whole = Math.floor(bytes / SNAPPY_BLOCK_BYTES)
  const rest = bytes - whole * SNAPPY_BLOCK_BYTES
  return whole * (snappyBlockBound(SNAPPY_BLOCK_BYTES) - SNAPPY_BLOCK_BYTES) + snappyBlockBound(rest) - rest
}
