// Tells a write that a power cut tore from rot, and keeps a copy of what is cut off.
import type { FileHandle, FileSystem } from '../storage/file-system.ts'
import type { FileWindow } from './file-window.ts'

/** The unit in which disks keep or lose a write. */
const SECTOR_BYTES = 512
const COPY_BYTES = 1024 * 1024
/** A batch header's first twelve bytes are never all zero: the length is in them. */
const NEVER_ZERO_BYTES = 12

/**
 * Whether a whole sector of [position, end) reads as zeros: a place of the grown file that was never written. A power
 * cut may lose the first of several unsynced batches and keep a later one; rot does not blank whole sectors. The first
 * sector may hold the end of an older batch, so there the zeros must contradict the offset that was to come.
 */
export async function hasUnwrittenSector(
  window: FileWindow,
  position: number,
  end: number,
  expectedOffset: number,
): Promise<boolean> {
  for (let at = position; at < end;) {
    const sectorEnd = at - (at % SECTOR_BYTES) + SECTOR_BYTES
    if (sectorEnd > end) return false
    const bytes = sectorEnd - at
    if (!window.has(at, bytes)) await window.load(at, bytes)
    const isZero = window.view(at, bytes).every((byte) => byte === 0)
    if (isZero && (bytes >= NEVER_ZERO_BYTES || startsWithNonZero(expectedOffset, bytes))) return true
    at = sectorEnd
  }
  return false
}

function startsWithNonZero(offset: number, bytes: number): boolean {
  const expected = Buffer.alloc(8)
  expected.writeBigInt64BE(BigInt(offset))
  return expected.subarray(0, bytes).some((byte) => byte !== 0)
}

/**
 * Copies the file from `position` on to `<path>.<position>.broken`, durably, and returns that path. The same bytes are
 * kept once, however often recovery is interrupted; other bytes get a name of their own.
 */
export async function keepBroken(
  fileSystem: FileSystem,
  directory: string,
  path: string,
  source: FileHandle,
  position: number,
): Promise<string> {
  const bytes = (await source.size()) - position
  for (let copy = 1; ; copy++) {
    const target = `${path}.${position}${copy === 1 ? '' : `.${copy}`}.broken`
    const handle = await fileSystem.open(target, 'write')
    try {
      const size = await handle.size()
      if (size > 0 && !(await isPrefix(source, position, handle, Math.min(size, bytes)))) continue
      if (size > bytes) continue
      await copyBytes(source, position, handle, bytes)
      await handle.datasync()
      await fileSystem.syncDirectory(directory)
      return target
    } finally {
      await handle.close()
    }
  }
}

async function isPrefix(source: FileHandle, position: number, copy: FileHandle, bytes: number): Promise<boolean> {
  const [ours, theirs] = [Buffer.alloc(COPY_BYTES), Buffer.alloc(COPY_BYTES)]
  for (let at = 0; at < bytes; at += COPY_BYTES) {
    const length = Math.min(COPY_BYTES, bytes - at)
    await source.read(ours.subarray(0, length), position + at)
    await copy.read(theirs.subarray(0, length), at)
    if (!ours.subarray(0, length).equals(theirs.subarray(0, length))) return false
  }
  return true
}

async function copyBytes(source: FileHandle, position: number, target: FileHandle, bytes: number): Promise<void> {
  const buffer = Buffer.alloc(Math.min(COPY_BYTES, bytes))
  for (let at = 0; at < bytes; at += COPY_BYTES) {
    const length = Math.min(COPY_BYTES, bytes - at)
    await source.read(buffer.subarray(0, length), position + at)
    await target.write([buffer.subarray(0, length)], at)
  }
}
