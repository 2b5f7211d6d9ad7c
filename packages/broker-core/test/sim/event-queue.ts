// The virtual clock's agenda: what happens next, ties in the order in which they were planned.

interface Planned<T> {
  readonly atMs: number
  readonly order: number
  readonly event: T
}

/** A binary heap by time. */
export class EventQueue<T> {
  private readonly heap: Planned<T>[] = []
  private planned = 0

  plan(atMs: number, event: T): void {
    this.planned += 1
    const entry = { atMs, order: this.planned, event }
    let index = this.heap.length
    while (index > 0) {
      const parentIndex = (index - 1) >> 1
      const parent = this.heap[parentIndex] as Planned<T>
      if (isBefore(parent, entry)) break
      this.heap[index] = parent
      index = parentIndex
    }
    this.heap[index] = entry
  }

  nextMs(): number {
    return this.heap[0]?.atMs ?? Infinity
  }

  take(): T | undefined {
    const first = this.heap[0]
    const last = this.heap.pop()
    if (first === undefined || last === undefined || this.heap.length === 0) return first?.event
    let index = 0
    for (;;) {
      let childIndex = 2 * index + 1
      if (childIndex >= this.heap.length) break
      const right = this.heap[childIndex + 1]
      if (right !== undefined && isBefore(right, this.heap[childIndex] as Planned<T>)) childIndex += 1
      const child = this.heap[childIndex] as Planned<T>
      if (isBefore(last, child)) break
      this.heap[index] = child
      index = childIndex
    }
    this.heap[index] = last
    return first.event
  }
}

function isBefore<T>(one: Planned<T>, other: Planned<T>): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order)
}
