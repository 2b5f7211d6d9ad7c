// One file of the simulated disk: pages, and beside each page written since the last sync what the disk still holds.

/** What the disk is sure to keep of any write, whole or not at all. */
const SECTOR_BYTES = 512
const PAGE_BYTES = 4 * 1024
const BLANK_PAGE = Buffer.alloc(PAGE_BYTES)

/** What is about to be synced: taken when the sync begins, kept when it succeeds. */
export interface PendingSync {
  readonly size: number
  readonly pages: ReadonlyMap<number, Buffer | undefined>
}

/**
 * A page that was synced is never written in place: the first write after a sync copies it. So the durable image costs
 * one page per file in practice, and a sync costs no more than the pages that changed.
 */
export class MemoryFile {
  size = 0
  modifiedMs = 0
  private readonly pages: (Buffer | undefined)[] = []
  private durableSize = 0
  private readonly durablePages: (Buffer | undefined)[] = []
  private dirty = new Set<number>()

  read(buffer: Uint8Array, position: number): number {
    const end = Math.min(position + buffer.length, this.size)
    let at = position
    while (at < end) {
      const from = at % PAGE_BYTES
      const bytes = Math.min(PAGE_BYTES - from, end - at)
      const page = this.pages[Math.floor(at / PAGE_BYTES)] ?? BLANK_PAGE
      buffer.set(page.subarray(from, from + bytes), at - position)
      at += bytes
    }
    return Math.max(0, end - position)
  }

  write(bytes: Uint8Array, position: number): void {
    let done = 0
    while (done < bytes.length) {
      const at = position + done
      const from = at % PAGE_BYTES
      const count = Math.min(PAGE_BYTES - from, bytes.length - done)
      this.writablePage(Math.floor(at / PAGE_BYTES)).set(bytes.subarray(done, done + count), from)
      done += count
    }
    this.size = Math.max(this.size, position + bytes.length)
  }

  truncate(bytes: number): void {
    if (bytes < this.size) {
      const kept = Math.ceil(bytes / PAGE_BYTES)
      for (let index = kept; index * PAGE_BYTES < this.size; index++) this.dirty.add(index)
      this.pages.length = Math.min(this.pages.length, kept)
      if (bytes % PAGE_BYTES !== 0) this.writablePage(kept - 1).fill(0, bytes % PAGE_BYTES)
    }
    this.size = bytes
  }

  /** Takes what a sync would keep. From here on the pages count as clean, even if the sync then fails: so do real kernels. */
  beginSync(): PendingSync {
    const pages = new Map<number, Buffer | undefined>()
    for (const index of this.dirty) pages.set(index, this.pages[index])
    this.dirty = new Set()
    return { size: this.size, pages }
  }

  endSync(sync: PendingSync): void {
    for (const [index, page] of sync.pages) this.durablePages[index] = page
    this.durableSize = sync.size
  }

  /** A copy, with all its history, that shares nothing with this file. */
  clone(): MemoryFile {
    const copy = new MemoryFile()
    copy.size = this.size
    copy.modifiedMs = this.modifiedMs
    copy.durableSize = this.durableSize
    this.pages.forEach((page, index) => (copy.pages[index] = page && Buffer.from(page)))
    this.durablePages.forEach((page, index) => (copy.durablePages[index] = page && Buffer.from(page)))
    copy.dirty = new Set(this.pages.keys())
    return copy
  }

  /** What is left after a power cut: `keepsSector` says of each unsynced sector, and of the length, whether it made it. */
  afterPowerCut(keepsSector: () => boolean): MemoryFile {
    const left = new MemoryFile()
    left.modifiedMs = this.modifiedMs
    const size = this.sizeAfterPowerCut(keepsSector)
    const pageCount = Math.ceil(size / PAGE_BYTES)
    for (let index = 0; index < pageCount; index++) {
      const durable = this.durablePages[index]
      const current = this.pages[index]
      const page = Buffer.from(durable ?? BLANK_PAGE)
      if (current !== durable) keepSomeSectors(page, current ?? BLANK_PAGE, keepsSector)
      left.pages[index] = page
    }
    left.size = size
    left.truncateTail()
    left.endSync({ size, pages: new Map(left.pages.entries()) })
    return left
  }

  private sizeAfterPowerCut(keepsSector: () => boolean): number {
    if (this.size === this.durableSize || keepsSector()) return this.size
    let size = this.durableSize
    while (size < this.size && keepsSector()) size = Math.min(this.size, size - (size % SECTOR_BYTES) + SECTOR_BYTES)
    return size
  }

  private truncateTail(): void {
    if (this.size % PAGE_BYTES !== 0) this.pages.at(-1)?.fill(0, this.size % PAGE_BYTES)
  }

  private writablePage(index: number): Buffer {
    const page = this.pages[index]
    if (page !== undefined && this.dirty.has(index)) return page
    this.dirty.add(index)
    return (this.pages[index] = Buffer.from(page ?? BLANK_PAGE))
  }
}

function keepSomeSectors(page: Buffer, current: Buffer, keepsSector: () => boolean): void {
  for (let at = 0; at < PAGE_BYTES; at += SECTOR_BYTES) {
    const after = current.subarray(at, at + SECTOR_BYTES)
    if (!page.subarray(at, at + SECTOR_BYTES).equals(after) && keepsSector()) page.set(after, at)
  }
}
