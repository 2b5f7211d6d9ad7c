// Turns a UUID into a cluster id as Kafka writes one: its 16 bytes as 22 characters of base64url.

/** The 22-character form of a UUID in RFC text. */
export function clusterIdOf(uuid: string): string {
  return Buffer.from(uuid.replaceAll('-', ''), 'hex').toString('base64url')
}
