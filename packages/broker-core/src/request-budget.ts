// The bytes of requests that all connections of a broker hold together, and who gives way when there are too many.

/** A connection, as the budget sees it. */
export interface RequestHolder {
  /** Bytes of requests that have not arrived whole or not been started: those that `evict` gives back. */
  readonly waitingBytes: number
  /** Ends the connection, which releases what it holds. */
  evict(reason: string): void
}

export class RequestBudget {
  readonly limitBytes: number
  private readonly holders = new Set<RequestHolder>()
  private heldBytes = 0

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes
  }

  /** Bytes of the requests that have arrived, whole or in part, and are not answered. */
  get usedBytes(): number {
    return this.heldBytes
  }

  add(holder: RequestHolder): void {
    this.holders.add(holder)
  }

  remove(holder: RequestHolder): void {
    this.holders.delete(holder)
  }

  /** Counts bytes that arrived. Over the limit, the connection that holds most for requests not started yet is ended: nobody else waits. */
  hold(bytes: number): void {
    this.heldBytes += bytes
    while (this.heldBytes > this.limitBytes) {
      let largest: RequestHolder | undefined
      for (const holder of this.holders) {
        if (holder.waitingBytes > (largest?.waitingBytes ?? 0)) largest = holder
      }
      if (largest === undefined) return
      largest.evict(`all requests together hold ${this.heldBytes} bytes: ${this.limitBytes} are allowed`)
    }
  }

  release(bytes: number): void {
    this.heldBytes -= bytes
  }
}
