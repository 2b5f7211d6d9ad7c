// A running hash over everything that happens in a schedule: two runs are the same when their hashes are.

/** FNV-1a over 32-bit numbers and strings. */
export class TraceHash {
  value = 0x811c9dc5

  number(input: number): void {
    this.value = Math.imul(this.value ^ (input | 0), 0x01000193) >>> 0
  }

  text(input: string): void {
    for (let index = 0; index < input.length; index += 1) this.number(input.charCodeAt(index))
  }
}
