// Tests of how topics come and go: one winner, nothing half-made, limits, and what a failing disk leaves.
import { beforeEach, expect, test } from 'vitest'
import { ZERO_UUID } from '@goqueue/protocol'
import type { LogConfig } from '../log/log-config.ts'
import type { PartitionLog } from '../log/partition-log.ts'
import { StorageError } from '../storage/storage-error.ts'
import { openMemoryStore } from '../store/memory-store.ts'
import type { MetadataChange, MetadataStore, TopicRecord } from '../store/metadata-store.ts'
import { type NewTopic, TopicCatalog, type TopicEvent, type TopicLogs } from './topic-catalog.ts'

/** Every step on the disk, in order: `log ID-PARTITION`, `delete ID`, or the kind of a store change. */
let steps: string[]
let events: TopicEvent[]
let uuids: number
let store: MetadataStore
/** The step that the disk fails at. */
let failing: string | null

const limits = { numPartitions: 3, maxPartitionsPerTopic: 10, maxPartitions: 20 }
const runtime = {
  randomUuid: () => `00000000-0000-4000-8000-${String(++uuids).padStart(12, '0')}`,
  wallClockMs: () => 1_700_000_000_000,
}
const firstId = '00000000-0000-4000-8000-000000000001'

function step(name: string): void {
  steps.push(name)
  if (name === failing) throw new StorageError('fail at', name, new Error('as the test asked'))
}

/** Logs that are only noted: which ones, with what config. */
class NotedLogs implements TopicLogs {
  readonly open = new Map<string, Partial<LogConfig>>()

  async openLog(topicId: string, partition: number, config: Partial<LogConfig> = {}): Promise<PartitionLog> {
    step(`log ${topicId.slice(-2)}-${partition}`)
    this.open.set(`${topicId}-${partition}`, config)
    return { topicId, partition } as unknown as PartitionLog
  }

  configureTopic(topicId: string, config: Partial<LogConfig>): void {
    step(`configure ${topicId.slice(-2)}`)
    for (const name of this.open.keys()) if (name.startsWith(topicId)) this.open.set(name, config)
  }

  async deleteTopic(topicId: string): Promise<void> {
    step(`delete ${topicId.slice(-2)}`)
    for (const name of this.open.keys()) if (name.startsWith(topicId)) this.open.delete(name)
  }
}

const notedStore = {
  async write(changes: readonly MetadataChange[]): Promise<void> {
    for (const { kind } of changes) step(kind)
    await store.write(changes)
  },
}

let logs: NotedLogs
let catalog: TopicCatalog

async function load(): Promise<TopicCatalog> {
  logs = new NotedLogs()
  const snapshot = await store.load()
  return TopicCatalog.load({
    snapshot,
    store: notedStore,
    logs,
    runtime,
    limits,
    report: (event) => events.push(event),
  })
}

beforeEach(async () => {
  steps = []
  events = []
  uuids = 0
  failing = null
  store = openMemoryStore({ randomUuid: () => ZERO_UUID })
  catalog = await load()
})

const create = (name: string, changes: Partial<NewTopic> = {}) => catalog.create({ name, partitions: 2, ...changes })

test('a created topic can be found by name and by id, with its open logs in order', async () => {
  const outcome = await create('orders', { configs: new Map([['segment.bytes', '1000']]) })
  const record: TopicRecord = {
    name: 'orders',
    topicId: firstId,
    partitions: 2,
    configs: { 'segment.bytes': '1000' },
    createdMs: 1_700_000_000_000,
  }
  const opened = [0, 1].map((partition) => ({ topicId: firstId, partition }))
  expect(outcome).toEqual({ errorCode: 'NONE', topic: { ...record, logs: opened } })
  expect(catalog.byName('orders')).toBe(catalog.byId(firstId))
  expect(catalog.all()).toEqual([{ ...record, logs: opened }])
  expect([...logs.open.values()]).toEqual([{ segmentBytes: 1000 }, { segmentBytes: 1000 }])
  expect((await store.load()).topics).toEqual([record])
})

test('a topic is stored after its logs are made, and seen after it is stored', async () => {
  const seen: boolean[] = []
  const watching = {
    ...notedStore,
    write: async (changes: readonly MetadataChange[]) => {
      await notedStore.write(changes)
      seen.push(catalog.byName('orders') !== undefined)
    },
  }
  const snapshot = await store.load()
  catalog = await TopicCatalog.load({ snapshot, store: watching, logs, runtime, limits, report: () => {} })
  await create('orders')
  expect(steps).toEqual(['log 01-0', 'log 01-1', 'putTopic'])
  expect(seen).toEqual([false])
})

