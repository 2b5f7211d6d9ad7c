// What the simulated disk adds: power cuts, failing operations, counting.
import { describe, expect, it } from 'vitest'
import type { FileSystem } from './file-system.ts'
import { MemoryFileSystem } from './memory-file-system.ts'
import type { PowerCut } from './memory-file-system.ts'

async function write(fileSystem: FileSystem, path: string, text: string, options: { sync: boolean }) {
  const handle = await fileSystem.open(path, 'write')
  await handle.write([Buffer.from(text)], 0)
  if (options.sync) await handle.datasync()
  await handle.close()
}

async function read(fileSystem: FileSystem, path: string): Promise<string | null> {
  if ((await fileSystem.sizeOf(path)) === null) return null
  const handle = await fileSystem.open(path, 'read')
  const buffer = Buffer.alloc(await handle.size())
  await handle.read(buffer, 0)
  return buffer.toString('latin1')
}

/** A random source from a seed, the same on every run. */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

describe('a power cut', () => {
  it('loses bytes that were not synced', async () => {
    const disk = new MemoryFileSystem()
    await write(disk, '/a', 'durable', { sync: true })
    await disk.syncDirectory('/')
    await write(disk, '/a', 'VOLATILE and longer', { sync: false })
    expect(await read(disk.crash({ kind: 'lose' }), '/a')).toBe('durable')
  })

  it('loses a synced file whose name was not synced', async () => {
    const disk = new MemoryFileSystem()
    await write(disk, '/a', 'durable', { sync: true })
    expect(await read(disk.crash({ kind: 'lose' }), '/a')).toBeNull()
  })

  it('brings back a name whose removal or rename was not synced', async () => {
    const disk = new MemoryFileSystem()
    await disk.makeDirectory('/d')
    await write(disk, '/d/a', 'a', { sync: true })
    await write(disk, '/d/b', 'b', { sync: true })
    await disk.syncDirectory('/')
    await disk.syncDirectory('/d')
    await disk.remove('/d/a')
    await disk.rename('/d/b', '/d/c')
    const survivor = disk.crash({ kind: 'lose' })
    expect(await survivor.list('/d')).toEqual(['a', 'b'])
    expect(await read(survivor, '/d/b')).toBe('b')
  })

  it('keeps everything when only the process died', async () => {
    const disk = new MemoryFileSystem()
    await write(disk, '/a', 'volatile', { sync: false })
    expect(await read(disk.crash({ kind: 'keep' }), '/a')).toBe('volatile')
  })

  it('tears unsynced writes at sectors of 512 bytes, the same way for the same seed', async () => {
    const outcomes = new Set<string>()
    for (let seed = 1; seed <= 20; seed++) {
      const torn = async () => {
        const disk = new MemoryFileSystem()
        await write(disk, '/a', 'x'.repeat(4096), { sync: true })
        await disk.syncDirectory('/')
        await write(disk, '/a', 'y'.repeat(4096), { sync: false })
        return (await read(disk.crash({ kind: 'tear', random: randomFrom(seed) }), '/a'))!
      }
      const text = await torn()
      expect(await torn()).toBe(text)
      for (let at = 0; at < text.length; at += 512) expect(new Set(text.slice(at, at + 512)).size).toBe(1)
      outcomes.add(text)
    }
    expect(outcomes.size).toBeGreaterThan(10)
  })

  it('does not make durable what is written while a sync is under way', async () => {
    let release = () => {}
    const disk = new MemoryFileSystem({
      onOperation: (operation) =>
        operation.name === 'fdatasync' ? new Promise<void>((resolve) => (release = resolve)) : undefined,
    })
    const handle = await disk.open('/a', 'write')
    await disk.syncDirectory('/')
    await handle.write([Buffer.from('first')], 0)
    const synced = handle.datasync()
    await handle.write([Buffer.from('second')], 5)
    release()
    await synced
    expect(await read(disk.crash({ kind: 'lose' }), '/a')).toBe('first')
  })

  it('leaves the old disk refusing everything', async () => {
    const disk = new MemoryFileSystem()
    const handle = await disk.open('/a', 'write')
    disk.crash({ kind: 'lose' })
    await expect(handle.write([Buffer.from('a')], 0)).rejects.toMatchObject({ name: 'StorageError' })
    await expect(disk.list('/')).rejects.toMatchObject({ name: 'StorageError' })
  })
})

describe('a failing operation', () => {
  it('fails the nth operation with the chosen error, and only that one', async () => {
    const disk = new MemoryFileSystem()
    const handle = await disk.open('/a', 'write')
    disk.failOperation(2, 'ENOSPC')
    await handle.write([Buffer.from('abcdef')], 0)
    await expect(handle.write([Buffer.from('ghijkl')], 6)).rejects.toMatchObject({ cause: { code: 'ENOSPC' } })
    expect(await handle.size()).toBe(9)
    expect(disk.operationCount).toBe(4)
  })

  it('forgets the bytes of a failed sync even when the next sync succeeds, as kernels do', async () => {
    const disk = new MemoryFileSystem()
    const handle = await disk.open('/a', 'write')
    await disk.syncDirectory('/')
    await handle.write([Buffer.from('abc')], 0)
    disk.failOperation(1, 'EIO')
    await expect(handle.datasync()).rejects.toMatchObject({ operation: 'fdatasync', cause: { code: 'EIO' } })
    await handle.datasync()
    const cut: PowerCut = { kind: 'lose' }
    expect(await read(disk.crash(cut), '/a')).toBe('\0\0\0')
  })

  it('dies at the nth operation with that write half done', async () => {
    const disk = new MemoryFileSystem()
    const handle = await disk.open('/a', 'write')
    disk.dieAtOperation(1)
    await expect(handle.write([Buffer.from('abcdef')], 0)).rejects.toMatchObject({ name: 'StorageError' })
    await expect(handle.write([Buffer.from('abcdef')], 0)).rejects.toMatchObject({ name: 'StorageError' })
    expect(disk.isDead).toBe(true)
    expect(await read(disk.clone(), '/a')).toBe('abc')
  })
})
