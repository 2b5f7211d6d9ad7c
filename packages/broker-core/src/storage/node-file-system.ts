// The real disk: the only importer of node:fs in the log. Callbacks on descriptors, because they cost least.
import fs from 'node:fs'
import type { FileHandle, FileSystem } from './file-system.ts'
import { StorageError } from './storage-error.ts'

/** pwritev takes at most this many buffers on Linux (IOV_MAX). */
const MAX_BUFFERS_PER_WRITE = 1024
/** Some systems refuse to open or sync a directory; there, names are as durable as the system makes them. */
const canSyncDirectories = process.platform !== 'win32'

type Done = (error: NodeJS.ErrnoException | null) => void

function perform(operation: string, path: string, start: (done: Done) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    start((error) => (error ? reject(new StorageError(operation, path, error)) : resolve()))
  })
}

function isAbsent(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT'
}

class NodeFileHandle implements FileHandle {
  private readonly descriptor: number
  private readonly path: string

  constructor(descriptor: number, path: string) {
    this.descriptor = descriptor
    this.path = path
  }

  read(buffer: Uint8Array, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      let filled = 0
      const readOn = () => {
        fs.read(this.descriptor, buffer, filled, buffer.length - filled, position + filled, (error, bytes) => {
          if (error) return reject(new StorageError('read', this.path, error))
          filled += bytes
          if (bytes === 0 || filled === buffer.length) resolve(filled)
          else readOn()
        })
      }
      if (buffer.length === 0) resolve(0)
      else readOn()
    })
  }

  write(buffers: readonly Uint8Array[], position: number): Promise<void> {
    return new Promise((resolve, reject) => {
      let next = 0
      let rest: readonly Uint8Array[] = []
      let at = position
      const writeOn = () => {
        if (rest.length === 0) {
          rest = buffers.slice(next, next + MAX_BUFFERS_PER_WRITE)
          next += rest.length
          if (rest.length === 0) return resolve()
        }
        fs.writev(this.descriptor, rest as Uint8Array[], at, (error, bytes) => {
          if (error) return reject(new StorageError('write', this.path, error))
          at += bytes
          rest = withoutFirst(rest, bytes)
          writeOn()
        })
      }
      writeOn()
    })
  }

  truncate(bytes: number): Promise<void> {
    return perform('truncate', this.path, (done) => fs.ftruncate(this.descriptor, bytes, done))
  }

  datasync(): Promise<void> {
    return perform('fdatasync', this.path, (done) => fs.fdatasync(this.descriptor, done))
  }

  size(): Promise<number> {
    return new Promise((resolve, reject) => {
      fs.fstat(this.descriptor, (error, stats) => {
        if (error) reject(new StorageError('stat', this.path, error))
        else resolve(stats.size)
      })
    })
  }

  close(): Promise<void> {
    return perform('close', this.path, (done) => fs.close(this.descriptor, done))
  }
}

/** What is left of the buffers when a short write took only the first `bytes`. */
function withoutFirst(buffers: readonly Uint8Array[], bytes: number): readonly Uint8Array[] {
  let index = 0
  let left = bytes
  while (index < buffers.length && left >= buffers[index]!.length) left -= buffers[index++]!.length
  if (index === buffers.length) return []
  return [buffers[index]!.subarray(left), ...buffers.slice(index + 1)]
}

function openDescriptor(path: string, flags: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.open(path, flags, 0o600, (error, descriptor) => {
      if (error) reject(new StorageError('open', path, error))
      else resolve(descriptor)
    })
  })
}

async function open(path: string, mode: 'read' | 'write'): Promise<FileHandle> {
  const flags = mode === 'read' ? fs.constants.O_RDONLY : fs.constants.O_RDWR | fs.constants.O_CREAT
  return new NodeFileHandle(await openDescriptor(path, flags), path)
}

function list(directory: string): Promise<string[]> {
  return new Promise((resolve, reject) => {
    fs.readdir(directory, (error, names) => {
      if (error && isAbsent(error)) resolve([])
      else if (error) reject(new StorageError('list', directory, error))
      else resolve(names.sort())
    })
  })
}

function stat(path: string): Promise<fs.Stats | null> {
  return new Promise((resolve, reject) => {
    fs.stat(path, (error, stats) => {
      if (error && isAbsent(error)) resolve(null)
      else if (error) reject(new StorageError('stat', path, error))
      else resolve(stats)
    })
  })
}

function freeBytes(directory: string): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.statfs(directory, (error, { blocks, bavail, bsize } = {} as fs.StatsFs) => {
      if (error) reject(new StorageError('statfs', directory, error))
      // Where even the whole has no size, nothing is counted: a tmpfs without a limit, some FUSE.
      else resolve(blocks === 0 ? Infinity : bavail * bsize)
    })
  })
}

async function syncDirectory(path: string): Promise<void> {
  if (!canSyncDirectories) return
  const descriptor = await openDescriptor(path, fs.constants.O_RDONLY)
  try {
    await perform('fsync', path, (done) => fs.fsync(descriptor, done))
  } finally {
    await perform('close', path, (done) => fs.close(descriptor, done))
  }
}

/** The disk under this process, through libuv's threads. */
export const nodeFileSystem: FileSystem = {
  open,
  list,
  makeDirectory: (path) =>
    perform('mkdir', path, (done) => fs.mkdir(path, { recursive: true, mode: 0o700 }, (error) => done(error))),
  rename: (from, to) => perform('rename', from, (done) => fs.rename(from, to, done)),
  remove: (path) => perform('remove', path, (done) => fs.rm(path, { force: true }, done)),
  removeDirectory: (path) => perform('remove', path, (done) => fs.rm(path, { force: true, recursive: true }, done)),
  syncDirectory,
  sizeOf: async (path) => (await stat(path))?.size ?? null,
  modifiedMs: async (path) => (await stat(path))?.mtimeMs ?? null,
  freeBytes,
}
