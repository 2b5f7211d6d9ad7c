// The durable metadata store: the main thread's side, which batches writes and never waits for a disk.
import { assert } from '../assert.ts'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { prepareDataDirectory } from '../storage/data-directory.ts'
import { StorageError } from '../storage/storage-error.ts'
import { clusterIdOf } from './cluster-id.ts'
import { CommitCounts } from './commit-counts.ts'
import { claimInThisProcess, DataDirectoryLockedError } from './data-directory-lock.ts'
import type { MetadataChange, MetadataSnapshot, MetadataStore } from './metadata-store.ts'
import { commandsOf } from './sqlite-commands.ts'
import type { Command, Committed, Failure, Loaded, Opened, OpenOptions, Reply, Request } from './sqlite-messages.ts'

/** What the owner of a store may want to log or to count. */
export type StoreEvent =
  /** Writes were refused, all for one cause; the store goes on and opens its database again if the disk was at fault. */
  | { readonly kind: 'writesRefused'; readonly count: number; readonly error: StorageError }
  /** The SQLite thread died: everything waiting was refused, and so will be everything that comes. */
  | { readonly kind: 'storeFailed'; readonly error: StorageError }

export interface SqliteStoreOptions {
  /** Holds lock.db and metadata.db; made if it does not exist. */
  readonly directory: string
  readonly randomUuid: () => string
  readonly report: (event: StoreEvent) => void
  /** Where its transactions are counted. */
  readonly counts?: CommitCounts
}

/** What SQLite answers when it is asked how it runs. */
export interface Durability {
  readonly journalMode: unknown
  /** 2 is FULL: a commit is on the disk before it returns. */
  readonly synchronous: unknown
}

interface WaitingWrite {
  readonly commands: readonly Command[]
  readonly resolve: () => void
  readonly reject: (error: StorageError) => void
}

interface WaitingReply {
  readonly resolve: (reply: Reply) => void
  readonly reject: (error: StorageError) => void
}

/**
 * Locks the data directory for as long as the store is open and opens its metadata.db. Rejects with
 * DataDirectoryLockedError when another broker has it, with StorageError when it cannot be opened or was written by a
 * newer version. An idle store does not keep the process alive.
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<SqliteStore> {
  const { directory, randomUuid, report, counts } = options
  const realPath = await prepareDataDirectory(directory)
  const unclaim = claimInThisProcess(realPath)
  try {
    const workerData: OpenOptions = {
      lockPath: join(realPath, 'lock.db'),
      databasePath: join(realPath, 'metadata.db'),
      clusterId: clusterIdOf(randomUuid()),
    }
    // No execArgv: what loads this process's sources (or debugs them) has no business in the worker and slows its start.
    const worker = new Worker(new URL('./sqlite-worker.js', import.meta.url), { workerData, execArgv: [] })
    const store = new SqliteStore(workerData.databasePath, worker, report, counts)
    const { failure, isLocked } = await store.opened()
    if (failure !== null && isLocked) throw new DataDirectoryLockedError(realPath, 'another process')
    if (failure !== null) throw new StorageError('open', workerData.databasePath, causeOf(failure))
    worker.once('exit', unclaim)
    return store
  } catch (error) {
    unclaim()
    throw error
  }
}

/** Made by openSqliteStore. */
export class SqliteStore implements MetadataStore {
  readonly #path: string
  readonly #report: (event: StoreEvent) => void
  readonly #counts: CommitCounts
  readonly #worker: Worker
  readonly #exited: Promise<void>
  /** Replies come in the order of the requests. */
  readonly #awaitingReply: WaitingReply[] = []
  /** Those that arrived while a commit was under way: they go together with the next. */
  #waitingWrites: WaitingWrite[] = []
  #isCommitting = false
  #isServing = false
  /** Why nothing is taken any more. */
  #end: StorageError | null = null
  #closing: Promise<void> | null = null

  constructor(path: string, worker: Worker, report: (event: StoreEvent) => void, counts = new CommitCounts(() => 0)) {
    this.#path = path
    this.#report = report
    this.#counts = counts
    this.#worker = worker
    worker.on('message', (reply: Reply) => this.#receive(reply))
    worker.on('error', (error) => this.#fail(error))
    this.#exited = new Promise((resolve) => {
      worker.on('exit', () => {
        this.#fail(new Error('the SQLite thread has ended'))
        resolve()
      })
    })
  }

