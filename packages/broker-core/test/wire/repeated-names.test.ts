// Requests that name one thing very often: the answer must not grow by what each mention would give.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openBroker, type Broker } from '../../src/index.ts'
import { VirtualRuntime } from '../../src/virtual-runtime.ts'
import { WireClient } from './wire-client.ts'
import { createTopic } from './wire-fixture.ts'

let broker: Broker
let client: WireClient

beforeEach(async () => {
  broker = await openBroker({ memory: true, runtime: new VirtualRuntime() })
  client = new WireClient(broker)
  await createTopic(client, 'orders', 2)
})

afterEach(() => broker.close())

const TIMES = 10_000
/** What takes the square of this many steps does not end within a test. */
const VERY_MANY_TIMES = 100_000
const often = <T>(what: T, times = TIMES): T[] => Array.from({ length: times }, () => what)

describe('N14: what is named very often', () => {
  it('Metadata describes a topic once, by its name and by its id', async () => {
    const { topics } = await client.request('Metadata', 12, { topics: often({ name: 'orders' }) })
    expect(topics).toMatchObject([{ errorCode: 'NONE', name: 'orders' }])
    const { topicId } = topics[0]!
    const byId = await client.request('Metadata', 12, { topics: often({ name: null, topicId }) })
    expect(byId.topics).toMatchObject([{ errorCode: 'NONE', name: 'orders' }])
  })

  it('DescribeGroups describes a group once', async () => {
    const { groups } = await client.request('DescribeGroups', 5, { groups: often('g') })
    expect(groups).toMatchObject([{ groupId: 'g', groupState: 'Dead' }])
  })

  it('OffsetFetch refuses a group that is named twice, for it cannot tell which mention is meant', async () => {
    const { groups } = await client.request('OffsetFetch', 8, {
      groups: [{ groupId: 'once', topics: null }, ...often({ groupId: 'g', topics: null })],
    })
    expect(groups).toMatchObject([
      { groupId: 'once', errorCode: 'NONE' },
      { groupId: 'g', errorCode: 'INVALID_REQUEST' },
    ])
  })

  it('DescribeConfigs refuses a resource that is named twice', async () => {
    const resource = { resourceType: 2, resourceName: 'orders', configurationKeys: null }
    const { results } = await client.request('DescribeConfigs', 4, {
      resources: often(resource),
      includeSynonyms: false,
      includeDocumentation: false,
    })
    expect(results).toHaveLength(TIMES)
    expect(results.at(-1)).toMatchObject({ errorCode: 'INVALID_REQUEST', resourceName: 'orders', configs: [] })
  })

  it('IncrementalAlterConfigs refuses it for each mention, in no more time than there are mentions', async () => {
    const { responses } = await client.request('IncrementalAlterConfigs', 1, {
      resources: often({ resourceType: 2, resourceName: 'orders', configs: [] }, VERY_MANY_TIMES),
      validateOnly: true,
    })
    expect(responses).toHaveLength(VERY_MANY_TIMES)
    expect(responses.at(-1)).toMatchObject({ errorCode: 'INVALID_REQUEST' })
  })

  it('CreateTopics refuses it once, in no more time than there are mentions', async () => {
    const asked = (name: string) => ({ name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] })
    const others = Array.from({ length: VERY_MANY_TIMES }, (_, index) => asked(`/${index}`))
    const { topics } = await client.request('CreateTopics', 7, {
      topics: [...others, ...often(asked('twice'), VERY_MANY_TIMES)],
      timeoutMs: 1_000,
      validateOnly: true,
    })
    expect(topics).toHaveLength(VERY_MANY_TIMES + 1)
    expect(topics.at(-1)).toMatchObject({ name: 'twice', errorCode: 'INVALID_REQUEST' })
  })

  it('ListOffsets refuses a partition that is named twice, as Kafka does', async () => {
    const partition = { partitionIndex: 1, currentLeaderEpoch: -1, timestamp: -2 }
    const { topics } = await client.request('ListOffsets', 7, {
      replicaId: -1,
      isolationLevel: 0,
      topics: [
        { name: 'orders', partitions: [{ ...partition, partitionIndex: 0 }, partition] },
        { name: 'orders', partitions: [partition] },
      ],
    })
    expect(topics).toMatchObject([
      {
        name: 'orders',
        partitions: [
          { partitionIndex: 0, errorCode: 'NONE', offset: 0 },
          { partitionIndex: 1, errorCode: 'INVALID_REQUEST' },
        ],
      },
      { name: 'orders', partitions: [{ partitionIndex: 1, errorCode: 'INVALID_REQUEST' }] },
    ])
  })
})

it('Metadata says of a name that no topic can have that it is invalid: a client need not ask again', async () => {
  const { topics } = await client.request('Metadata', 12, { topics: [{ name: 'a/b' }, { name: 'missing' }] })
  expect(topics).toMatchObject([
    { name: 'a/b', errorCode: 'INVALID_TOPIC_EXCEPTION' },
    { name: 'missing', errorCode: 'UNKNOWN_TOPIC_OR_PARTITION' },
  ])
})
