// A bounded set of files open for reading: a file in use is never closed, an idle one when others need the place.
import type { FileHandle, FileSystem } from '../storage/file-system.ts'

interface OpenFile {
  readonly path: string
  readonly handle: Promise<FileHandle>
  readonly onClose: () => void
  users: number
  isForgotten: boolean
}

export class OpenFiles {
  private readonly fileSystem: FileSystem
  private readonly capacity: number
  /** In the order of their last use. */
  private readonly files = new Map<string, OpenFile>()

  constructor(fileSystem: FileSystem, capacity: number) {
    this.fileSystem = fileSystem
    this.capacity = capacity
  }

  /** Runs `work` with the open file; a file that is removed meanwhile stays readable. `onClose` is called when it was closed. */
  async use<T>(path: string, onClose: () => void, work: (handle: FileHandle) => Promise<T>): Promise<T> {
    const file = this.take(path, onClose)
    try {
      return await work(await file.handle)
    } finally {
      file.users--
      if (file.isForgotten) this.closeUnused(file)
      else this.closeIdle()
    }
  }

  /** Closes the file as soon as nobody uses it: it was renamed or removed. */
  forget(path: string): void {
    const file = this.files.get(path)
    if (file === undefined) return
    this.files.delete(path)
    file.isForgotten = true
    this.closeUnused(file)
  }

  /** Forgets every file. */
  close(): void {
    for (const path of [...this.files.keys()]) this.forget(path)
  }

  private take(path: string, onClose: () => void): OpenFile {
    let file = this.files.get(path)
    if (file === undefined) {
      const handle = this.fileSystem.open(path, 'read')
      file = { path, handle, onClose, users: 0, isForgotten: false }
      // A file that could not be opened is not kept; the next use tries again.
      const failed = file
      handle.catch(() => {
        if (this.files.get(path) === failed) this.forget(path)
      })
    } else {
      this.files.delete(path)
    }
    this.files.set(path, file)
    file.users++
    return file
  }

  private closeIdle(): void {
    if (this.files.size <= this.capacity) return
    for (const file of this.files.values()) {
      if (file.users === 0) this.forget(file.path)
      if (this.files.size <= this.capacity) return
    }
  }

  private closeUnused(file: OpenFile): void {
    if (file.users > 0) return
    file.onClose()
    // Nothing was written through it, so a failing close loses nothing.
    file.handle.then((handle) => handle.close()).catch(() => {})
  }
}
