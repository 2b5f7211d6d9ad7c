// A disk in memory: for brokers that keep nothing, and for tests that cut its power or make an operation fail.
import type { FileHandle, FileSystem } from './file-system.ts'
import { MemoryFile } from './memory-file.ts'
import { StorageError } from './storage-error.ts'

type Entry = MemoryFile | MemoryDirectory

/** Names, and the changes to them that no sync of the directory has made durable yet. */
class MemoryDirectory {
  readonly entries = new Map<string, Entry>()
  durable = new Map<string, Entry>()
  /** Each change is kept or lost as a whole: a rename within a directory never loses both names. */
  unsynced: (readonly (readonly [string, Entry | null])[])[] = []

  change(changes: readonly (readonly [string, Entry | null])[]): void {
    applyChanges(this.entries, changes)
    this.unsynced.push(changes)
  }

  sync(): void {
    this.durable = new Map(this.entries)
    this.unsynced = []
  }
}

function applyChanges(entries: Map<string, Entry>, changes: readonly (readonly [string, Entry | null])[]): void {
  for (const [name, entry] of changes) {
    if (entry === null) entries.delete(name)
    else entries.set(name, entry)
  }
}

/** One operation on the disk, as `onOperation` sees it before it happens. */
export interface DiskOperation {
  /** Counted from 1 over the life of the disk. */
  readonly number: number
  readonly name: string
  readonly path: string
}

export interface MemoryFileSystemOptions {
  /** Epoch milliseconds for `modifiedMs`; default always 0. */
  wallClockMs?: () => number
  /** Called before each operation: may throw to make it fail, or return a promise to hold it back. */
  onOperation?: (operation: DiskOperation) => void | Promise<void>
}

/**
 * What a power cut does to what was not synced: `lose` all of it, `keep` all of it (as when only the process dies), or
 * `tear`: each sector and each name is kept or lost by the toss of `random`.
 */
export type PowerCut = { kind: 'lose' } | { kind: 'keep' } | { kind: 'tear'; random: () => number }

/** See the file's first line. Deterministic: what it does depends on its calls, and on the `random` given to `crash`. */
export class MemoryFileSystem implements FileSystem {
  /** Operations so far. */
  operationCount = 0
  onOperation: MemoryFileSystemOptions['onOperation']
  private readonly wallClockMs: () => number
  private root = new MemoryDirectory()
  private failNumber = 0
  private failCode = ''
  private dead = false

  constructor(options: MemoryFileSystemOptions = {}) {
    this.wallClockMs = options.wallClockMs ?? (() => 0)
    this.onOperation = options.onOperation
  }

  /** Makes the nth operation from now fail with this code (`EIO`, `ENOSPC`); a failing write leaves half of its bytes. */
  failOperation(nth: number, code: string): void {
    this.failNumber = this.operationCount + nth
    this.failCode = code
  }

  /** Kills the disk at the nth operation from now: it fails (a write half done), and so does all that follows. */
  dieAtOperation(nth: number): void {
    this.failOperation(nth, 'DEAD')
  }

  /** Whether the disk died, by `dieAtOperation` or `crash`. */
  get isDead(): boolean {
    return this.dead
  }

  /** Cuts the power: this disk refuses everything from now on, and what survived is the disk returned. */
  crash(cut: PowerCut): MemoryFileSystem {
    const survivor = this.clone()
    this.dead = true
    if (cut.kind !== 'keep') {
      const keeps = cut.kind === 'lose' ? () => false : () => cut.random() < 0.5
      survivor.root = directoryAfterPowerCut(survivor.root, keeps, new Map())
    }
    return survivor
  }

  /** A copy that shares nothing with this one and remembers what was synced. It lives, even if this one is dead. */
  clone(): MemoryFileSystem {
    const copy = new MemoryFileSystem({ wallClockMs: this.wallClockMs })
    copy.root = cloneDirectory(this.root, new Map())
    return copy
  }

