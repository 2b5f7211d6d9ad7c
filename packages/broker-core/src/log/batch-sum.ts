// Batches of a log taken together: how many, how large, and when the first of them was appended.

export class BatchSum {
  batches = 0
  bytes = 0
  /** Epoch milliseconds of the broker's clock; null where there is no batch. */
  firstAppendMs: number | null = null

  /** One more batch, appended no earlier than those before it. */
  add(bytes: number, appendMs: number): void {
    this.batches += 1
    this.bytes += bytes
    this.firstAppendMs ??= appendMs
  }

  /** Those of another sum, appended no earlier than those before them. */
  addAll({ batches, bytes, firstAppendMs }: BatchSum): void {
    this.batches += batches
    this.bytes += bytes
    this.firstAppendMs ??= firstAppendMs
  }
}