test('a topic that does not say how many partitions it wants gets num.partitions', async () => {
  expect(await create('orders', { partitions: -1, replicationFactor: -1 })).toMatchObject({ topic: { partitions: 3 } })
})

test('a deleted topic goes from the store first, then its logs; its name can be used again, under a new id', async () => {
  await create('orders')
  steps.length = 0
  expect(await catalog.delete('orders')).toMatchObject({ errorCode: 'NONE', topic: { topicId: firstId } })
  expect(steps).toEqual(['deleteTopic', 'delete 01'])
  expect([catalog.byName('orders'), catalog.byId(firstId), catalog.all()]).toEqual([undefined, undefined, []])
  expect(logs.open.size).toBe(0)
  expect(await create('orders')).toMatchObject({ topic: { topicId: expect.not.stringMatching(firstId) as string } })
})

test('a topic is unseen before its deletion is written, so that no offset is committed for it afterwards', async () => {
  await create('orders')
  const seen: boolean[] = []
  const write = store.write.bind(store)
  store.write = (changes) => {
    seen.push(catalog.byName('orders') !== undefined || catalog.byId(firstId) !== undefined)
    return write(changes)
  }
  await catalog.delete('orders')
  expect(seen).toEqual([false])
})

test('deleting a topic that is not there, or whose id is another, changes nothing', async () => {
  await create('orders')
  expect(await catalog.delete('order')).toMatchObject({ errorCode: 'UNKNOWN_TOPIC_OR_PARTITION' })
  expect(await catalog.delete('orders', ZERO_UUID)).toMatchObject({ errorCode: 'UNKNOWN_TOPIC_OR_PARTITION' })
  expect(catalog.all()).toHaveLength(1)
  expect(await catalog.delete('orders', firstId)).toMatchObject({ errorCode: 'NONE' })
})

test('all topics and their logs are there after a restart', async () => {
  await create('orders', { configs: new Map([['retention.ms', '-1']]) })
  await create('shipments', { partitions: 1 })
  const before = catalog.all()
  catalog = await load()
  expect(catalog.all()).toEqual(before)
  expect([...logs.open.values()]).toEqual([{ retentionMs: -1 }, { retentionMs: -1 }, {}])
})

test.each<[string, Partial<NewTopic>]>([
  ['INVALID_TOPIC_EXCEPTION', { name: '../orders' }],
  ['INVALID_PARTITIONS', { partitions: 0 }],
  ['INVALID_PARTITIONS', { partitions: -2 }],
  ['INVALID_REPLICATION_FACTOR', { replicationFactor: 0 }],
  ['INVALID_REPLICATION_FACTOR', { replicationFactor: 3 }],
  ['INVALID_CONFIG', { configs: new Map([['cleanup.policy', 'compact']]) }],
  ['POLICY_VIOLATION', { partitions: 11 }],
])('N15, N20: %s is the answer to %j, and the disk is not touched', async (errorCode, changes) => {
  for (const validateOnly of [true, false]) {
    const outcome = await create('orders', { ...changes, validateOnly })
    expect(outcome).toEqual({ errorCode, message: expect.stringMatching(/^[A-Z].*\.$/) as string })
  }
  expect(steps).toEqual([])
})

test('N20: all topics together have at most so many partitions, those being made included', async () => {
  const outcomes = await Promise.all(['a', 'b', 'c'].map((name) => create(name, { partitions: 10 })))
  expect(outcomes.map(({ errorCode }) => errorCode)).toEqual(['NONE', 'NONE', 'POLICY_VIOLATION'])
  expect(await create('d', { partitions: 1 })).toMatchObject({ errorCode: 'POLICY_VIOLATION' })
  await catalog.delete('a')
  expect(await create('d', { partitions: 10 })).toMatchObject({ errorCode: 'NONE' })
})

test('validating says what creating would, and makes nothing', async () => {
  const outcome = await create('orders', { validateOnly: true })
  expect(outcome).toMatchObject({ errorCode: 'NONE', topic: { name: 'orders', topicId: ZERO_UUID, partitions: 2 } })
  expect(catalog.all()).toEqual([])
  expect(steps).toEqual([])
  await create('orders')
  expect(await create('orders', { validateOnly: true })).toMatchObject({ errorCode: 'TOPIC_ALREADY_EXISTS' })
})

