// Tests of what only the SQLite store can get wrong: durability settings, versions, disks that fail, a thread that dies.
import { randomUUID } from 'node:crypto'
import { mkdtemp, open as openFile, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { StorageError } from '../storage/storage-error.ts'
import type { OffsetRecord } from './metadata-store.ts'
import { openSqliteStore, SqliteStore, type StoreEvent } from './sqlite-store.ts'

let directory: string
let events: StoreEvent[]

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'goqueue-sqlite-'))
  events = []
})
afterEach(async () => {
  await rm(directory, { recursive: true })
})

const open = () => openSqliteStore({ directory, randomUuid: randomUUID, report: (event) => events.push(event) })

function offsetRecord(partition: number, offset: number): OffsetRecord {
  const place = { groupId: 'billing', topic: 'orders', partition, offset }
  return { ...place, leaderEpoch: -1, metadata: '', committedMs: 0, expireMs: null }
}

test('P6: synchronous is FULL when the database is made, and after every re-opening', async () => {
  for (let opening = 0; opening < 3; opening++) {
    const store = await open()
    expect(await store.durability()).toEqual({ journalMode: 'wal', synchronous: 2 })
    await store.write([{ kind: 'putNextProducerId', nextProducerId: opening }])
    await store.close()
  }
})

test('writes that wait at the same time share a transaction', async () => {
  const store = await open()
  const walBytes = async () => (await stat(join(directory, 'metadata.db-wal'))).size
  const write = (offset: number) => store.write([{ kind: 'putOffsets', offsets: [offsetRecord(0, offset)] }])
  await write(0)
  const before = await walBytes()
  await write(1)
  const oneTransactionBytes = (await walBytes()) - before
  await Promise.all(Array.from({ length: 1_000 }, (_, offset) => write(offset)))
  expect(await walBytes()).toBeLessThan(before + 4 * oneTransactionBytes)
  await store.close()
})

test('the cluster id is a fresh one for each new directory', async () => {
  const store = await open()
  const { clusterId } = await store.load()
  expect(clusterId).toMatch(/^[\w-]{22}$/)
  await store.close()
  await rm(join(directory, 'metadata.db'))
  const next = await open()
  expect((await next.load()).clusterId).not.toBe(clusterId)
  await next.close()
})

test('a database of a newer version is refused in plain words and left as it was', async () => {
  await (await open()).close()
  const path = join(directory, 'metadata.db')
  // SQLite's file format keeps the user version in the four bytes at 60.
  const file = await openFile(path, 'r+')
  await file.write(Buffer.from([0, 0, 0, 9]), 0, 4, 60)
  await file.close()
  const before = await readFile(path)
  await expect(open()).rejects.toMatchObject({
    name: 'StorageError',
    path,
    message: expect.stringContaining('its schema version is 9, and this GoQueue knows up to 1') as string,
  })
  expect(await readFile(path)).toEqual(before)
})

test('a file that is no database is refused, and the directory can be opened once it is away', async () => {
  const path = join(directory, 'metadata.db')
  await writeFile(path, 'nothing that SQLite wrote '.repeat(100))
  await expect(open()).rejects.toMatchObject({ name: 'StorageError', path })
  await rm(path)
  await (await open()).close()
  expect(events).toEqual([])
})

test('when the SQLite thread dies, all that waits and all that comes is refused with a StorageError', async () => {
  const dying = `
    const { parentPort } = require('node:worker_threads')
    parentPort.postMessage({ kind: 'opened', failure: null, isLocked: false })
    parentPort.once('message', () => { throw new Error('out of luck') })`
  const store = new SqliteStore('metadata.db', new Worker(dying, { eval: true }), (event) => events.push(event))
  await store.opened()
  const writes = [0, 1].map((nextProducerId) => store.write([{ kind: 'putNextProducerId', nextProducerId }]))
  for (const call of [...writes, store.load()]) await expect(call).rejects.toBeInstanceOf(StorageError)
  await expect(store.write([])).rejects.toThrow('out of luck')
  expect(events).toMatchObject([{ kind: 'storeFailed', error: { path: 'metadata.db' } }])
  await store.close()
})
