// The contract of FileSystem, held by the real disk and by the simulated one alike.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { FileSystem } from './file-system.ts'
import { MemoryFileSystem } from './memory-file-system.ts'
import { nodeFileSystem } from './node-file-system.ts'
import { StorageError } from './storage-error.ts'

const disks: Record<string, () => { fileSystem: FileSystem; root: string; remove: () => void }> = {
  'the real disk': () => {
    const root = mkdtempSync(join(tmpdir(), 'goqueue-storage-'))
    return { fileSystem: nodeFileSystem, root, remove: () => rmSync(root, { recursive: true, force: true }) }
  },
  'the simulated disk': () => ({ fileSystem: new MemoryFileSystem(), root: '', remove: () => {} }),
}

describe.each(Object.entries(disks))('%s', (_name, makeDisk) => {
  let fileSystem: FileSystem
  let root: string
  let remove: () => void
  beforeEach(() => ({ fileSystem, root, remove } = makeDisk()))
  afterEach(() => remove())

  const write = async (path: string, text: string) => {
    const handle = await fileSystem.open(path, 'write')
    await handle.write([Buffer.from(text)], 0)
    await handle.close()
  }
  const readAll = async (path: string) => {
    const handle = await fileSystem.open(path, 'read')
    const buffer = Buffer.alloc(await handle.size())
    expect(await handle.read(buffer, 0)).toBe(buffer.length)
    await handle.close()
    return buffer
  }

  it('reads back what was written, in the order of the buffers, at any position', async () => {
    const handle = await fileSystem.open(`${root}/a`, 'write')
    await handle.write([Buffer.from('hello '), Buffer.from(''), Buffer.from('world')], 0)
    await handle.write([Buffer.from('W')], 6)
    await handle.datasync()
    const buffer = Buffer.alloc(5)
    expect(await handle.read(buffer, 6)).toBe(5)
    expect(buffer.toString()).toBe('World')
    expect(await handle.size()).toBe(11)
    await handle.close()
  })

  it('takes more buffers in one write than one system call does, over several pages', async () => {
    const buffers = Array.from({ length: 3000 }, (_, index) => Buffer.alloc(17, index % 251))
    const handle = await fileSystem.open(`${root}/a`, 'write')
    await handle.write(buffers, 5)
    await handle.close()
    expect((await readAll(`${root}/a`)).equals(Buffer.concat([Buffer.alloc(5), ...buffers]))).toBe(true)
  })

  it('reads only up to the end of a file and says how much that was', async () => {
    await write(`${root}/a`, 'abc')
    const handle = await fileSystem.open(`${root}/a`, 'read')
    expect(await handle.read(Buffer.alloc(10), 1)).toBe(2)
    expect(await handle.read(Buffer.alloc(10), 3)).toBe(0)
    expect(await handle.read(Buffer.alloc(10), 99)).toBe(0)
    expect(await handle.read(Buffer.alloc(0), 0)).toBe(0)
    await handle.close()
  })

  it('fills with zeros what lies between a shorter and a longer length', async () => {
    await write(`${root}/a`, 'abcdef')
    const handle = await fileSystem.open(`${root}/a`, 'write')
    await handle.truncate(2)
    await handle.truncate(4)
    await handle.write([Buffer.from('z')], 40_000)
    await handle.close()
    const bytes = await readAll(`${root}/a`)
    expect(bytes.subarray(0, 6).toString('latin1')).toBe('ab\0\0\0\0')
    expect(bytes.length).toBe(40_001)
    expect(bytes.subarray(2, 40_000).every((byte) => byte === 0)).toBe(true)
  })

  it('opens for reading only what is there', async () => {
    const error = await fileSystem.open(`${root}/none`, 'read').catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(StorageError)
    expect(error).toMatchObject({ operation: 'open', path: `${root}/none`, cause: { code: 'ENOENT' } })
  })

  it('lists names in order, and none of a directory that is absent', async () => {
    await fileSystem.makeDirectory(`${root}/x/y`)
    await fileSystem.makeDirectory(`${root}/x/y`)
    await write(`${root}/x/b`, '')
    await write(`${root}/x/a`, '')
    expect(await fileSystem.list(`${root}/x`)).toEqual(['a', 'b', 'y'])
    expect(await fileSystem.list(`${root}/absent`)).toEqual([])
  })

  it('renames over an existing file, and moves directories with what they hold', async () => {
    await fileSystem.makeDirectory(`${root}/d`)
    await write(`${root}/d/new`, 'new')
    await write(`${root}/d/old`, 'old')
    await fileSystem.rename(`${root}/d/new`, `${root}/d/old`)
    await fileSystem.syncDirectory(`${root}/d`)
    await fileSystem.rename(`${root}/d`, `${root}/e`)
    expect(await fileSystem.list(`${root}/d`)).toEqual([])
    expect((await readAll(`${root}/e/old`)).toString()).toBe('new')
    await expect(fileSystem.rename(`${root}/none`, `${root}/other`)).rejects.toBeInstanceOf(StorageError)
  })

  it('removes files and whole directories, and does not mind when they are absent', async () => {
    await fileSystem.makeDirectory(`${root}/d/sub`)
    await write(`${root}/d/a`, 'a')
    await fileSystem.remove(`${root}/d/a`)
    await fileSystem.remove(`${root}/d/a`)
    expect(await fileSystem.list(`${root}/d`)).toEqual(['sub'])
    await fileSystem.removeDirectory(`${root}/d`)
    await fileSystem.removeDirectory(`${root}/d`)
    expect(await fileSystem.list(`${root}/d`)).toEqual([])
  })

  it('keeps an open file readable after its name is gone', async () => {
    await write(`${root}/a`, 'abc')
    const handle = await fileSystem.open(`${root}/a`, 'read')
    await fileSystem.remove(`${root}/a`)
    expect(await handle.read(Buffer.alloc(3), 0)).toBe(3)
    await handle.close()
  })

  it('knows the size and age of a file, and null for one that is absent', async () => {
    await write(`${root}/a`, 'abc')
    expect(await fileSystem.sizeOf(`${root}/a`)).toBe(3)
    expect(await fileSystem.modifiedMs(`${root}/a`)).toBeGreaterThanOrEqual(0)
    expect(await fileSystem.sizeOf(`${root}/none`)).toBeNull()
    expect(await fileSystem.modifiedMs(`${root}/none`)).toBeNull()
  })
})

it('the real disk says how much of it is free, and that there is no end to it where nothing is counted', async () => {
  const free = await nodeFileSystem.freeBytes!(tmpdir())
  expect(free).toBeGreaterThan(0)
  expect(free).toBeLessThan(Infinity)
  expect(await nodeFileSystem.freeBytes!('/proc')).toBe(Infinity)
  await expect(nodeFileSystem.freeBytes!(join(tmpdir(), 'goqueue-absent'))).rejects.toBeInstanceOf(StorageError)
})
