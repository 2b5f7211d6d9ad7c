// A process of its own around one SQLite store, for tests that kill it: `store-process.ts DIRECTORY TASK`.
import { randomUUID } from 'node:crypto'
import { readFileSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { openSqliteStore, type SqliteStore } from '../../src/store/sqlite-store.ts'

const [directory = '', task] = process.argv.slice(2)

/** Written at once, so that a line the parent has read was true before the kill. */
const say = (line: string) => writeSync(1, `${line}\n`)

/** Commits one offset after the other on its own partition, forever, and says each that was acknowledged. */
async function commitForever(store: SqliteStore, partition: number): Promise<void> {
  const { offsets } = await store.load()
  let offset = offsets.find((record) => record.partition === partition)?.offset ?? 0
  for (;;) {
    offset += 1
    const record = { groupId: 'group', topic: 'topic', partition, offset, leaderEpoch: -1, metadata: `at ${offset}` }
    await store.write([{ kind: 'putOffsets', offsets: [{ ...record, committedMs: 0, expireMs: null }] }])
    say(`${partition} ${offset}`)
  }
}

const putGroup = (groupId: string, bytes: number) =>
  ({ kind: 'putGroup', group: { groupId, state: 'x'.repeat(bytes) } }) as const

/** Says how these writes, called at the same time, end: 'stored' or the name and code of the refusal. */
async function tryWrites(store: SqliteStore, groups: readonly { groupId: string; bytes: number }[]): Promise<void> {
  const writes = groups.map(({ groupId, bytes }) => store.write([putGroup(groupId, bytes)]))
  for (const outcome of await Promise.allSettled(writes)) {
    if (outcome.status === 'fulfilled') say('stored')
    else {
      const { name, cause } = outcome.reason as Error & { cause: { code: string } }
      say(`${name} ${cause.code}`)
    }
  }
}

/** For a process that may write files of 4 MiB: what fits is stored, what does not is refused, and life goes on. */
async function overflow(store: SqliteStore): Promise<void> {
  await tryWrites(store, [{ groupId: 'before', bytes: 100 }])
  // Fails in COMMIT; the second one spills out of SQLite's cache and fails in its statement.
  for (const bytes of [10_000_000, 40_000_000]) {
    await tryWrites(store, [
      { groupId: 'companion', bytes: 100 },
      { groupId: 'too-large', bytes },
    ])
    await tryWrites(store, [{ groupId: `after-${bytes}`, bytes: 100 }])
  }
  // The disk fails while the database is opened again, too.
  await tryWrites(store, [{ groupId: 'too-large', bytes: 10_000_000 }])
  const path = join(directory, 'metadata.db')
  const good = readFileSync(path)
  writeFileSync(path, 'rubbish'.repeat(1_000))
  await tryWrites(store, [{ groupId: 'unlucky', bytes: 100 }])
  writeFileSync(path, good)
  await tryWrites(store, [{ groupId: 'last', bytes: 100 }])
  say(JSON.stringify(await store.durability()))
  await store.close()
}

async function main(): Promise<void> {
  let store: SqliteStore
  try {
    store = await openSqliteStore({ directory, randomUuid: randomUUID, report: () => {} })
  } catch (error) {
    const { name, code, message } = error as Error & { code?: string }
    say(JSON.stringify({ name, code, message }))
    return
  }
  say('open')
  if (task === 'commit') await Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map((partition) => commitForever(store, partition)))
  if (task === 'overflow') await overflow(store)
  if (task === 'hold') process.stdin.resume()
}

void main()
