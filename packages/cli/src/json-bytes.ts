// Bytes in JSON: as text where they are text, else as base64, and always so that both can be told apart.

/** A string when the bytes are valid UTF-8, `{ base64 }` when they are not, null for null. */
export type JsonBytes = string | { base64: string } | null

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export function jsonBytes(bytes: Uint8Array | null): JsonBytes {
  if (bytes === null) return null
  try {
    return utf8.decode(bytes)
  } catch {
    return { base64: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64') }
  }
}
