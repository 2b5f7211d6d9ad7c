// Which partition a key belongs to: murmur2 as the Java client computes it, so that all clients agree.

const SEED = 0x9747b28c
const MULTIPLIER = 0x5bd1e995
const ROTATION = 24

/** The murmur2 hash of a key, as Java's signed 32-bit number. */
export function murmur2(bytes: Uint8Array): number {
  const { length } = bytes
  let hash = SEED ^ length
  let position = 0
  for (; position + 4 <= length; position += 4) {
    let word =
      bytes[position]! | (bytes[position + 1]! << 8) | (bytes[position + 2]! << 16) | (bytes[position + 3]! << 24)
    word = Math.imul(word, MULTIPLIER)
    word = Math.imul(word ^ (word >>> ROTATION), MULTIPLIER)
    hash = Math.imul(hash, MULTIPLIER) ^ word
  }
  const rest = length - position
  if (rest >= 3) hash ^= bytes[position + 2]! << 16
  if (rest >= 2) hash ^= bytes[position + 1]! << 8
  if (rest >= 1) hash = Math.imul(hash ^ bytes[position]!, MULTIPLIER)
  hash = Math.imul(hash ^ (hash >>> 13), MULTIPLIER)
  return hash ^ (hash >>> 15)
}

/** The partition of a keyed record: what Kafka's default partitioner says, for the same count of partitions. */
export function partitionForKey(key: Uint8Array, partitionCount: number): number {
  // Kafka's toPositive drops the sign bit; it is not an absolute value.
  return (murmur2(key) & 0x7fffffff) % partitionCount
}
