// UUIDs on the wire are 16 bytes; in memory they are lower-case RFC 4122 text, which compares and names directories safely.

/** Kafka's "no topic id". */
export const ZERO_UUID = '00000000-0000-0000-0000-000000000000'

/** Whether `text` is a UUID in the one form used here: lower case, with hyphens. */
export function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(text)
}

/** The text of the 16 bytes at `position`. */
export function uuidText(bytes: Buffer, position: number): string {
  const hex = bytes.toString('hex', position, position + 16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

/** The 16 bytes of a UUID as hexadecimal digits without hyphens. */
export function uuidHex(text: string): string {
  return text.replaceAll('-', '')
}
