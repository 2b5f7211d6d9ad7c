// What a client is told when the disk under the broker fails: a code it can act on, not a closed connection.
import { afterEach, beforeEach, expect, it } from 'vitest'
import { initProducerId } from '../../src/handlers/init-producer-id.ts'
import type { Services } from '../../src/handlers/services.ts'
import { openBroker, type Broker, type BrokerEvent } from '../../src/index.ts'
import { MemoryFileSystem } from '../../src/storage/memory-file-system.ts'
import { StorageError } from '../../src/storage/storage-error.ts'
import { ProducerIds } from '../../src/store/producer-ids.ts'
import { openMemoryStore } from '../../src/store/memory-store.ts'
import { VirtualRuntime } from '../../src/virtual-runtime.ts'
import { WireClient } from './wire-client.ts'
import { batch, createTopic, produce } from './wire-fixture.ts'

let broker: Broker
let client: WireClient
let fileSystem: MemoryFileSystem
let events: BrokerEvent[]
const runtime = new VirtualRuntime()

beforeEach(async () => {
  fileSystem = new MemoryFileSystem()
  events = []
  broker = await openBroker({ memory: true, runtime, fileSystem, report: (event) => events.push(event) })
  client = new WireClient(broker)
})

afterEach(() => broker.close())

it('ListOffsets answers KAFKA_STORAGE_ERROR for the log that cannot be read, and for the others what they hold', async () => {
  const topicId = await createTopic(client, 'orders', 2)
  const records = () => batch(runtime.wallClockMs(), 'a')
  for (const partition of [0, 1]) await produce(client, 'orders', records(), { partition })
  const unreadable = new Error('EIO')
  fileSystem.onOperation = ({ name, path }) => {
    if (path.includes(`${topicId}-0`)) throw new StorageError(name, path, unreadable)
  }
  const ask = (timestamp: number) =>
    client.request('ListOffsets', 7, {
      replicaId: -1,
      isolationLevel: 0,
      topics: [{ name: 'orders', partitions: [0, 1].map((partitionIndex) => ({ partitionIndex, timestamp })) }],
    })
  for (const timestamp of [0, -3]) {
    const { topics } = await ask(timestamp)
    expect(topics[0]?.partitions).toMatchObject([
      { partitionIndex: 0, errorCode: 'KAFKA_STORAGE_ERROR', offset: -1 },
      { partitionIndex: 1, errorCode: 'NONE', offset: 0 },
    ])
    expect(events.at(-1)).toMatchObject({ kind: 'read-failed', level: 'error' })
  }
  fileSystem.onOperation = undefined
})

it('InitProducerId answers a code that clients try again for, and gives an id when the disk has room again', async () => {
  const store = openMemoryStore({ randomUuid: () => runtime.randomUuid() })
  let isFull = true
  const producerIds = new ProducerIds(
    {
      load: () => store.load(),
      close: () => store.close(),
      write: (changes) =>
        isFull
          ? Promise.reject(new StorageError('write to', 'metadata.db', new Error('ENOSPC')))
          : store.write(changes),
    },
    0,
  )
  const request = { transactionalId: null, transactionTimeoutMs: 0, producerId: -1, producerEpoch: -1 }
  const context = { apiVersion: 4, clientId: '', clientHost: '', advertised: { host: '', port: 0 } }
  const ask = () =>
    initProducerId({ producerIds } as unknown as Services, request, {
      ...context,
      closed: new AbortController().signal,
    })
  expect(await ask()).toMatchObject({ errorCode: 'COORDINATOR_LOAD_IN_PROGRESS', producerId: -1 })
  isFull = false
  expect(await ask()).toMatchObject({ errorCode: 'NONE', producerId: 0, producerEpoch: 0 })
})
