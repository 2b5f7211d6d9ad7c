// Tells two subscriptions apart by their topics, not by their bytes: user data and owned partitions change all the time.

/**
 * Equal for two consumer metadata with the same topics. Total: what cannot be read is compared by its bytes. Topics come
 * first in every version of the format, after the version, so that later ones are read too.
 */
export function subscriptionKey(protocolType: string, metadata: Buffer): string {
  const topics = protocolType === 'consumer' ? readTopics(metadata) : null
  return topics === null ? metadata.toString('base64') : JSON.stringify(topics.sort())
}

const VERSION_BYTES = 2

/** The topics of a consumer's subscription; null where it cannot be read. */
export function readTopics(metadata: Buffer): string[] | null {
  let position = VERSION_BYTES + 4
  if (metadata.length < position) return null
  const count = metadata.readInt32BE(VERSION_BYTES)
  const topics: string[] = []
  for (let index = 0; index < count; index += 1) {
    if (metadata.length < position + 2) return null
    const start = position + 2
    position = start + metadata.readInt16BE(position)
    if (position < start || position > metadata.length) return null
    topics.push(metadata.toString('utf8', start, position))
  }
  return topics
}
