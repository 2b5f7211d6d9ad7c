// LZ4 as Kafka's record batches use it: one LZ4 frame (lz4_Frame_format.md).
import { DecodeError } from '../decode-error.ts'
import type { Codec } from './codec.ts'
import { compressLz4Block, decompressLz4Block, LZ4_BLOCK_BYTES, lz4BlockBound } from './lz4-block.ts'
import { xxhash32 } from './xxhash32.ts'

const MAGIC = 0x184d2204
const VERSION_1 = 0x40
const VERSION_MASK = 0xc0
const INDEPENDENT_BLOCKS = 0x20
const BLOCK_CHECKSUMS = 0x10
const CONTENT_SIZE = 0x08
const CONTENT_CHECKSUM = 0x04
const DICTIONARY_ID = 0x01
/** Blocks of at most 64 KiB: what the Java client writes. Its reader wants independent blocks, so ours are. */
const BLOCKS_OF_64_KIB = 0x40
const STORED_PLAIN = 0x80000000
const HEADER_BYTES = 7
const GREATEST_EXPANSION = 255

/** One frame: independent blocks of 64 KiB, no checksums of its own (the batch has a CRC), read with any options. */
export const lz4: Codec = {
  compress(bytes) {
    const blocks = Math.ceil(bytes.length / LZ4_BLOCK_BYTES)
    const output = Buffer.allocUnsafe(HEADER_BYTES + lz4BlockBound(bytes.length) + blocks * 20 + 4)
    output.writeUInt32LE(MAGIC, 0)
    output[4] = VERSION_1 | INDEPENDENT_BLOCKS
    output[5] = BLOCKS_OF_64_KIB
    output[6] = headerChecksum(output, 4, 6)
    let at = HEADER_BYTES
    for (let start = 0; start < bytes.length; start += LZ4_BLOCK_BYTES) {
      const end = Math.min(start + LZ4_BLOCK_BYTES, bytes.length)
      const blockStart = at + 4
      let blockEnd = compressLz4Block(bytes, start, end, output, blockStart)
      if (blockEnd - blockStart < end - start) {
        output.writeUInt32LE(blockEnd - blockStart, at)
      } else {
        output.set(bytes.subarray(start, end), blockStart)
        blockEnd = blockStart + end - start
        output.writeUInt32LE((STORED_PLAIN | (end - start)) >>> 0, at)
      }
      at = blockEnd
    }
    output.writeUInt32LE(0, at)
    return output.subarray(0, at + 4)
  },

  decompress(bytes, maxBytes) {
    const frame = readFrameHeader(bytes)
    let position = frame.position
    let output: Buffer = Buffer.allocUnsafe(Math.min(maxBytes, Math.max(bytes.length * 4, 1024)))
    let at = 0
    for (;;) {
      const sizeField = readWord(bytes, position)
      position += 4
      if (sizeField === 0) break
      const isPlain = sizeField >= STORED_PLAIN
      const blockBytes = isPlain ? sizeField - STORED_PLAIN : sizeField
      const blockEnd = position + blockBytes
      if (blockBytes > frame.maxBlockBytes || blockEnd > bytes.length) {
        throw new DecodeError(`an LZ4 block claims ${blockBytes} bytes`)
      }
      const outputEnd = Math.min(maxBytes, at + Math.min(frame.maxBlockBytes, blockBytes * GREATEST_EXPANSION))
      if (outputEnd > output.length) output = grown(output, at, outputEnd, maxBytes)
      if (isPlain) {
        if (blockBytes > outputEnd - at) throw new DecodeError('LZ4 data unfolds to more than is allowed')
        output.set(bytes.subarray(position, blockEnd), at)
        at += blockBytes
      } else {
        const historyStart = frame.hasIndependentBlocks ? at : 0
        at = decompressLz4Block(bytes, position, blockEnd, output, at, outputEnd, historyStart)
      }
      if (frame.hasBlockChecksums) {
        checkChecksum(bytes, blockEnd, xxhash32(bytes, position, blockEnd))
        position = blockEnd + 4
      } else {
        position = blockEnd
      }
    }
    if (frame.hasContentChecksum) {
      checkChecksum(bytes, position, xxhash32(output, 0, at))
      position += 4
    }
    if (position !== bytes.length) throw new DecodeError(`${bytes.length - position} bytes follow the LZ4 frame`)
    return output.subarray(0, at)
  },
}

interface FrameHeader {
  /** Where the first block begins. */
  position: number
  maxBlockBytes: number
  hasIndependentBlocks: boolean
  hasBlockChecksums: boolean
  hasContentChecksum: boolean
}

function readFrameHeader(bytes: Buffer): FrameHeader {
  if (bytes.length < HEADER_BYTES) throw new DecodeError('an LZ4 frame is cut off')
  if (bytes.readUInt32LE(0) !== MAGIC) throw new DecodeError('this is not an LZ4 frame')
  const flags = bytes[4]!
  const sizeClass = (bytes[5]! >>> 4) & 7
  if ((flags & VERSION_MASK) !== VERSION_1) throw new DecodeError('an LZ4 frame has an unknown version')
  if (flags & DICTIONARY_ID) throw new DecodeError('an LZ4 frame needs a dictionary')
  if (sizeClass < 4) throw new DecodeError('an LZ4 frame has an unknown block size')
  // The content size is a hint that nothing here relies on.
  const checksumAt = 6 + (flags & CONTENT_SIZE ? 8 : 0)
  if (checksumAt >= bytes.length) throw new DecodeError('an LZ4 frame is cut off')
  if (bytes[checksumAt] !== headerChecksum(bytes, 4, checksumAt)) throw new DecodeError('an LZ4 header is damaged')
  return {
    position: checksumAt + 1,
    maxBlockBytes: 2 ** (8 + 2 * sizeClass),
    hasIndependentBlocks: (flags & INDEPENDENT_BLOCKS) !== 0,
    hasBlockChecksums: (flags & BLOCK_CHECKSUMS) !== 0,
    hasContentChecksum: (flags & CONTENT_CHECKSUM) !== 0,
  }
}

function headerChecksum(bytes: Buffer, start: number, end: number): number {
  return (xxhash32(bytes, start, end) >>> 8) & 0xff
}

function checkChecksum(bytes: Buffer, position: number, expected: number): void {
  if (readWord(bytes, position) !== expected) throw new DecodeError('LZ4 data does not fit its checksum')
}

function readWord(bytes: Buffer, position: number): number {
  if (bytes.length - position < 4) throw new DecodeError('an LZ4 frame is cut off')
  return bytes.readUInt32LE(position)
}

function grown(output: Buffer, used: number, needed: number, maxBytes: number): Buffer {
  const larger = Buffer.allocUnsafe(Math.min(maxBytes, Math.max(needed, output.length * 2)))
  larger.set(output.subarray(0, used))
  return larger
}