  /** The worker's first word; after a refusal, once it has let go of everything. */
  async opened(): Promise<Opened> {
    const opened = (await this.#nextReply()) as Opened
    if (opened.failure === null) this.#isServing = true
    else await this.#ended()
    return opened
  }

  async load(): Promise<MetadataSnapshot> {
    const loaded = await this.#load()
    return {
      clusterId: loaded.clusterId,
      nextProducerId: loaded.nextProducerId,
      topics: loaded.topics.map(([name, topicId, partitions, configs, createdMs]) => ({
        name,
        topicId,
        partitions,
        configs: JSON.parse(configs) as Record<string, string>,
        createdMs,
      })),
      groups: loaded.groups.map(([groupId, state]) => ({ groupId, state })),
      offsets: loaded.offsets.map(
        ([groupId, topic, partition, offset, leaderEpoch, metadata, committedMs, expireMs]) => ({
          groupId,
          topic,
          partition,
          offset,
          leaderEpoch,
          metadata,
          committedMs,
          expireMs,
        }),
      ),
    }
  }

  /** How SQLite runs at this moment, in its own words: for tests, and for whoever does not believe it. */
  async durability(): Promise<Durability> {
    return (await this.#load()).durability
  }

  write(changes: readonly MetadataChange[]): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#end !== null) return reject(this.#end)
      this.#waitingWrites.push({ commands: commandsOf(changes), resolve, reject })
      if (this.#isCommitting) return
      this.#isCommitting = true
      // Not at once: the requests that other sockets have ready are going to wait for the same fsync.
      setImmediate(() => void this.#commitUntilNoneWaits())
    })
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    if (this.#end !== null) return this.#ended()
    this.#isServing = false
    this.#end = new StorageError('write to', this.#path, new Error('the store is closed'))
    void this.#commitWaiting()
    await this.#request({ kind: 'close' })
    await this.#ended()
  }

  /** Waits for the worker's end; an idle one would not keep the process alive for that long. */
  #ended(): Promise<void> {
    this.#worker.ref()
    return this.#exited
  }

  async #load(): Promise<Extract<Loaded, { failure: null }>> {
    if (this.#end !== null) throw this.#end
    void this.#commitWaiting()
    const loaded = (await this.#request({ kind: 'load' })) as Loaded
    if (loaded.failure !== null) throw new StorageError('read', this.#path, causeOf(loaded.failure))
    return loaded
  }

  async #commitUntilNoneWaits(): Promise<void> {
    while (this.#waitingWrites.length > 0) await this.#commitWaiting()
    this.#isCommitting = false
  }

  /** Sends all that waits in one transaction, at once; resolves, never rejects, when the writers know how it went. */
  async #commitWaiting(): Promise<void> {
    const writes = this.#waitingWrites
    if (writes.length === 0) return
    this.#waitingWrites = []
    const committed = this.#counts.start(writes.length)
    try {
      const reply = await this.#request({ kind: 'commit', writes: writes.map(({ commands }) => commands) })
      committed()
      this.#settle(writes, (reply as Committed).failures)
    } catch (error) {
      this.#counts.refused += writes.length
      for (const { reject } of writes) reject(error as StorageError)
    }
  }

  #settle(writes: readonly WaitingWrite[], failures: readonly (Failure | null)[]): void {
    assert(failures.length === writes.length, 'each write of a transaction has an outcome')
    const refusals: StorageError[] = []
    writes.forEach(({ resolve, reject }, index) => {
      const failure = failures[index]
      if (failure == null) return resolve()
      const refusal = new StorageError('write to', this.#path, causeOf(failure))
      refusals.push(refusal)
      reject(refusal)
    })
    this.#counts.refused += refusals.length
    if (refusals[0] !== undefined) this.#report({ kind: 'writesRefused', count: refusals.length, error: refusals[0] })
  }

  #request(request: Request): Promise<Reply> {
    this.#worker.postMessage(request)
    return this.#nextReply()
  }

  /** While a reply is awaited, and only then, the store keeps the process alive. */
  #nextReply(): Promise<Reply> {
    this.#worker.ref()
    return new Promise((resolve, reject) => this.#awaitingReply.push({ resolve, reject }))
  }

  #receive(reply: Reply): void {
    const waiting = this.#awaitingReply.shift()
    assert(waiting !== undefined, 'the SQLite thread speaks only when asked')
    if (this.#awaitingReply.length === 0) this.#worker.unref()
    waiting.resolve(reply)
  }

  /** The worker is gone, or going: nothing that waits will be answered. */
  #fail(cause: Error): void {
    const error = new StorageError('use', this.#path, cause)
    const hasFailed = this.#isServing
    this.#isServing = false
    this.#end ??= error
    for (const { reject } of this.#awaitingReply.splice(0)) reject(error)
    for (const { reject } of this.#waitingWrites.splice(0)) reject(error)
    if (hasFailed) this.#report({ kind: 'storeFailed', error })
  }
}

function causeOf({ code, message }: Failure): Error {
  return Object.assign(new Error(message), { code })
}
