// What the SQLite store keeps when its process is killed, and who may open its directory meanwhile.
import { mkdir, mkdtemp, rm, stat, symlink } from 'node:fs/promises'
import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { DataDirectoryLockedError } from '../../src/store/data-directory-lock.ts'
import { openSqliteStore } from '../../src/store/sqlite-store.ts'
import { killStoreProcesses, runStoreProcess } from './run-store-process.ts'

let parent: string
let directory: string

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'goqueue-crash-'))
  directory = join(parent, 'data')
})
afterEach(async () => {
  killStoreProcesses()
  await rm(parent, { recursive: true })
})

const open = (path: string) => openSqliteStore({ directory: path, randomUuid: randomUUID, report: () => {} })

test('every offset that was acknowledged before a SIGKILL is there afterwards, cycle after cycle', async () => {
  const acknowledged = new Map<number, number>()
  for (let cycle = 0; cycle < 5; cycle++) {
    const committer = runStoreProcess(directory, 'commit')
    expect(await committer.lines.next()).toEqual({ done: false, value: 'open' })
    let acks = 0
    const note = (line: string) => {
      const [partition = NaN, offset = NaN] = line.split(' ').map(Number)
      acknowledged.set(partition, offset)
      acks += 1
    }
    for (let line = await committer.lines.next(); !line.done; line = await committer.lines.next()) {
      note(line.value)
      if (acks === 500) await committer.kill()
    }
    expect(acks).toBeGreaterThanOrEqual(500)

    const store = await open(directory)
    const { offsets } = await store.load()
    await store.close()
    for (const [partition, offset] of acknowledged) {
      const found = offsets.find((record) => record.partition === partition)
      // One more may have been committed than its process lived to say.
      expect([offset, offset + 1]).toContain(found?.offset)
      expect(found?.metadata).toBe(`at ${found?.offset}`)
    }
  }
}, 60_000)

test('S13: a directory that another process has open is refused by name, and a kill -9 frees it', async () => {
  const holder = runStoreProcess(directory, 'hold')
  expect(await holder.lines.next()).toMatchObject({ value: 'open' })
  const refusal = await open(directory).catch((error: unknown) => error)
  expect(refusal).toBeInstanceOf(DataDirectoryLockedError)
  expect(refusal).toMatchObject({ code: 'DATA_DIRECTORY_LOCKED', directory })
  expect(String(refusal)).toContain(`${directory} is in use by a broker in another process`)
  // The refused one has not loosened the lock, nor kept anything for itself.
  await expect(open(directory)).rejects.toBeInstanceOf(DataDirectoryLockedError)
  await holder.kill()
  await (await open(directory)).close()
}, 60_000)

test('S13: a directory that this process has open is refused to others and to itself, under any of its names', async () => {
  const store = await open(directory)
  const link = join(parent, 'link')
  await symlink(directory, link)
  for (const name of [directory, link, join(parent, 'x', '..', 'data')]) {
    await mkdir(join(parent, 'x'), { recursive: true })
    await expect(open(name)).rejects.toMatchObject({
      code: 'DATA_DIRECTORY_LOCKED',
      directory,
      message: expect.stringContaining('in this process') as string,
    })
  }
  const other = runStoreProcess(link, 'hold')
  const { value } = (await other.lines.next()) as { value: string }
  expect(JSON.parse(value)).toMatchObject({ name: 'DataDirectoryLockedError', code: 'DATA_DIRECTORY_LOCKED' })
  expect(await other.exitCode).toBe(0)
  await store.write([{ kind: 'putNextProducerId', nextProducerId: 3 }])
  await store.close()
  await (await open(link)).close()
}, 60_000)

test('of two that open one directory at once, one gets it', async () => {
  const outcomes = await Promise.allSettled([open(directory), open(directory), open(directory)])
  const stores = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
  expect(stores).toHaveLength(1)
  await stores[0]?.close()
})

test('the data directory and its parents are made, for their owner alone', async () => {
  const store = await open(join(parent, 'a', 'b', 'data'))
  await store.close()
  for (const made of ['a', 'a/b', 'a/b/data']) expect((await stat(join(parent, made))).mode & 0o777).toBe(0o700)
})

test('a process that forgets to close an idle store ends all the same', async () => {
  const forgetful = runStoreProcess(directory, 'forget')
  expect(await forgetful.exitCode).toBe(0)
  await (await open(directory)).close()
}, 60_000)

test('S11: a failed write to the disk refuses its whole transaction, and the next write opens the database again', async () => {
  const process = runStoreProcess(directory, 'overflow')
  const lines: string[] = []
  for (let line = await process.lines.next(); !line.done; line = await process.lines.next()) lines.push(line.value)
  expect(lines).toEqual([
    'open',
    'stored',
    ...['StorageError SQLITE_IOERR_WRITE', 'StorageError SQLITE_IOERR_WRITE', 'stored'],
    ...['StorageError SQLITE_IOERR_WRITE', 'StorageError SQLITE_IOERR_WRITE', 'stored'],
    ...['StorageError SQLITE_IOERR_WRITE', 'StorageError SQLITE_NOTADB', 'stored'],
    '{"journalMode":"wal","synchronous":2}',
  ])
  const store = await open(directory)
  const { groups } = await store.load()
  expect(groups.map(({ groupId }) => groupId).sort()).toEqual(['after-10000000', 'after-40000000', 'before', 'last'])
  await store.close()
}, 60_000)