test('of several that create one name at once, exactly one wins, and only its logs are made', async () => {
  const outcomes = await Promise.all(Array.from({ length: 5 }, () => create('orders')))
  expect(outcomes.map(({ errorCode }) => errorCode).sort()).toEqual(['NONE', ...Array(4).fill('TOPIC_ALREADY_EXISTS')])
  expect(logs.open.size).toBe(2)
  expect(steps).toHaveLength(3)
})

test('a name that differs from another only in "." and "_" is refused, also when both come at once', async () => {
  const outcomes = await Promise.all([create('a.b'), create('a_b')])
  expect(outcomes).toMatchObject([{ errorCode: 'NONE' }, { errorCode: 'INVALID_TOPIC_EXCEPTION' }])
  expect(outcomes[1]).toMatchObject({ message: expect.stringContaining('a.b, which exists') as string })
  await catalog.delete('a.b')
  expect(await create('a_b')).toMatchObject({ errorCode: 'NONE' })
})

test('creating and deleting one name at once happen one after the other', async () => {
  const outcomes = await Promise.all([create('t'), catalog.delete('t'), create('t'), catalog.delete('t'), create('t')])
  expect(outcomes.map(({ errorCode }) => errorCode)).toEqual(Array(5).fill('NONE'))
  expect(catalog.all()).toHaveLength(1)
  expect((await store.load()).topics).toHaveLength(1)
})

test.each(['log 01-1', 'putTopic'])('a disk that fails at "%s" leaves no topic and no logs', async (step) => {
  failing = step
  expect(await create('orders')).toMatchObject({ errorCode: 'KAFKA_STORAGE_ERROR' })
  expect(steps.at(-1)).toBe('delete 01')
  expect([catalog.all(), logs.open.size, (await store.load()).topics]).toEqual([[], 0, []])
  failing = null
  expect(await create('orders')).toMatchObject({ errorCode: 'NONE' })
})

test('a topic whose row cannot be deleted stays as it was', async () => {
  await create('orders')
  failing = 'deleteTopic'
  expect(await catalog.delete('orders')).toMatchObject({ errorCode: 'KAFKA_STORAGE_ERROR' })
  expect(catalog.byName('orders')).toBe(catalog.byId(firstId))
  expect(logs.open.size).toBe(2)
})

test('logs that cannot be removed are reported; the topic is deleted all the same', async () => {
  await create('orders')
  failing = 'delete 01'
  expect(await catalog.delete('orders')).toMatchObject({ errorCode: 'NONE' })
  expect(catalog.all()).toEqual([])
  expect(events).toMatchObject([{ kind: 'logsLeftBehind', topicId: firstId, error: { name: 'StorageError' } }])
})

test('a log that cannot be opened at start-up rejects the load', async () => {
  await create('orders')
  failing = 'log 01-0'
  await expect(load()).rejects.toBeInstanceOf(StorageError)
})

test('a failure that is no disk failure is not turned into an answer', async () => {
  logs.openLog = () => Promise.reject(new TypeError('a broken program'))
  await expect(create('orders')).rejects.toBeInstanceOf(TypeError)
  expect(await catalog.delete('orders')).toMatchObject({ errorCode: 'UNKNOWN_TOPIC_OR_PARTITION' })
})

test.each(['__proto__', 'constructor', 'toString'])('N17: the topic %s is a topic like any other', async (name) => {
  expect(catalog.byName(name)).toBeUndefined()
  expect(await create(name)).toMatchObject({ errorCode: 'NONE' })
  expect(catalog.byName(name)).toMatchObject({ name })
  expect(await catalog.delete(name)).toMatchObject({ errorCode: 'NONE' })
  expect(catalog.byName(name)).toBeUndefined()
})

test('more partitions are stored after their logs are made, and seen after they are stored', async () => {
  await create('orders', { configs: new Map([['segment.bytes', '1000']]) })
  steps.length = 0
  const before = catalog.byName('orders')
  const growing = catalog.createPartitions('orders', 4)
  expect(catalog.byName('orders')).toBe(before)
  expect(await growing).toMatchObject({ errorCode: 'NONE', topic: { partitions: 4 } })
  expect(steps).toEqual(['log 01-2', 'log 01-3', 'putTopic'])
  expect([...logs.open.values()]).toEqual(Array(4).fill({ segmentBytes: 1000 }))
  expect(catalog.byName('orders')?.logs).toMatchObject([0, 1, 2, 3].map((partition) => ({ partition })))
  expect(catalog.byName('orders')?.logs.slice(0, 2)).toEqual(before?.logs)
  expect(catalog.byName('orders')).toBe(catalog.byId(firstId))
  expect((await store.load()).topics).toMatchObject([{ name: 'orders', topicId: firstId, partitions: 4 }])
})

