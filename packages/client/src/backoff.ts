// How long to wait before something is tried again: longer each time, and never the same for everybody.

/** First and longest pause between attempts, in milliseconds, before jitter. */
export interface BackoffLimits {
  readonly firstMs: number
  readonly longestMs: number
}

/** Kafka's retry.backoff.ms and retry.backoff.max.ms (KIP-580). */
export const RETRY_BACKOFF: BackoffLimits = { firstMs: 50, longestMs: 1_000 }

/** The pause before attempt `failures` + 1, spread by ±20 % with `random` in [0, 1). */
export function backoffMs(failures: number, random: number, limits: BackoffLimits = RETRY_BACKOFF): number {
  const plainMs = Math.min(limits.longestMs, limits.firstMs * 2 ** Math.min(30, Math.max(0, failures - 1)))
  return plainMs * (0.8 + 0.4 * random)
}
