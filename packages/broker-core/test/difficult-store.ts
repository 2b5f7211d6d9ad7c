// A metadata store that can be held up and made to fail: what the coordinator is tested on.
import { openMemoryStore } from '../src/store/memory-store.ts'
import type { MetadataChange, MetadataSnapshot, MetadataStore } from '../src/store/metadata-store.ts'

/** A memory store whose writes and reads wait while it is held up, and fail when told to. */
export class DifficultStore implements Pick<MetadataStore, 'load' | 'write'> {
  readonly store = openMemoryStore({ randomUuid: () => '00000000-0000-4000-8000-000000000000' })
  readonly written: MetadataChange[] = []
  private gate = Promise.resolve()
  private openGate: (() => void) | null = null
  failNextWrites = 0
  failNextLoads = 0

  holdUp(): void {
    if (this.openGate === null) this.gate = new Promise((resolve) => (this.openGate = resolve))
  }

  letGo(): void {
    this.openGate?.()
    this.openGate = null
  }

  async write(changes: readonly MetadataChange[]): Promise<void> {
    const isFailing = this.failNextWrites > 0
    if (isFailing) this.failNextWrites -= 1
    await this.gate
    if (isFailing) throw new Error('disk full')
    await this.store.write(changes)
    this.written.push(...changes)
  }

  async load(): Promise<MetadataSnapshot> {
    await this.gate
    if (this.failNextLoads > 0) {
      this.failNextLoads -= 1
      throw new Error('disk gone')
    }
    return this.store.load()
  }
}