test.each<[string, string, number]>([
  ['UNKNOWN_TOPIC_OR_PARTITION', 'nowhere', 3],
  ['INVALID_PARTITIONS', 'orders', 2],
  ['INVALID_PARTITIONS', 'orders', 1],
  ['INVALID_PARTITIONS', 'orders', -1],
  ['POLICY_VIOLATION', 'orders', 11],
])(
  'N20: %s is the answer to growing %s to %i partitions, and the disk is not touched',
  async (errorCode, name, count) => {
    await create('orders')
    steps.length = 0
    for (const validateOnly of [true, false]) {
      const outcome = await catalog.createPartitions(name, count, { validateOnly })
      expect(outcome).toEqual({ errorCode, message: expect.stringMatching(/^[A-Z].*\.$/) as string })
    }
    expect(steps).toEqual([])
  },
)

test('N20: partitions being added count for all topics together, and only those', async () => {
  await create('a', { partitions: 7 })
  await create('b', { partitions: 10 })
  const outcomes = await Promise.all([catalog.createPartitions('a', 9), create('c', { partitions: 2 })])
  expect(outcomes.map(({ errorCode }) => errorCode)).toEqual(['NONE', 'POLICY_VIOLATION'])
  expect(await create('c', { partitions: 1 })).toMatchObject({ errorCode: 'NONE' })
  expect(await catalog.createPartitions('a', 10)).toMatchObject({ errorCode: 'POLICY_VIOLATION' })
})

test('validating says what growing would, and changes nothing', async () => {
  await create('orders')
  steps.length = 0
  expect(await catalog.createPartitions('orders', 3, { validateOnly: true })).toMatchObject({ errorCode: 'NONE' })
  expect(catalog.byName('orders')).toMatchObject({ partitions: 2 })
  expect(steps).toEqual([])
})

test.each(['log 01-3', 'putTopic'])('a disk that fails at "%s" leaves a topic as large as it was', async (step) => {
  await create('orders')
  failing = step
  expect(await catalog.createPartitions('orders', 4)).toMatchObject({ errorCode: 'KAFKA_STORAGE_ERROR' })
  expect(catalog.byName('orders')).toMatchObject({ partitions: 2, logs: [{ partition: 0 }, { partition: 1 }] })
  failing = null
  expect(await catalog.createPartitions('orders', 4)).toMatchObject({ errorCode: 'NONE', topic: { partitions: 4 } })
})

test('altered configs are stored first, and then the open logs follow them', async () => {
  await create('orders', { configs: new Map([['segment.bytes', '1000']]) })
  steps.length = 0
  const outcome = await catalog.alterConfigs('orders', (configs) => new Map([...configs, ['retention.ms', '5']]))
  const configs = { 'segment.bytes': '1000', 'retention.ms': '5' }
  expect(outcome).toMatchObject({ errorCode: 'NONE', topic: { configs } })
  expect(steps).toEqual(['putTopic', 'configure 01'])
  expect([...logs.open.values()]).toEqual(Array(2).fill({ segmentBytes: 1000, retentionMs: 5 }))
  expect(catalog.byName('orders')).toMatchObject({ configs, logs: [{ partition: 0 }, { partition: 1 }] })
  expect((await store.load()).topics).toMatchObject([{ configs }])
})

test('configs that are refused, only validated, or not written change nothing', async () => {
  await create('orders')
  steps.length = 0
  const compact = () => new Map([['cleanup.policy', 'compact']])
  const forever = () => new Map([['retention.ms', '-1']])
  expect(await catalog.alterConfigs('orders', compact)).toMatchObject({
    errorCode: 'INVALID_CONFIG',
    message: expect.stringContaining('only delete is supported') as string,
  })
  expect(await catalog.alterConfigs('orders', forever, { validateOnly: true })).toMatchObject({ errorCode: 'NONE' })
  expect(await catalog.alterConfigs('nowhere', forever)).toMatchObject({ errorCode: 'UNKNOWN_TOPIC_OR_PARTITION' })
  expect(steps).toEqual([])
  failing = 'putTopic'
  expect(await catalog.alterConfigs('orders', forever)).toMatchObject({ errorCode: 'KAFKA_STORAGE_ERROR' })
  expect(catalog.byName('orders')?.configs).toEqual({})
  expect([...logs.open.values()]).toEqual([{}, {}])
})
