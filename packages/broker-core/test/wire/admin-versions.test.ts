// The APIs of administrators answer at every version that the broker advertises, with what that version can carry.
import type { ApiName, RequestInput, ResponseOf } from '@goqueue/protocol'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openBroker, type Broker, type BrokerEvent } from '../../src/index.ts'
import { nodeRuntime } from '../../src/runtime.ts'
import { adminApis, VersionSweep } from './version-sweep.ts'
import { WireClient } from './wire-client.ts'
import { batch, createTopic, produce } from './wire-fixture.ts'

const TOPIC = 2
const BROKER = 4
const SET = 0

const sweep = new VersionSweep()

let broker: Broker
let events: BrokerEvent[]
let client: WireClient

beforeEach(async () => {
  events = []
  broker = await openBroker({ memory: true, report: (event) => events.push(event) })
  client = new WireClient(broker)
  await createTopic(client, 'orders', 2)
  for (let turn = 0; turn < 3; turn++) await produce(client, 'orders', batch(nodeRuntime.wallClockMs(), 'a'))
})

afterEach(async () => {
  await broker.close()
  expect(events.filter(({ level }) => level === 'error')).toEqual([])
})

function atEachVersion<A extends ApiName>(
  name: A,
  request: (version: number) => RequestInput<A> | Promise<RequestInput<A>>,
  check: (answer: ResponseOf<A>, version: number) => void,
): Promise<void> {
  return sweep.atEach(client, name, request, check)
}

it('DescribeCluster', () =>
  atEachVersion(
    'DescribeCluster',
    () => ({ includeClusterAuthorizedOperations: false }),
    (answer) => {
      const { clusterId } = broker
      const brokers = [{ brokerId: 1, host: 'localhost', port: 9092 }]
      expect(answer).toMatchObject({ errorCode: 'NONE', clusterId, controllerId: 1, brokers })
    },
  ))

it('DescribeConfigs of a topic, of the broker, and of a topic that is missing', () =>
  atEachVersion(
    'DescribeConfigs',
    () => ({
      resources: [
        { resourceType: TOPIC, resourceName: 'orders', configurationKeys: ['retention.ms'] },
        { resourceType: BROKER, resourceName: '1', configurationKeys: null },
        { resourceType: TOPIC, resourceName: 'nowhere', configurationKeys: null },
      ],
      includeSynonyms: true,
    }),
    ({ results }, version) => {
      expect(results).toMatchObject([
        { errorCode: 'NONE', resourceName: 'orders', configs: [{ name: 'retention.ms', value: '604800000' }] },
        { errorCode: 'NONE', resourceName: '1' },
        { errorCode: 'UNKNOWN_TOPIC_OR_PARTITION', resourceName: 'nowhere', configs: [] },
      ])
      expect(results[1]?.configs.map(({ name }) => name)).toContain('log.retention.ms')
      if (version >= 3) expect(results[0]?.configs[0]?.configType).toBeGreaterThan(0)
    },
  ))

async function retentionMs(): Promise<string | null | undefined> {
  const resources = [{ resourceType: TOPIC, resourceName: 'orders', configurationKeys: ['retention.ms'] }]
  const { results } = await client.request('DescribeConfigs', 4, { resources })
  return results[0]?.configs[0]?.value
}

const expectAltered = (responses: readonly object[]) =>
  expect(responses).toMatchObject([
    { errorCode: 'NONE', resourceName: 'orders' },
    { errorCode: 'UNKNOWN_TOPIC_OR_PARTITION', resourceName: 'nowhere' },
  ])

it('AlterConfigs of a topic and of one that is missing', async () => {
  await atEachVersion(
    'AlterConfigs',
    (version) => ({
      resources: ['orders', 'nowhere'].map((resourceName) => ({
        resourceType: TOPIC,
        resourceName,
        configs: [{ name: 'retention.ms', value: String(1_000 + version) }],
      })),
      validateOnly: false,
    }),
    ({ responses }) => expectAltered(responses),
  )
  expect(await retentionMs()).toBe('1002')
})

it('IncrementalAlterConfigs of a topic and of one that is missing', async () => {
  await atEachVersion(
    'IncrementalAlterConfigs',
    (version) => ({
      resources: ['orders', 'nowhere'].map((resourceName) => ({
        resourceType: TOPIC,
        resourceName,
        configs: [{ name: 'retention.ms', configOperation: SET, value: String(2_000 + version) }],
      })),
      validateOnly: false,
    }),
    ({ responses }) => expectAltered(responses),
  )
  expect(await retentionMs()).toBe('2001')
})

