// What the log asks of a disk: few operations, each of which either happened or failed with StorageError.

/** An open file. Positions and sizes are bytes. Concurrent calls are allowed; their order is the caller's business. */
export interface FileHandle {
  /** Fills `buffer` from `position`; returns how many bytes there were before the end of the file. */
  read(buffer: Uint8Array, position: number): Promise<number>
  /** Writes all buffers one after another from `position`. After a StorageError any part of them may have been written. */
  write(buffers: readonly Uint8Array[], position: number): Promise<void>
  /** Makes the file exactly this long. */
  truncate(bytes: number): Promise<void>
  /** What was written, and the file's length, survive a power cut once this resolves. A failed one must not be tried again. */
  datasync(): Promise<void>
  size(): Promise<number>
  close(): Promise<void>
}

/** A disk, or what stands in for one. Paths use '/'. Every failure is a StorageError. */
export interface FileSystem {
  /** `read` needs the file to exist; `write` creates it and reads and writes. */
  open(path: string, mode: 'read' | 'write'): Promise<FileHandle>
  /** Names in a directory, sorted; none when it is absent. */
  list(directory: string): Promise<string[]>
  /** Makes it and its parents; fine when it exists. */
  makeDirectory(path: string): Promise<void>
  /** Moves a file or directory, replacing a file at `to`. */
  rename(from: string, to: string): Promise<void>
  /** Removes a file; fine when it is absent. */
  remove(path: string): Promise<void>
  /** Removes a directory with all it holds; fine when it is absent. */
  removeDirectory(path: string): Promise<void>
  /** Names made, moved or removed in this directory survive a power cut once this resolves. */
  syncDirectory(path: string): Promise<void>
  /** Bytes of a file; null when it is absent. */
  sizeOf(path: string): Promise<number | null>
  /** Epoch milliseconds of the last write to a file; null when it is absent. */
  modifiedMs(path: string): Promise<number | null>
  /** Bytes that can still be written to the disk under a directory. Infinity, or left out, where they are not counted. */
  freeBytes?(directory: string): Promise<number>
}
