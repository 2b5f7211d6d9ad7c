// Where a broker keeps things: a locked data directory with SQLite and files, or memory.
import { join } from 'node:path'
import type { RoomEvent } from './described-event.ts'
import type { BrokerOptions } from './options.ts'
import type { Runtime } from './runtime.ts'
import type { FileSystem } from './storage/file-system.ts'
import { CommitCounts } from './store/commit-counts.ts'
import type { MetadataStore } from './store/metadata-store.ts'

export interface Storage {
  readonly store: MetadataStore
  /** The store's transactions: none where it keeps nothing. */
  readonly commits: CommitCounts
  readonly fileSystem: FileSystem
  /** The directory of the logs. */
  readonly directory: string
}

/** Opens and locks the storage that `options` name. Each kind is loaded only where it is used. */
export async function openStorage(
  options: BrokerOptions,
  runtime: Runtime,
  report: (event: RoomEvent) => void,
): Promise<Storage> {
  const randomUuid = () => runtime.randomUuid()
  const commits = new CommitCounts(() => runtime.nowMs())
  if (options.memory === true) {
    const [{ openMemoryStore }, { MemoryFileSystem }] = await Promise.all([
      import('./store/memory-store.ts'),
      import('./storage/memory-file-system.ts'),
    ])
    const fileSystem = options.fileSystem ?? new MemoryFileSystem()
    return { store: openMemoryStore({ randomUuid }), commits, fileSystem, directory: '/logs' }
  }
  const [{ openSqliteStore }, { nodeFileSystem }] = await Promise.all([
    import('./store/sqlite-store.ts'),
    import('./storage/node-file-system.ts'),
  ])
  const directory = options.dataDir as string
  const store = await openSqliteStore({ directory, randomUuid, report, counts: commits })
  return { store, commits, fileSystem: nodeFileSystem, directory: join(directory, 'logs') }
}
