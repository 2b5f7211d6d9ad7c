// How far zstd data can unfold, read off its frame and block headers without unfolding it (RFC 8878 section 3.1).
import { DecodeError } from '../decode-error.ts'

const FRAME_MAGIC = 0xfd2fb528
const SKIPPABLE_MAGIC = 0x184d2a50
const SKIPPABLE_MASK = 0xfffffff0
const MOST_BLOCK_BYTES = 128 * 1024
const RLE_BLOCK = 1
const COMPRESSED_BLOCK = 2
const RESERVED_BLOCK = 3

/**
 * The most bytes that these frames can unfold to: exact where blocks are plain or run-length coded, 128 KiB for each
 * compressed block. The Java client writes no content size, so the headers are all there is. DecodeError when damaged.
 */
export function zstdBound(bytes: Buffer): number {
  let total = 0
  for (let position = 0; position < bytes.length;) {
    need(bytes, position, 8)
    const magic = bytes.readUInt32LE(position)
    if ((magic & SKIPPABLE_MASK) >>> 0 === SKIPPABLE_MAGIC) {
      const skipped = bytes.readUInt32LE(position + 4)
      need(bytes, position + 8, skipped)
      position += 8 + skipped
      continue
    }
    if (magic !== FRAME_MAGIC) throw new DecodeError('this is not zstd data')
    const descriptor = bytes[position + 4]!
    position += 5 + sizeOfFrameHeaderFields(descriptor)
    for (let isLast = false; !isLast;) {
      need(bytes, position, 3)
      const blockHeader = bytes.readUIntLE(position, 3)
      isLast = (blockHeader & 1) === 1
      const type = (blockHeader >>> 1) & 3
      const size = blockHeader >>> 3
      if (type === RESERVED_BLOCK || size > MOST_BLOCK_BYTES) throw new DecodeError('a zstd block header is damaged')
      const stored = type === RLE_BLOCK ? 1 : size
      need(bytes, position + 3, stored)
      position += 3 + stored
      total += type === COMPRESSED_BLOCK ? MOST_BLOCK_BYTES : size
    }
    const hasChecksum = (descriptor & 0x04) !== 0
    if (hasChecksum) {
      need(bytes, position, 4)
      position += 4
    }
  }
  return total
}

function sizeOfFrameHeaderFields(descriptor: number): number {
  const isSingleSegment = (descriptor & 0x20) !== 0
  const dictionaryIdBytes = [0, 1, 2, 4][descriptor & 3]!
  const sizeClass = descriptor >>> 6
  const contentSizeBytes = sizeClass === 0 ? (isSingleSegment ? 1 : 0) : 2 ** sizeClass
  return (isSingleSegment ? 0 : 1) + dictionaryIdBytes + contentSizeBytes
}

function need(bytes: Buffer, position: number, count: number): void {
  if (count > bytes.length - position) throw new DecodeError('zstd data is cut off')
}
