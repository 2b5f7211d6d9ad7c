// Compresses and decompresses the records of a batch, synchronously; each codec library is loaded on its first use.
import type { Codec } from './codec.ts'
import type { CompressionName } from './compression-name.ts'
import { gzip } from './gzip.ts'
import { lz4 } from './lz4.ts'
import { snappy } from './snappy.ts'
import { zstd } from './zstd.ts'

/** How far `decompress` may go. */
export interface DecompressLimits {
  /** DecodeError when the output would be longer. */
  maxBytes: number
}

const codecs: Record<Exclude<CompressionName, 'none'>, Codec> = { gzip, snappy, lz4, zstd }

/** The bytes under the named compression; the very same bytes for 'none'. */
export function compress(name: CompressionName, bytes: Buffer): Buffer {
  return name === 'none' ? bytes : codecs[name].compress(bytes)
}

/** The bytes as they were before compression. DecodeError when they are damaged or longer than `maxBytes`. */
export function decompress(name: CompressionName, bytes: Buffer, limits: DecompressLimits): Buffer {
  return name === 'none' ? bytes : codecs[name].decompress(bytes, limits.maxBytes)
}