  open(path: string, mode: 'read' | 'write'): Promise<FileHandle> {
    return this.perform('open', path, () => {
      const { directory, name } = this.parentOf('open', path)
      let entry = directory.entries.get(name)
      if (entry === undefined && mode === 'write') {
        entry = new MemoryFile()
        entry.modifiedMs = this.wallClockMs()
        directory.change([[name, entry]])
      }
      if (entry === undefined) throw failure('open', path, 'ENOENT')
      if (entry instanceof MemoryDirectory) throw failure('open', path, 'EISDIR')
      return this.handleOf(entry, path)
    })
  }

  list(path: string): Promise<string[]> {
    return this.perform('list', path, () => {
      const entry = this.find(path)
      if (entry === undefined) return []
      if (entry instanceof MemoryFile) throw failure('list', path, 'ENOTDIR')
      return [...entry.entries.keys()].sort()
    })
  }

  makeDirectory(path: string): Promise<void> {
    return this.perform('mkdir', path, () => {
      let directory = this.root
      for (const name of namesOf(path)) {
        let next = directory.entries.get(name)
        if (next === undefined) {
          next = new MemoryDirectory()
          directory.change([[name, next]])
        }
        if (next instanceof MemoryFile) throw failure('mkdir', path, 'ENOTDIR')
        directory = next
      }
    })
  }

  rename(from: string, to: string): Promise<void> {
    return this.perform('rename', from, () => {
      const source = this.parentOf('rename', from)
      const target = this.parentOf('rename', to)
      const entry = source.directory.entries.get(source.name)
      if (entry === undefined) throw failure('rename', from, 'ENOENT')
      if (source.directory === target.directory) {
        source.directory.change([
          [source.name, null],
          [target.name, entry],
        ])
        return
      }
      target.directory.change([[target.name, entry]])
      source.directory.change([[source.name, null]])
    })
  }

  remove(path: string): Promise<void> {
    return this.perform('remove', path, () => {
      const entry = this.find(path)
      if (entry === undefined) return
      if (entry instanceof MemoryDirectory) throw failure('remove', path, 'EISDIR')
      const { directory, name } = this.parentOf('remove', path)
      directory.change([[name, null]])
    })
  }

  removeDirectory(path: string): Promise<void> {
    return this.perform('remove', path, () => {
      if (this.find(path) === undefined) return
      const { directory, name } = this.parentOf('remove', path)
      directory.change([[name, null]])
    })
  }

  syncDirectory(path: string): Promise<void> {
    return this.perform('fsync', path, () => {
      const entry = this.find(path)
      if (!(entry instanceof MemoryDirectory)) throw failure('fsync', path, 'ENOENT')
      entry.sync()
    })
  }

  sizeOf(path: string): Promise<number | null> {
    return this.perform('stat', path, () => {
      const entry = this.find(path)
      return entry instanceof MemoryFile ? entry.size : null
    })
  }

  modifiedMs(path: string): Promise<number | null> {
    return this.perform('stat', path, () => {
      const entry = this.find(path)
      return entry instanceof MemoryFile ? entry.modifiedMs : null
    })
  }

  private handleOf(file: MemoryFile, path: string): FileHandle {
    let isClosed = false
    const perform = <T>(name: string, effect: () => T, halfEffect?: () => void): Promise<T> => {
      if (isClosed) return Promise.reject(failure(name, path, 'EBADF'))
      return this.perform(name, path, effect, halfEffect)
    }
    const writeAll = (buffers: readonly Uint8Array[], position: number, maxBytes: number) => {
      let done = 0
      for (const bytes of buffers) {
        const part = bytes.subarray(0, maxBytes - done)
        file.write(part, position + done)
        done += part.length
      }
      file.modifiedMs = this.wallClockMs()
    }
    return {
      read: (buffer, position) => perform('read', () => file.read(buffer, position)),
      write: (buffers, position) => {
        const half = () => writeAll(buffers, position, Math.floor(sizeOf(buffers) / 2))
        return perform('write', () => writeAll(buffers, position, Infinity), half)
      },
      truncate: (bytes) => perform('truncate', () => file.truncate(bytes)),
      datasync: () => {
        // Taken now: what is written while the sync is held back is not part of it.
        const sync = file.beginSync()
        return perform('fdatasync', () => file.endSync(sync))
      },
      size: () => perform('stat', () => file.size),
      close: () => perform('close', () => void (isClosed = true)),
    }
  }

