// Hands out producer ids, each once in the life of the data directory, durable in blocks so that few calls wait for a disk.
import type { MetadataStore } from './metadata-store.ts'

const BLOCK = 1_000

export class ProducerIds {
  private readonly store: MetadataStore
  private next: number
  private reservedEnd: number
  private reserving: Promise<void> | null = null

  constructor(store: MetadataStore, nextProducerId: number) {
    this.store = store
    this.next = nextProducerId
    this.reservedEnd = nextProducerId
  }

  /** A producer id that was never given out before. Rejects with StorageError when none can be reserved. */
  async allocate(): Promise<number> {
    while (this.next >= this.reservedEnd) {
      this.reserving ??= this.reserve().finally(() => (this.reserving = null))
      await this.reserving
    }
    return this.next++
  }

  private async reserve(): Promise<void> {
    const end = this.reservedEnd + BLOCK
    await this.store.write([{ kind: 'putNextProducerId', nextProducerId: end }])
    this.reservedEnd = end
  }
}