it('DescribeLogDirs of all topics, of one, and of one that is missing', async () => {
  const check = ({ results }: ResponseOf<'DescribeLogDirs'>) => {
    expect(results).toMatchObject([
      { errorCode: 'NONE', topics: [{ name: 'orders', partitions: [{ partitionIndex: 0 }, { partitionIndex: 1 }] }] },
    ])
    expect(results[0]?.topics[0]?.partitions.map(({ partitionSize }) => partitionSize > 0)).toEqual([true, false])
  }
  const topics = ['orders', 'nowhere'].map((topic) => ({ topic, partitions: [0, 1] }))
  await atEachVersion('DescribeLogDirs', () => ({ topics: null }), check)
  await atEachVersion('DescribeLogDirs', () => ({ topics }), check)
})

it('CreatePartitions of a topic, and of one that is missing', () =>
  atEachVersion(
    'CreatePartitions',
    (version) => ({
      topics: ['orders', 'nowhere'].map((name) => ({ name, count: 3 + version, assignments: null })),
      timeoutMs: 1_000,
      validateOnly: false,
    }),
    ({ results }) => {
      expect(results).toMatchObject([
        { name: 'orders', errorCode: 'NONE' },
        { name: 'nowhere', errorCode: 'UNKNOWN_TOPIC_OR_PARTITION' },
      ])
    },
  ))

it('DeleteRecords before an offset, beyond the end, and of a partition that is missing', () =>
  atEachVersion(
    'DeleteRecords',
    (version) => ({
      topics: [
        {
          name: 'orders',
          partitions: [
            { partitionIndex: 0, offset: version + 1 },
            { partitionIndex: 1, offset: 99 },
            { partitionIndex: 9, offset: 0 },
          ],
        },
      ],
      timeoutMs: 1_000,
    }),
    ({ topics }, version) => {
      expect(topics[0]?.partitions).toMatchObject([
        { partitionIndex: 0, errorCode: 'NONE', lowWatermark: version + 1 },
        { partitionIndex: 1, errorCode: 'OFFSET_OUT_OF_RANGE', lowWatermark: -1 },
        { partitionIndex: 9, errorCode: 'UNKNOWN_TOPIC_OR_PARTITION', lowWatermark: -1 },
      ])
    },
  ))

it('OffsetForLeaderEpoch of the epoch that is, of a later one, and of a partition that is missing', () =>
  atEachVersion(
    'OffsetForLeaderEpoch',
    () => ({
      topics: [
        {
          topic: 'orders',
          partitions: [
            { partition: 0, leaderEpoch: 0 },
            { partition: 1, leaderEpoch: 5 },
            { partition: 9, leaderEpoch: 0 },
          ],
        },
      ],
    }),
    ({ topics }) => {
      expect(topics[0]?.partitions).toMatchObject([
        { partition: 0, errorCode: 'NONE', leaderEpoch: 0, endOffset: 3 },
        { partition: 1, errorCode: 'NONE', leaderEpoch: -1, endOffset: -1 },
        { partition: 9, errorCode: 'UNKNOWN_TOPIC_OR_PARTITION', endOffset: -1 },
      ])
    },
  ))

async function commit(groupId: string): Promise<void> {
  const partitions = [{ partitionIndex: 0, committedOffset: 1, committedMetadata: null }]
  const { topics } = await client.request('OffsetCommit', 7, { groupId, topics: [{ name: 'orders', partitions }] })
  expect(topics).toMatchObject([{ partitions: [{ errorCode: 'NONE' }] }])
}

it('OffsetDelete of a group and of one that is missing', async () => {
  await commit('g')
  const topics = [{ name: 'orders', partitions: [{ partitionIndex: 0 }] }]
  await atEachVersion(
    'OffsetDelete',
    () => ({ groupId: 'g', topics }),
    (answer) => {
      const partitions = [{ partitionIndex: 0, errorCode: 'NONE' }]
      expect(answer).toMatchObject({ errorCode: 'NONE', topics: [{ name: 'orders', partitions }] })
    },
  )
  await atEachVersion(
    'OffsetDelete',
    () => ({ groupId: 'nobody', topics }),
    ({ errorCode }) => expect(errorCode).toBe('GROUP_ID_NOT_FOUND'),
  )
})

it('DeleteGroups of a group and of one that is missing', () =>
  atEachVersion(
    'DeleteGroups',
    async () => {
      await commit('g')
      return { groupsNames: ['g', 'nobody'] }
    },
    ({ results }) => {
      expect(results).toMatchObject([
        { groupId: 'g', errorCode: 'NONE' },
        { groupId: 'nobody', errorCode: 'GROUP_ID_NOT_FOUND' },
      ])
    },
  ))

it('ConsumerGroupDescribe knows no group: each is a classic one', async () => {
  await commit('g')
  await atEachVersion(
    'ConsumerGroupDescribe',
    () => ({ groupIds: ['g'], includeAuthorizedOperations: false }),
    ({ groups }) => expect(groups).toMatchObject([{ groupId: 'g', errorCode: 'GROUP_ID_NOT_FOUND' }]),
  )
})

it('no API is forgotten', () => expect([...sweep.asked].toSorted()).toEqual([...adminApis].toSorted()))
