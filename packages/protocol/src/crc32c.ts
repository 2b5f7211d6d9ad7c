// CRC-32C (Castagnoli), the checksum of record batches, sixteen bytes at a step.

/** The polynomial of RFC 3720, bit-reversed. */
const POLYNOMIAL = 0x82f63b78
const BYTES_PER_STEP = 16
/** From so many bytes on, a view that reads four of them at once pays for being made. */
const BYTES_FOR_VIEW = 512

// Row k tells what a byte does to the checksum k bytes later, so that sixteen look-ups advance sixteen bytes at once.
// One array for all rows: the compiler keeps its address in a register, and sixteen would not fit.
const table = buildTable()

function buildTable(): Int32Array {
  const rows = new Int32Array(BYTES_PER_STEP * 256)
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1
    rows[byte] = crc
  }
  for (let index = 256; index < rows.length; index++) {
    const crc = rows[index - 256]!
    rows[index] = (crc >>> 8) ^ rows[crc & 0xff]!
  }
  return rows
}

/** The CRC-32C of `bytes[start, end)` as an unsigned 32-bit number. */
export function crc32c(bytes: Uint8Array, start = 0, end = bytes.length): number {
  const steps = (end - start) & -BYTES_PER_STEP
  const rest = start + steps
  const view = steps >= BYTES_FOR_VIEW ? new DataView(bytes.buffer, bytes.byteOffset + start, steps) : null
  let crc = view === null ? advanceByBytes(-1, bytes, start, rest) : advanceByView(-1, view, steps)
  for (let i = rest; i < end; i++) crc = (crc >>> 8) ^ table[(crc ^ bytes[i]!) & 0xff]!
  return (crc ^ -1) >>> 0
}

function advanceByView(before: number, view: DataView, end: number): number {
  const t = table
  let crc = before
  for (let i = 0; i < end; i += BYTES_PER_STEP) {
    const a = view.getInt32(i, true) ^ crc
    const b = view.getInt32(i + 4, true)
    const c = view.getInt32(i + 8, true)
    const d = view.getInt32(i + 12, true)
    crc =
      t[0xf00 | (a & 0xff)]! ^
      t[0xe00 | ((a >>> 8) & 0xff)]! ^
      t[0xd00 | ((a >>> 16) & 0xff)]! ^
      t[0xc00 | (a >>> 24)]! ^
      t[0xb00 | (b & 0xff)]! ^
      t[0xa00 | ((b >>> 8) & 0xff)]! ^
      t[0x900 | ((b >>> 16) & 0xff)]! ^
      t[0x800 | (b >>> 24)]! ^
      t[0x700 | (c & 0xff)]! ^
      t[0x600 | ((c >>> 8) & 0xff)]! ^
      t[0x500 | ((c >>> 16) & 0xff)]! ^
      t[0x400 | (c >>> 24)]! ^
      t[0x300 | (d & 0xff)]! ^
      t[0x200 | ((d >>> 8) & 0xff)]! ^
      t[0x100 | ((d >>> 16) & 0xff)]! ^
      t[d >>> 24]!
  }
  return crc
}

function advanceByBytes(before: number, bytes: Uint8Array, start: number, end: number): number {
  const t = table
  let crc = before
  for (let i = start; i < end; i += BYTES_PER_STEP) {
    crc =
      t[0xf00 | ((crc ^ bytes[i]!) & 0xff)]! ^
      t[0xe00 | (((crc >>> 8) ^ bytes[i + 1]!) & 0xff)]! ^
      t[0xd00 | (((crc >>> 16) ^ bytes[i + 2]!) & 0xff)]! ^
      t[0xc00 | ((crc >>> 24) ^ bytes[i + 3]!)]! ^
      t[0xb00 | bytes[i + 4]!]! ^
      t[0xa00 | bytes[i + 5]!]! ^
      t[0x900 | bytes[i + 6]!]! ^
      t[0x800 | bytes[i + 7]!]! ^
      t[0x700 | bytes[i + 8]!]! ^
      t[0x600 | bytes[i + 9]!]! ^
      t[0x500 | bytes[i + 10]!]! ^
      t[0x400 | bytes[i + 11]!]! ^
      t[0x300 | bytes[i + 12]!]! ^
      t[0x200 | bytes[i + 13]!]! ^
      t[0x100 | bytes[i + 14]!]! ^
      t[bytes[i + 15]!]!
  }
  return crc
}
