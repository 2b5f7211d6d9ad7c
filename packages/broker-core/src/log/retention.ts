// PURE. Which segments of a log have outlived their time or their room.

/** A segment as retention sees it, oldest first; the last one is active. */
export interface RetainedSegment {
  readonly baseOffset: number
  readonly nextOffset: number
  readonly sizeBytes: number
  /** Epoch milliseconds of the broker's clock at the last append: what producers claim plays no part. */
  readonly lastAppendMs: number
}

export interface RetentionLimits {
  /** -1: for ever. */
  readonly retentionMs: number
  /** -1: no limit. */
  readonly retentionBytes: number
}

/** True when the active segment's records have all expired: it must be rolled before it can go. */
export function isActiveExpired(segments: readonly RetainedSegment[], limits: RetentionLimits, nowMs: number): boolean {
  const active = segments.at(-1)
  return active !== undefined && active.sizeBytes > 0 && isExpired(active, limits, nowMs)
}

/**
 * How many of the oldest segments go. Only whole, inactive, durable ones do; by size, only while what remains still holds
 * `retentionBytes`, as in Kafka.
 */
export function countDeletable(
  segments: readonly RetainedSegment[],
  limits: RetentionLimits,
  highWatermark: number,
  nowMs: number,
): number {
  let excessBytes = segments.reduce((sum, segment) => sum + segment.sizeBytes, 0) - limits.retentionBytes
  let count = 0
  while (count < segments.length - 1) {
    const segment = segments[count]!
    const isTooMuch = limits.retentionBytes >= 0 && excessBytes >= segment.sizeBytes
    if (segment.nextOffset > highWatermark || !(isTooMuch || isExpired(segment, limits, nowMs))) break
    excessBytes -= segment.sizeBytes
    count++
  }
  return count
}

function isExpired(segment: RetainedSegment, limits: RetentionLimits, nowMs: number): boolean {
  return limits.retentionMs >= 0 && nowMs - segment.lastAppendMs > limits.retentionMs
}
