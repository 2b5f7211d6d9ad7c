// gzip, by Node's own zlib.
import { createRequire } from 'node:module'
import { DecodeError } from '../decode-error.ts'
import type { Codec } from './codec.ts'

const require = createRequire(import.meta.url)
let zlib: typeof import('node:zlib') | undefined

function loadZlib(): typeof import('node:zlib') {
  return (zlib ??= require('node:zlib') as typeof import('node:zlib'))
}

/** gzip as every Kafka client reads it (RFC 1952). */
export const gzip: Codec = {
  compress: (bytes) => loadZlib().gzipSync(bytes),
  decompress(bytes, maxBytes) {
    let unfolded: Buffer
    try {
      // zlib knows no limit of 0.
      unfolded = loadZlib().gunzipSync(bytes, { maxOutputLength: Math.max(1, maxBytes) })
    } catch (cause) {
      throw new DecodeError('gzip data is damaged, or unfolds to more than is allowed', { cause })
    }
    if (unfolded.length > maxBytes) throw new DecodeError('gzip data unfolds to more than is allowed')
    return unfolded
  },
}
