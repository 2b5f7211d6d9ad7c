// CRC-32C (Castagnoli), the checksum of record batches, sixteen bytes at a step.

/** The polynomial of RFC 3720, bit-reversed. */
const POLYNOMIAL = 0x82f63b78
const BYTES_PER_STEP = 16

// Table k tells what a byte does to the checksum k bytes later, so that sixteen look-ups advance sixteen bytes at once.
const tables = buildTables()
const t0 = tables[0]!
const t1 = tables[1]!
const t2 = tables[2]!
const t3 = tables[3]!
const t4 = tables[4]!
const t5 = tables[5]!
const t6 = tables[6]!
const t7 = tables[7]!
const t8 = tables[8]!
const t9 = tables[9]!
const t10 = tables[10]!
const t11 = tables[11]!
const t12 = tables[12]!
const t13 = tables[13]!
const t14 = tables[14]!
const t15 = tables[15]!

function buildTables(): Int32Array[] {
  const byteTable = new Int32Array(256)
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1
    byteTable[byte] = crc
  }
  const all = [byteTable]
  for (let k = 1; k < BYTES_PER_STEP; k++) {
    const previous = all[k - 1]!
    all.push(previous.map((crc) => (crc >>> 8) ^ byteTable[crc & 0xff]!))
  }
  return all
}

/** The CRC-32C of `bytes[start, end)` as an unsigned 32-bit number. */
export function crc32c(bytes: Uint8Array, start = 0, end = bytes.length): number {
  let crc = -1
  let i = start
  for (const lastStep = end - BYTES_PER_STEP; i <= lastStep; i += BYTES_PER_STEP) {
    crc =
      t15[(crc ^ bytes[i]!) & 0xff]! ^
      t14[((crc >>> 8) ^ bytes[i + 1]!) & 0xff]! ^
      t13[((crc >>> 16) ^ bytes[i + 2]!) & 0xff]! ^
      t12[(crc >>> 24) ^ bytes[i + 3]!]! ^
      t11[bytes[i + 4]!]! ^
      t10[bytes[i + 5]!]! ^
      t9[bytes[i + 6]!]! ^
      t8[bytes[i + 7]!]! ^
      t7[bytes[i + 8]!]! ^
      t6[bytes[i + 9]!]! ^
      t5[bytes[i + 10]!]! ^
      t4[bytes[i + 11]!]! ^
      t3[bytes[i + 12]!]! ^
      t2[bytes[i + 13]!]! ^
      t1[bytes[i + 14]!]! ^
      t0[bytes[i + 15]!]!
  }
  for (; i < end; i++) crc = (crc >>> 8) ^ t0[(crc ^ bytes[i]!) & 0xff]!
  return (crc ^ -1) >>> 0
}
