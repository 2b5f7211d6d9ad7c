// Batches of a log taken together: how many, how large, and when the first of them was appended.

export class BatchSum {
  batches = 0
  bytes = 0
  /** On the monotonic clock; null where there is no batch. */
  sinceMs: number | null = null

  /** One more batch, appended no earlier than those before it. */
  add(bytes: number, atMs: number): void {
    this.batches += 1
    this.bytes += bytes
    this.sinceMs ??= atMs
  }

  /** Those of another sum, appended no earlier than those before them. */
  addAll({ batches, bytes, sinceMs }: BatchSum): void {
    this.batches += batches
    this.bytes += bytes
    this.sinceMs ??= sinceMs
  }
}
