// Hands out producer ids, each once in the life of the data directory, durable in blocks so that few calls wait for a disk.
import { StorageError } from '../storage/storage-error.ts'
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

  /** A producer id that was never given out before; null when the disk lets none be reserved, which may pass. */
  async allocate(): Promise<number | null> {
    try {
      while (this.next >= this.reservedEnd) {
        this.reserving ??= this.reserve().finally(() => (this.reserving = null))
        await this.reserving
      }
    } catch (error) {
      // The store has reported it.
      if (error instanceof StorageError) return null
      throw error
    }
    return this.next++
  }

  private async reserve(): Promise<void> {
    const end = this.reservedEnd + BLOCK
    await this.store.write([{ kind: 'putNextProducerId', nextProducerId: end }])
    this.reservedEnd = end
  }
}
