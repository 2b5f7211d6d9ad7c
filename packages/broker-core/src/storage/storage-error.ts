// The error of a disk that did not do what it was asked: which operation, on what, and why.

/** A failed operation on the data directory; what was asked for must be taken as not done. */
export class StorageError extends Error {
  override readonly name = 'StorageError'
  readonly operation: string
  readonly path: string

  constructor(operation: string, path: string, cause: unknown) {
    super(`${operation} ${path}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
    this.operation = operation
    this.path = path
  }
}
