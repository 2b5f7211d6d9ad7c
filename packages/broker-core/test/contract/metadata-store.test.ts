// One suite for every metadata store: what a caller may rely on, whichever one the broker was opened with.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { StorageError } from '../../src/storage/storage-error.ts'
import { openMemoryStore } from '../../src/store/memory-store.ts'
import type { MetadataSnapshot, MetadataStore, OffsetRecord, TopicRecord } from '../../src/store/metadata-store.ts'
import { openSqliteStore } from '../../src/store/sqlite-store.ts'

const CLUSTER_UUID = '00112233-4455-6677-8899-aabbccddeeff'

function topicRecord(name: string, number = 1): TopicRecord {
  const topicId = `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`
  return { name, topicId, partitions: 4, configs: { 'retention.ms': '1000' }, createdMs: 1_700_000_000_000 }
}

function offsetRecord(changes: Partial<OffsetRecord>): OffsetRecord {
  const plain = { groupId: 'billing', topic: 'orders', partition: 0, offset: 100, leaderEpoch: -1, metadata: '' }
  return { ...plain, committedMs: 1_700_000_000_000, expireMs: null, ...changes }
}

/** Stores return records in no promised order. */
function sorted(snapshot: MetadataSnapshot): MetadataSnapshot {
  const byText = <T>(records: readonly T[]) =>
    records.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
  const { topics, groups, offsets } = snapshot
  return { ...snapshot, topics: byText(topics), groups: byText(groups), offsets: byText(offsets) }
}

interface Subject {
  readonly name: string
  open(directory: string): Promise<MetadataStore>
  /** What a store holds after a restart; the store in memory has none. */
  reopen(store: MetadataStore, directory: string): Promise<MetadataStore>
}

const randomUuid = () => CLUSTER_UUID
const openSqlite = (directory: string) => openSqliteStore({ directory, randomUuid, report: () => {} })
const subjects: Subject[] = [
  {
    name: 'memory',
    open: async () => openMemoryStore({ randomUuid }),
    reopen: async (store) => store,
  },
  {
    name: 'sqlite',
    open: openSqlite,
    reopen: async (store, directory) => {
      await store.close()
      return openSqlite(directory)
    },
  },
]

