// What a power cut leaves of topics that were being created, grown and deleted, at every operation on the disk.
import { buildRecordBatch } from '@goqueue/protocol'
import { expect, test } from 'vitest'
import { LogManager } from '../../src/log/log-manager.ts'
import { MemoryFileSystem } from '../../src/storage/memory-file-system.ts'
import { StorageError } from '../../src/storage/storage-error.ts'
import { openMemoryStore } from '../../src/store/memory-store.ts'
import type { MetadataStore } from '../../src/store/metadata-store.ts'
import { TopicCatalog } from '../../src/topics/topic-catalog.ts'
import { VirtualRuntime } from '../../src/virtual-runtime.ts'

const limits = { numPartitions: 2, maxPartitionsPerTopic: 10, maxPartitions: 100 }

async function start(fileSystem: MemoryFileSystem, store: MetadataStore, runtime: VirtualRuntime) {
  const logs = await LogManager.open({ fileSystem, directory: '/data', runtime, report: () => {} })
  const snapshot = await store.load()
  const topics = await TopicCatalog.load({ snapshot, store, logs, runtime, limits, report: () => {} })
  return { logs, topics }
}

const batch = () =>
  buildRecordBatch({
    records: [{ key: null, value: Buffer.from('hello'), headers: [], timestampMs: 1_767_225_600_000 }],
    compression: 'none',
  })

/** The store dies with its disk. */
function mortal(store: MetadataStore, disk: MemoryFileSystem): MetadataStore {
  const write: MetadataStore['write'] = async (changes) => {
    if (disk.isDead) throw new StorageError('write to', 'memory', new Error('the disk is dead'))
    await store.write(changes)
  }
  return { load: () => store.load(), write, close: () => store.close() }
}

/** Creates, produces and deletes, and returns what was acknowledged: each as a step's name, in order. */
async function work(fileSystem: MemoryFileSystem, store: MetadataStore, runtime: VirtualRuntime): Promise<string[]> {
  const { topics } = await start(fileSystem, store, runtime)
  const acknowledged: string[] = []
  const step = async (name: string, outcome: Promise<{ errorCode: string }> | undefined) => {
    if ((await outcome)?.errorCode === 'NONE') acknowledged.push(name)
  }
  const produce = (topic: string, partition = 0) => topics.byName(topic)?.logs[partition]?.append(batch(), { acks: -1 })
  await step('create a', topics.create({ name: 'a', partitions: 2 }))
  await step('produce a', produce('a'))
  await step('create b', topics.create({ name: 'b', partitions: 1 }))
  await step('produce b', produce('b'))
  await step('delete a', topics.delete('a'))
  await step('grow b', topics.createPartitions('b', 3))
  await step('produce b-2', produce('b', 2))
  await step('create a again', topics.create({ name: 'a', partitions: 3 }))
  return acknowledged
}

test('whenever the power is cut, each topic that was acknowledged is there with its records, and no deleted one', async () => {
  const whole = new MemoryFileSystem()
  const setUp = openMemoryStore({ randomUuid: () => new VirtualRuntime().randomUuid() })
  expect(await work(whole, setUp, new VirtualRuntime())).toHaveLength(8)

  for (let operation = 1; operation <= whole.operationCount; operation++) {
    const disk = new MemoryFileSystem()
    const runtime = new VirtualRuntime()
    const store = openMemoryStore({ randomUuid: () => runtime.randomUuid() })
    disk.dieAtOperation(operation)
    const acknowledged = await work(disk, mortal(store, disk), runtime).catch((): string[] => [])
    const survivor = disk.crash({ kind: 'lose' })

    const { logs, topics } = await start(survivor, store, new VirtualRuntime({ seed: operation + 1 }))
    const found = (name: string) => topics.byName(name)?.logs.map(({ logEndOffset }) => logEndOffset)
    expect(topics.byName('b') !== undefined).toBe(acknowledged.includes('create b'))
    if (acknowledged.includes('produce b')) expect(found('b')?.[0]).toBe(1)
    if (acknowledged.includes('grow b')) expect(found('b')).toHaveLength(3)
    if (acknowledged.includes('produce b-2')) expect(found('b')).toEqual([1, 0, 1])
    if (acknowledged.includes('create a again')) expect(found('a')).toEqual([0, 0, 0])
    else if (acknowledged.includes('delete a')) expect(found('a')).toBeUndefined()
    // The disk may have died in the midst of the deletion.
    else if (acknowledged.includes('produce a')) expect([undefined, [1, 0]]).toContainEqual(found('a'))

    for (const { name } of topics.all()) expect(await topics.delete(name)).toMatchObject({ errorCode: 'NONE' })
    expect(await topics.create({ name: 'a', partitions: 2 })).toMatchObject({ errorCode: 'NONE' })
    expect(found('a')).toEqual([0, 0])
    await logs.close()
  }
})
