// Makes the directory that holds all of a broker's data, so that it survives a power cut and only its owner reads it.
import { mkdir, open, realpath, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { StorageError } from './storage-error.ts'

/**
 * Makes the directory and its parents unless they exist, for its owner alone (0700), and returns its real path, the same
 * for every way of naming it. An existing one keeps its mode.
 */
export async function prepareDataDirectory(directory: string): Promise<string> {
  try {
    const firstMade = await makeDirectories(resolve(directory))
    const path = await realpath(directory)
    if (firstMade !== null) await syncDirectories(dirname(firstMade), path)
    return path
  } catch (error) {
    throw new StorageError('open the data directory', directory, error)
  }
}

/**
 * The topmost directory that was made, null when all were there. Not mkdir's own `recursive`: below a directory that takes
 * no others, such as /proc, Node's does not come back.
 */
async function makeDirectories(path: string): Promise<string | null> {
  const missing: string[] = []
  let current = path
  for (; !(await isDirectory(current)) && current !== dirname(current); current = dirname(current)) {
    missing.unshift(current)
  }
  for (const name of missing) await makeDirectory(name)
  return missing[0] ?? null
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch (error) {
    if (isCode(error, 'ENOENT')) return false
    throw error
  }
}

/** Somebody else may make it at the same moment. */
async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 })
  } catch (error) {
    if (!isCode(error, 'EEXIST') || !(await isDirectory(path))) throw error
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
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
