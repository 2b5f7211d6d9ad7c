// What each codec of this room is.

/** One compression in both directions. */
export interface Codec {
  compress(bytes: Buffer): Buffer
  /** DecodeError when the bytes are damaged or unfold to more than `maxBytes`. */
  decompress(bytes: Buffer, maxBytes: number): Buffer
}
