// One data directory, one broker: the refusal that the second one gets, and this process's own list of those in use.

/** Another broker, in this process or in another one, has the data directory open. */
export class DataDirectoryLockedError extends Error {
  override readonly name = 'DataDirectoryLockedError'
  readonly code = 'DATA_DIRECTORY_LOCKED'
  readonly directory: string

  constructor(directory: string, holder: 'this process' | 'another process') {
    super(
      `The data directory ${directory} is in use by a broker in ${holder}; a directory serves one broker at a time.`,
    )
    this.directory = directory
  }
}

/** Real paths. The lock file tells processes apart, but says nothing clear to a process that holds it already. */
const inUse = new Set<string>()

/**
 * Notes that this process uses the directory, given by its real path, and returns how to take that back; throws
 * DataDirectoryLockedError when it is in use already.
 */
export function claimInThisProcess(realPath: string): () => void {
  if (inUse.has(realPath)) throw new DataDirectoryLockedError(realPath, 'this process')
  inUse.add(realPath)
  let isClaimed = true
  return () => {
    if (isClaimed) inUse.delete(realPath)
    isClaimed = false
  }
}
