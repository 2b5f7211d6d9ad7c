// Recent batches in memory, for readers who keep up: one byte budget for all logs, the oldest blocks go first.

const SMALLEST_BLOCK_BYTES = 4 * 1024
const LARGEST_BLOCK_BYTES = 1024 * 1024

/** Consecutive batches of one log, back to back. Bytes once written never change, so views of them can be given out. */
class TailBlock {
  readonly tail: LogTail
  readonly bytes: Buffer
  usedBytes = 0
  endOffset = 0
  /** Base offset and position of each batch. */
  readonly baseOffsets: number[] = []
  readonly positions: number[] = []

  constructor(tail: LogTail, sizeBytes: number) {
    this.tail = tail
    this.bytes = Buffer.allocUnsafeSlow(sizeBytes)
  }

  /** The index of the batch that holds the offset; only for offsets in this block. */
  indexOf(offset: number): number {
    let low = 0
    let high = this.baseOffsets.length - 1
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if (this.baseOffsets[middle]! <= offset) low = middle
      else high = middle - 1
    }
    return low
  }

  /** Where the batch with this base offset starts, or the end of the block when it is not here. */
  positionOf(baseOffset: number): number {
    return baseOffset >= this.endOffset ? this.usedBytes : this.positions[this.indexOf(baseOffset)]!
  }
}

/** The budget that all logs share. */
export class TailCache {
  readonly budgetBytes: number
  /** So that several blocks fit even into a small budget. */
  readonly largestBlockBytes: number
  usedBytes = 0
  /** Oldest first. */
  private readonly blocks = new Set<TailBlock>()

  constructor(budgetBytes: number) {
    this.budgetBytes = budgetBytes
    this.largestBlockBytes = Math.max(SMALLEST_BLOCK_BYTES, Math.min(LARGEST_BLOCK_BYTES, Math.floor(budgetBytes / 8)))
  }

  add(block: TailBlock): void {
    this.blocks.add(block)
    this.usedBytes += block.bytes.length
    if (this.usedBytes <= this.budgetBytes) return
    for (const oldest of this.blocks) {
      if (oldest !== block && oldest.tail.giveUp(oldest)) this.remove(oldest)
      if (this.usedBytes <= this.budgetBytes) return
    }
  }

  remove(block: TailBlock): void {
    if (this.blocks.delete(block)) this.usedBytes -= block.bytes.length
  }
}

/** One log's part of the cache, and the place from which its batches are written to disk. */
export class LogTail {
  /** Blocks that end at or below it may go: their bytes are in the file. */
  writtenOffset: number
  private readonly cache: TailCache
  private readonly blocks: TailBlock[] = []
  private nextBlockBytes = SMALLEST_BLOCK_BYTES

  constructor(cache: TailCache, writtenOffset: number) {
    this.cache = cache
    this.writtenOffset = writtenOffset
  }

  /** Copies the batch in and returns its bytes there. */
  append(batch: Buffer, baseOffset: number, nextOffset: number): Buffer {
    let block = this.blocks.at(-1)
    if (block === undefined || block.bytes.length - block.usedBytes < batch.length) {
      block = new TailBlock(this, Math.max(batch.length, this.nextBlockBytes))
      this.nextBlockBytes = Math.min(this.cache.largestBlockBytes, this.nextBlockBytes * 2)
      this.blocks.push(block)
      this.cache.add(block)
    }
    const position = block.usedBytes
    block.bytes.set(batch, position)
    block.usedBytes = position + batch.length
    block.baseOffsets.push(baseOffset)
    block.positions.push(position)
    block.endOffset = nextOffset
    return block.bytes.subarray(position, block.usedBytes)
  }

  /** Whole batches from the one that holds `offset`, below `endOffset`, at least one; null when it is not in memory. */
  read(offset: number, maxBytes: number, endOffset: number): Buffer | null {
    const block = this.blockOf(offset)
    if (block === undefined) return null
    const first = block.indexOf(offset)
    const start = block.positions[first]!
    const limit = block.positionOf(endOffset)
    if (limit - start <= maxBytes) return block.bytes.subarray(start, limit)
    let end = first + 1
    while (end < block.positions.length && (block.positions[end + 1] ?? block.usedBytes) - start <= maxBytes) end++
    return block.bytes.subarray(start, Math.min(limit, block.positions[end] ?? block.usedBytes))
  }

  /** Bytes of the batches from the one that holds `offset` to `endOffset`; null when it is not in memory. */
  bytesBetween(offset: number, endOffset: number): number | null {
    const block = this.blockOf(offset)
    if (block === undefined) return null
    let bytes = block.positionOf(endOffset) - block.positions[block.indexOf(offset)]!
    for (let index = this.blocks.indexOf(block) + 1; index < this.blocks.length; index++) {
      const later = this.blocks[index]!
      if (later.baseOffsets[0]! >= endOffset) break
      bytes += later.positionOf(endOffset)
    }
    return bytes
  }

  /** Gives the block up unless its batches are still to be written; only the cache calls this. */
  giveUp(block: TailBlock): boolean {
    if (block !== this.blocks[0] || block.endOffset > this.writtenOffset) return false
    this.blocks.shift()
    return true
  }

  /** Gives everything up: the log is closed. */
  clear(): void {
    for (const block of this.blocks.splice(0)) this.cache.remove(block)
  }

  private blockOf(offset: number): TailBlock | undefined {
    // Readers who keep up are in the last block or the one before.
    for (let index = this.blocks.length - 1; index >= 0; index--) {
      const block = this.blocks[index]!
      if (block.baseOffsets[0]! <= offset) return offset < block.endOffset ? block : undefined
    }
    return undefined
  }
}
