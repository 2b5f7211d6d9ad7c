// Makes the directory that holds all of a broker's data, so that it survives a power cut and only its owner reads it.
import { mkdir, open, realpath } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { StorageError } from './storage-error.ts'

/**
 * Makes the directory and its parents unless they exist, for its owner alone (0700), and returns its real path, the same
 * for every way of naming it. An existing one keeps its mode.
 */
export async function prepareDataDirectory(directory: string): Promise<string> {
  try {
    const firstMade = await mkdir(resolve(directory), { recursive: true, mode: 0o700 })
    const path = await realpath(directory)
    if (firstMade !== undefined) await syncDirectories(dirname(firstMade), path)
    return path
  } catch (error) {
    throw new StorageError('open the data directory', directory, error)
  }
}

/** A directory is on the disk when the one above it has been synced: from the lowest that was new up to `top`. */
async function syncDirectories(top: string, path: string): Promise<void> {
  const realTop = await realpath(top)
  for (let current = path; ; current = dirname(current)) {
    const handle = await open(current, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
    if (current === realTop || current === dirname(current)) return
  }
}