describe.each(subjects)('the $name store', (subject) => {
  let directory: string
  let store: MetadataStore

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'goqueue-store-'))
    store = await subject.open(directory)
  })
  afterEach(async () => {
    await store.close()
    await rm(directory, { recursive: true })
  })

  /** What is there now, having checked that a restart finds just the same. */
  async function everything(): Promise<MetadataSnapshot> {
    const before = sorted(await store.load())
    store = await subject.reopen(store, directory)
    expect(sorted(await store.load())).toEqual(before)
    return before
  }

  test('a new store is empty and has a cluster id of 22 characters, which it keeps', async () => {
    expect(await everything()).toEqual({
      clusterId: 'ABEiM0RVZneImaq7zN3u_w',
      topics: [],
      groups: [],
      offsets: [],
      nextProducerId: 0,
    })
  })

  test('every kind of record comes back as it was written', async () => {
    const topics = [topicRecord('orders', 1), { ...topicRecord('plain', 2), configs: {} }]
    const group = { groupId: 'billing', state: '{"version":1}' }
    const offsets = [
      offsetRecord({ metadata: 'processed', leaderEpoch: 3 }),
      offsetRecord({ partition: 1, expireMs: 1_800_000_000_000 }),
    ]
    await store.write([
      ...topics.map((topic) => ({ kind: 'putTopic' as const, topic })),
      { kind: 'putGroup', group },
      { kind: 'putOffsets', offsets },
      { kind: 'putNextProducerId', nextProducerId: 7 },
    ])
    expect(await everything()).toMatchObject({ topics, groups: [group], offsets, nextProducerId: 7 })
  })

  test('writing a record again replaces it', async () => {
    await store.write([
      { kind: 'putTopic', topic: topicRecord('orders') },
      { kind: 'putGroup', group: { groupId: 'billing', state: 'old' } },
      { kind: 'putOffsets', offsets: [offsetRecord({ offset: 1, expireMs: 5 })] },
    ])
    const topic = { ...topicRecord('orders'), partitions: 8 }
    await store.write([
      { kind: 'putTopic', topic },
      { kind: 'putGroup', group: { groupId: 'billing', state: 'new' } },
      { kind: 'putOffsets', offsets: [offsetRecord({ offset: 2 })] },
    ])
    expect(await everything()).toMatchObject({
      topics: [topic],
      groups: [{ groupId: 'billing', state: 'new' }],
      offsets: [offsetRecord({ offset: 2 })],
    })
  })

  test('the changes of one write happen in their order', async () => {
    await store.write([
      { kind: 'putOffsets', offsets: [offsetRecord({ offset: 5 })] },
      { kind: 'deleteTopic', name: 'orders' },
      { kind: 'putOffsets', offsets: [offsetRecord({ offset: 1 }), offsetRecord({ offset: 2 })] },
    ])
    expect((await everything()).offsets).toEqual([offsetRecord({ offset: 2 })])
  })

  test('writes that nobody waited for happen in the order of the calls', async () => {
    await Promise.all(
      Array.from({ length: 200 }, (_, offset) =>
        store.write([{ kind: 'putOffsets', offsets: [offsetRecord({ offset })] }]),
      ),
    )
    expect((await everything()).offsets).toEqual([offsetRecord({ offset: 199 })])
  })

  test('a load holds every write that was called before it', async () => {
    const writes = Array.from({ length: 50 }, (_, partition) =>
      store.write([{ kind: 'putOffsets', offsets: [offsetRecord({ partition })] }]),
    )
    expect((await store.load()).offsets).toHaveLength(50)
    await Promise.all(writes)
  })

  test('deleting a topic takes its committed offsets, and no other, with it', async () => {
    const offsets = [
      offsetRecord({}),
      offsetRecord({ groupId: 'shipping', partition: 3 }),
      offsetRecord({ topic: 'orders.eu' }),
    ]
    await store.write([
      { kind: 'putTopic', topic: topicRecord('orders') },
      { kind: 'putOffsets', offsets },
    ])
    await store.write([{ kind: 'deleteTopic', name: 'orders' }])
    expect(await everything()).toMatchObject({ topics: [], offsets: [offsetRecord({ topic: 'orders.eu' })] })
  })

  test('deleting a group takes its committed offsets, and no other, with it', async () => {
    await store.write([
      { kind: 'putGroup', group: { groupId: 'billing', state: '{}' } },
      { kind: 'putGroup', group: { groupId: 'shipping', state: '{}' } },
      { kind: 'putOffsets', offsets: [offsetRecord({}), offsetRecord({ groupId: 'shipping' })] },
    ])
    await store.write([{ kind: 'deleteGroup', groupId: 'billing' }])
    expect(await everything()).toMatchObject({
      groups: [{ groupId: 'shipping', state: '{}' }],
      offsets: [offsetRecord({ groupId: 'shipping' })],
    })
  })

  test('deleting offsets deletes those that are named', async () => {
    const offsets = [0, 1, 2].map((partition) => offsetRecord({ partition }))
    await store.write([{ kind: 'putOffsets', offsets }])
    const partitions = [
      { topic: 'orders', partition: 0 },
      { topic: 'orders', partition: 2 },
      { topic: 'never-committed', partition: 0 },
    ]
    await store.write([{ kind: 'deleteOffsets', groupId: 'billing', partitions }])
    expect((await everything()).offsets).toEqual([offsetRecord({ partition: 1 })])
  })

  test.each([
    '__proto__',
    'constructor',
    'toString',
    "Robert'); DROP TABLE offsets;--",
    '"quoted" `ticks` %s ? :name $1',
    '顧客グループ 🐰',
    'nul\u0000 and \u001b[31m',
    'é'.repeat(127),
    'x'.repeat(255),
    ' ',
  ])('N16, N17: the name %j is a name like any other', async (name) => {
    const group = { groupId: name, state: JSON.stringify({ name }) }
    const offset = offsetRecord({ groupId: name, topic: name, metadata: name })
    const other = offsetRecord({ groupId: `${name}2`, topic: `${name}2` })
    const topic = { ...topicRecord(name), configs: JSON.parse(JSON.stringify({ [name]: name })) as {} }
    await store.write([
      { kind: 'putTopic', topic },
      { kind: 'putGroup', group },
      { kind: 'putOffsets', offsets: [offset, other] },
    ])
    const snapshot = await everything()
    expect(snapshot).toMatchObject({ groups: [group] })
    expect(snapshot.offsets).toHaveLength(2)
    expect(snapshot.offsets).toContainEqual(offset)
    expect(Object.entries(snapshot.topics[0]?.configs ?? {})).toEqual(Object.entries(topic.configs))
    await store.write([
      { kind: 'deleteTopic', name },
      { kind: 'deleteGroup', groupId: name },
    ])
    expect(await everything()).toMatchObject({ topics: [], groups: [], offsets: [other] })
  })

  test.each([0, 1, 2 ** 31, 2 ** 51, 2 ** 52 + 1, Number.MAX_SAFE_INTEGER])(
    'the number %d is kept exactly',
    async (number) => {
      const offset = offsetRecord({ offset: number, committedMs: number, expireMs: number })
      await store.write([
        { kind: 'putOffsets', offsets: [offset] },
        { kind: 'putNextProducerId', nextProducerId: number },
      ])
      expect(await everything()).toMatchObject({ offsets: [offset], nextProducerId: number })
    },
  )

  test('a refused write rejects with a StorageError and leaves nothing; those around it are made', async () => {
    const outcomes = await Promise.allSettled([
      store.write([{ kind: 'putTopic', topic: topicRecord('orders', 1) }]),
      store.write([
        { kind: 'putOffsets', offsets: [offsetRecord({ offset: 5 })] },
        { kind: 'putTopic', topic: topicRecord('thief', 1) },
        { kind: 'putNextProducerId', nextProducerId: 9 },
      ]),
      store.write([{ kind: 'putGroup', group: { groupId: 'billing', state: '{}' } }]),
    ])
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(outcomes[1]).toMatchObject({ reason: expect.any(StorageError) as StorageError })
    expect(await everything()).toMatchObject({
      topics: [topicRecord('orders', 1)],
      groups: [{ groupId: 'billing', state: '{}' }],
      offsets: [],
      nextProducerId: 0,
    })
  })

  test('changes are taken at the call: what their owner does to them afterwards is not stored', async () => {
    const offset = { ...offsetRecord({ offset: 1 }) }
    const configs: Record<string, string> = { 'retention.ms': '1' }
    const changes = [{ kind: 'putOffsets' as const, offsets: [offset] }]
    const write = store.write([...changes, { kind: 'putTopic', topic: { ...topicRecord('orders'), configs } }])
    Object.assign(offset, { offset: 2 })
    configs['retention.ms'] = '2'
    changes.pop()
    await write
    expect(await everything()).toMatchObject({
      offsets: [offsetRecord({ offset: 1 })],
      topics: [{ configs: { 'retention.ms': '1' } }],
    })
  })

  test('an empty write resolves', async () => {
    await store.write([])
  })

  test('closing finishes the writes that wait; afterwards every call rejects with a StorageError', async () => {
    const writes = Array.from({ length: 20 }, (_, partition) =>
      store.write([{ kind: 'putOffsets', offsets: [offsetRecord({ partition })] }]),
    )
    await Promise.all([store.close(), store.close()])
    await Promise.all(writes)
    await expect(store.write([])).rejects.toBeInstanceOf(StorageError)
    await expect(store.load()).rejects.toBeInstanceOf(StorageError)
    await store.close()
  })
})