  /** Counts the operation and does it at once, unless it was to fail or is held back; `halfEffect` is what a failed one leaves. */
  private async perform<T>(name: string, path: string, effect: () => T, halfEffect?: () => void): Promise<T> {
    if (this.dead) throw failure(name, path, 'ENODEV')
    const number = ++this.operationCount
    if (number === this.failNumber) {
      halfEffect?.()
      if (this.failCode === 'DEAD') this.dead = true
      throw failure(name, path, this.failCode)
    }
    const held = this.onOperation?.({ number, name, path })
    if (held !== undefined) {
      await held
      if (this.dead) throw failure(name, path, 'ENODEV')
    }
    return effect()
  }

  private find(path: string): Entry | undefined {
    let entry: Entry | undefined = this.root
    for (const name of namesOf(path)) {
      if (!(entry instanceof MemoryDirectory)) return undefined
      entry = entry.entries.get(name)
    }
    return entry
  }

  private parentOf(operation: string, path: string): { directory: MemoryDirectory; name: string } {
    const names = namesOf(path)
    const name = names.pop()
    const directory = this.find(names.join('/'))
    if (name === undefined || !(directory instanceof MemoryDirectory)) throw failure(operation, path, 'ENOENT')
    return { directory, name }
  }
}

function namesOf(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.')
}

function failure(operation: string, path: string, code: string): StorageError {
  return new StorageError(operation, path, Object.assign(new Error(code), { code }))
}

function sizeOf(buffers: readonly Uint8Array[]): number {
  return buffers.reduce((sum, bytes) => sum + bytes.length, 0)
}

function cloneDirectory(directory: MemoryDirectory, copies: Map<Entry, Entry>): MemoryDirectory {
  const known = copies.get(directory)
  if (known !== undefined) return known as MemoryDirectory
  const copy = new MemoryDirectory()
  copies.set(directory, copy)
  const cloneEntry = (entry: Entry): Entry => {
    if (entry instanceof MemoryDirectory) return cloneDirectory(entry, copies)
    const clone = (copies.get(entry) as MemoryFile | undefined) ?? entry.clone()
    copies.set(entry, clone)
    return clone
  }
  for (const [name, entry] of directory.entries) copy.entries.set(name, cloneEntry(entry))
  for (const [name, entry] of directory.durable) copy.durable.set(name, cloneEntry(entry))
  copy.unsynced = directory.unsynced.map((changes) =>
    changes.map(([name, entry]) => [name, entry === null ? null : cloneEntry(entry)] as const),
  )
  return copy
}

function directoryAfterPowerCut(
  directory: MemoryDirectory,
  keeps: () => boolean,
  survivors: Map<Entry, Entry>,
): MemoryDirectory {
  const known = survivors.get(directory)
  if (known !== undefined) return known as MemoryDirectory
  const left = new MemoryDirectory()
  survivors.set(directory, left)
  const entries = new Map(directory.durable)
  for (const changes of directory.unsynced) if (keeps()) applyChanges(entries, changes)
  for (const [name, entry] of entries) left.entries.set(name, entryAfterPowerCut(entry, keeps, survivors))
  left.sync()
  return left
}

function entryAfterPowerCut(entry: Entry, keeps: () => boolean, survivors: Map<Entry, Entry>): Entry {
  if (entry instanceof MemoryDirectory) return directoryAfterPowerCut(entry, keeps, survivors)
  const left = (survivors.get(entry) as MemoryFile | undefined) ?? entry.afterPowerCut(keeps)
  survivors.set(entry, left)
  return left
}
