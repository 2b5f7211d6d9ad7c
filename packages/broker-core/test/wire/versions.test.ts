// Every API answers at every version that the broker advertises, with what that version can carry.
import { apis, ZERO_UUID, type ApiName, type RequestInput, type ResponseOf } from '@goqueue/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openBroker, type Broker, type BrokerEvent } from '../../src/index.ts'
import { nodeRuntime } from '../../src/runtime.ts'
import { adminApis, VersionSweep } from './version-sweep.ts'
import { WireClient } from './wire-client.ts'
import { batch, createTopic, produce } from './wire-fixture.ts'

const UNKNOWN_ID = '11111111-2222-4333-8444-555555555555'

const sweep = new VersionSweep()

let broker: Broker
let events: BrokerEvent[]
let client: WireClient
let topicId: string

beforeEach(async () => {
  events = []
  broker = await openBroker({
    memory: true,
    groupInitialRebalanceDelayMs: 0,
    report: (event) => events.push(event),
  })
  client = new WireClient(broker)
  topicId = await createTopic(client, 'orders', 2)
})

afterEach(async () => {
  await broker.close()
  expect(events.filter(({ level }) => level === 'error')).toEqual([])
})

/** Asks at each advertised version; `check` is given each answer. */
function atEachVersion<A extends ApiName>(
  name: A,
  request: (version: number) => RequestInput<A> | Promise<RequestInput<A>>,
  check: (answer: ResponseOf<A>, version: number) => void,
): Promise<void> {
  return sweep.atEach(client, name, request, check)
}

const records = (...values: string[]) => batch(nodeRuntime.wallClockMs(), ...values)

describe('topics and records', () => {
  it('ApiVersions', () =>
    atEachVersion(
      'ApiVersions',
      (version) => (version >= 3 ? { clientSoftwareName: 'test', clientSoftwareVersion: '1' } : {}),
      (answer) => {
        expect(answer.errorCode).toBe('NONE')
        expect(answer.apiKeys.map(({ apiKey }) => apiKey).toSorted((a, b) => a - b)).toEqual(
          Object.values(apis)
            .map(({ key }) => key)
            .toSorted((a, b) => a - b),
        )
      },
    ))

  it('Metadata of a topic and of one that is missing', () =>
    atEachVersion(
      'Metadata',
      () => ({ topics: [{ name: 'orders' }, { name: 'nowhere' }] }),
      ({ brokers, topics, clusterId, controllerId }, version) => {
        expect(brokers).toMatchObject([{ nodeId: 1, host: 'localhost', port: 9092 }])
        expect(topics).toMatchObject([
          {
            errorCode: 'NONE',
            name: 'orders',
            partitions: [{ partitionIndex: 0, leaderId: 1 }, { partitionIndex: 1 }],
          },
          { errorCode: 'UNKNOWN_TOPIC_OR_PARTITION', name: 'nowhere', partitions: [] },
        ])
        if (version >= 1) expect(controllerId).toBe(1)
        if (version >= 2) expect(clusterId).toBe(broker.clusterId)
        if (version >= 10) expect(topics[0]?.topicId).toBe(topicId)
      },
    ))

  it('CreateTopics, and of one that exists', () =>
    atEachVersion(
      'CreateTopics',
      (version) => ({
        topics: [`created-${version}`, 'orders'].map((name) => ({
          name,
          numPartitions: version >= 4 ? -1 : 3,
          replicationFactor: version >= 4 ? -1 : 1,
          assignments: [],
          configs: [],
        })),
        timeoutMs: 1_000,
      }),
      ({ topics }, version) => {
        expect(topics).toMatchObject([
          { name: `created-${version}`, errorCode: 'NONE' },
          { name: 'orders', errorCode: 'TOPIC_ALREADY_EXISTS' },
        ])
        if (version >= 5) expect(topics[0]).toMatchObject({ numPartitions: 1, replicationFactor: 1 })
      },
    ))

  it('DeleteTopics, and of one that is missing', () =>
    atEachVersion(
      'DeleteTopics',
      async (version) => {
        const name = `deleted-${version}`
        await createTopic(client, name)
        const topicNames = [name, 'nowhere']
        const topics = topicNames.map((name) => ({ name, topicId: ZERO_UUID }))
        return version >= 6 ? { topics, topicNames: [], timeoutMs: 1_000 } : { topicNames, timeoutMs: 1_000 }
      },
      ({ responses }, version) => {
        expect(responses).toMatchObject([
          { name: `deleted-${version}`, errorCode: 'NONE' },
          { name: 'nowhere', errorCode: 'UNKNOWN_TOPIC_OR_PARTITION' },
        ])
      },
    ))

  it('Produce to a partition, to one and to a topic that is missing; below v3 it is refused', () => {
    let appended = 0
    return atEachVersion(
      'Produce',
      () => ({
        acks: -1,
        timeoutMs: 1_000,
        topicData: [
          { name: 'orders', partitionData: [0, 9].map((index) => ({ index, records: records('a', 'b') })) },
          { name: 'nowhere', partitionData: [{ index: 0, records: records('a') }] },
        ],
      }),
      ({ responses }, version) => {
        const codes = responses.flatMap(({ partitionResponses }) => partitionResponses.map((one) => one.errorCode))
        if (version < 3) return expect(codes).toEqual(Array(3).fill('UNSUPPORTED_VERSION'))
        expect(codes).toEqual(['NONE', 'UNKNOWN_TOPIC_OR_PARTITION', 'UNKNOWN_TOPIC_OR_PARTITION'])
        expect(responses[0]?.partitionResponses[0]).toMatchObject({ baseOffset: appended, logAppendTimeMs: -1 })
        appended += 2
      },
    )
  })

  it('Fetch of records, of a partition and of a topic that is missing', async () => {
    await produce(client, 'orders', records('a'))
    await atEachVersion(
      'Fetch',
      (version) => ({
        maxWaitMs: 0,
        minBytes: 1,
        topics: [
          { topic: 'orders', topicId, partitions: [0, 9].map(fetchPartition) },
          { topic: 'nowhere', topicId: UNKNOWN_ID, partitions: [fetchPartition(0)] },
        ].map(({ topic, topicId, partitions }) => (version >= 13 ? { topicId, partitions } : { topic, partitions })),
      }),
      ({ responses }, version) => {
        const missing = version >= 13 ? 'UNKNOWN_TOPIC_ID' : 'UNKNOWN_TOPIC_OR_PARTITION'
        expect(responses[0]?.partitions[0]?.records).toHaveLength(records('a').length)
        expect(responses).toMatchObject([
          {
            ...(version >= 13 ? { topicId } : { topic: 'orders' }),
            partitions: [
              { errorCode: 'NONE', partitionIndex: 0, highWatermark: 1 },
              { errorCode: 'UNKNOWN_TOPIC_OR_PARTITION', partitionIndex: 9 },
            ],
          },
          { partitions: [{ errorCode: missing }] },
        ])
      },
    )
  })

  it.each([
    ['the end', -1, 0],
    ['the start', -2, 0],
    ['a timestamp', 0, -1],
  ])('ListOffsets of %s, and a partition that is missing', (_name, timestamp, offset) =>
    atEachVersion(
      'ListOffsets',
      () => ({
        replicaId: -1,
        topics: [
          { name: 'orders', partitions: [{ partitionIndex: 1, timestamp }] },
          { name: 'nowhere', partitions: [{ partitionIndex: 0, timestamp }] },
        ],
      }),
      ({ topics }, version) => {
        const leaderEpoch = version >= 4 && offset >= 0 ? 0 : -1
        expect(topics).toMatchObject([
          { partitions: [{ errorCode: 'NONE', offset, timestamp: -1, leaderEpoch }] },
          { partitions: [{ errorCode: 'UNKNOWN_TOPIC_OR_PARTITION', offset: -1 }] },
        ])
      },
    ),
  )

  it('InitProducerId gives each producer its own id', async () => {
    const ids = new Set<number>()
    await atEachVersion(
      'InitProducerId',
      () => ({ transactionalId: null, transactionTimeoutMs: 1_000 }),
      ({ errorCode, producerId, producerEpoch }) => {
        expect({ errorCode, producerEpoch }).toEqual({ errorCode: 'NONE', producerEpoch: 0 })
        expect(ids).not.toContain(producerId)
        ids.add(producerId)
      },
    )
  })
})

function fetchPartition(partition: number) {
  return { partition, fetchOffset: 0, partitionMaxBytes: 1_000 }
}

describe('groups', () => {
  const protocols = [{ name: 'range', metadata: Buffer.from('subscription') }]

  /** Joins as one does at this version: since v4 a new member is given its id first (KIP-394). */
  async function join(groupId: string, version: number): Promise<ResponseOf<'JoinGroup'>> {
    const request = {
      groupId,
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 10_000,
      protocolType: 'consumer',
      protocols,
    }
    const answer = await client.request('JoinGroup', version, { ...request, memberId: '' })
    if (version < 4) return answer
    expect(answer.errorCode).toBe('MEMBER_ID_REQUIRED')
    return client.request('JoinGroup', version, { ...request, memberId: answer.memberId })
  }

  /** The one member of a new group, with its assignment. */
  async function member(groupId: string): Promise<{ groupId: string; memberId: string; generationId: number }> {
    const { memberId, generationId } = await join(groupId, 5)
    const assignments = [{ memberId, assignment: Buffer.from('assignment') }]
    const synced = await client.request('SyncGroup', 3, { groupId, generationId, memberId, assignments })
    expect(synced.errorCode).toBe('NONE')
    return { groupId, memberId, generationId }
  }

  it('FindCoordinator names this broker', () =>
    atEachVersion(
      'FindCoordinator',
      (version) => (version >= 4 ? { coordinatorKeys: ['a', 'b'] } : { key: 'a' }),
      (answer, version) => {
        const here = { errorCode: 'NONE', nodeId: 1, host: 'localhost', port: 9092 }
        if (version < 4) expect(answer).toMatchObject(here)
        else expect(answer.coordinators).toMatchObject(['a', 'b'].map((key) => ({ key, ...here })))
      },
    ))

  it('JoinGroup makes the only member the leader', async () => {
    for (const version of sweep.versionsOf('JoinGroup')) {
      const joined = await join(`joined-${version}`, version)
      expect(joined, `v${version}`).toMatchObject({ errorCode: 'NONE', generationId: 1, protocolName: 'range' })
      expect(joined.leader).toBe(joined.memberId)
      expect(joined.members).toMatchObject([{ memberId: joined.memberId, metadata: Buffer.from('subscription') }])
      if (version >= 7) expect(joined.protocolType).toBe('consumer')
    }
  })

  it('JoinGroup refuses a member that nobody knows', () =>
    atEachVersion(
      'JoinGroup',
      () => ({
        groupId: 'g',
        sessionTimeoutMs: 10_000,
        rebalanceTimeoutMs: 10_000,
        memberId: 'stranger',
        protocolType: 'consumer',
        protocols,
      }),
      ({ errorCode, generationId }) => {
        expect({ errorCode, generationId }).toEqual({ errorCode: 'UNKNOWN_MEMBER_ID', generationId: -1 })
      },
    ))

  it('SyncGroup gives the assignment, and refuses a stranger', async () => {
    for (const version of sweep.versionsOf('SyncGroup')) {
      const groupId = `synced-${version}`
      const { memberId, generationId } = await join(groupId, 5)
      const assignments = [{ memberId, assignment: Buffer.from('assignment') }]
      const protocol = { protocolType: 'consumer', protocolName: 'range' }
      const sync = (memberId: string) =>
        client.request('SyncGroup', version, { groupId, generationId, memberId, assignments, ...protocol })
      expect(await sync(memberId)).toMatchObject({ errorCode: 'NONE', assignment: Buffer.from('assignment') })
      expect(await sync('stranger')).toMatchObject({ errorCode: 'UNKNOWN_MEMBER_ID', assignment: Buffer.alloc(0) })
    }
  })

  it('SyncGroup of v5 must say which protocol it is for (KIP-559)', async () => {
    const { memberId, generationId } = await join('unnamed', 5)
    const sync = async (version: number, names: Partial<RequestInput<'SyncGroup'>>) => {
      const request = { groupId: 'unnamed', generationId, memberId, assignments: [], ...names }
      return (await client.request('SyncGroup', version, request)).errorCode
    }
    expect(await sync(5, {})).toBe('INCONSISTENT_GROUP_PROTOCOL')
    expect(await sync(5, { protocolType: 'consumer' })).toBe('INCONSISTENT_GROUP_PROTOCOL')
    expect(await sync(5, { protocolType: 'consumer', protocolName: 'other' })).toBe('INCONSISTENT_GROUP_PROTOCOL')
    expect(await sync(4, {})).toBe('NONE')
  })

  it('Heartbeat of a member, of a stranger, of another generation, and in a group that is missing', async () => {
    const { groupId, memberId, generationId } = await member('g')
    for (const version of sweep.versionsOf('Heartbeat')) {
      const beat = async (request: Partial<RequestInput<'Heartbeat'>>) =>
        (await client.request('Heartbeat', version, { groupId, memberId, generationId, ...request })).errorCode
      expect(await beat({})).toBe('NONE')
      expect(await beat({ memberId: 'stranger' })).toBe('UNKNOWN_MEMBER_ID')
      expect(await beat({ generationId: 99 })).toBe('ILLEGAL_GENERATION')
      expect(await beat({ groupId: 'nobody' })).toBe('UNKNOWN_MEMBER_ID')
    }
  })

  it('LeaveGroup of a member, then of the same again', async () => {
    for (const version of sweep.versionsOf('LeaveGroup')) {
      const { groupId, memberId } = await member(`left-${version}`)
      const leave = () =>
        client.request(
          'LeaveGroup',
          version,
          version >= 3 ? { groupId, members: [{ memberId }] } : { groupId, memberId },
        )
      const outcome = ({ errorCode, members }: ResponseOf<'LeaveGroup'>) =>
        version >= 3 ? [errorCode, ...members.map((one) => one.errorCode)] : [errorCode]
      expect(outcome(await leave())).toEqual(version >= 3 ? ['NONE', 'NONE'] : ['NONE'])
      expect(outcome(await leave())).toEqual(version >= 3 ? ['NONE', 'UNKNOWN_MEMBER_ID'] : ['UNKNOWN_MEMBER_ID'])
    }
  })

  const commit = (groupId: string, committedOffset: number): RequestInput<'OffsetCommit'> => ({
    groupId,
    topics: ['orders', 'nowhere'].map((name) => ({
      name,
      partitions: [{ partitionIndex: 0, committedOffset, committedMetadata: 'note' }],
    })),
  })

  it('OffsetCommit to a topic and to one that is missing', () =>
    atEachVersion(
      'OffsetCommit',
      (version) => commit(`committed-${version}`, version),
      ({ topics }) => {
        expect(topics).toMatchObject([
          { name: 'orders', partitions: [{ partitionIndex: 0, errorCode: 'NONE' }] },
          { name: 'nowhere', partitions: [{ partitionIndex: 0, errorCode: 'UNKNOWN_TOPIC_OR_PARTITION' }] },
        ])
      },
    ))

  it('OffsetFetch of a committed partition, of others, and of a group that is missing', async () => {
    await client.request('OffsetCommit', 7, commit('g', 42))
    const nothing = { committedOffset: -1, errorCode: 'NONE', metadata: '' }
    const expected = [
      {
        name: 'orders',
        partitions: [
          { partitionIndex: 0, committedOffset: 42, metadata: 'note', errorCode: 'NONE' },
          { partitionIndex: 1, ...nothing },
        ],
      },
    ]
    const topics = [{ name: 'orders', partitionIndexes: [0, 1] }]
    for (const version of sweep.versionsOf('OffsetFetch')) {
      if (version >= 8) {
        const groups = ['g', 'nobody'].map((groupId) => ({ groupId, topics }))
        const answer = await client.request('OffsetFetch', version, { groups })
        expect(answer.groups[0]).toMatchObject({ groupId: 'g', errorCode: 'NONE', topics: expected })
        const none = [0, 1].map((partitionIndex) => ({ partitionIndex, ...nothing }))
        expect(answer.groups[1]).toMatchObject({ groupId: 'nobody', topics: [{ name: 'orders', partitions: none }] })
        const all = await client.request('OffsetFetch', version, { groups: [{ groupId: 'g', topics: null }] })
        expect(all.groups[0]?.topics).toMatchObject([{ name: 'orders', partitions: [{ committedOffset: 42 }] }])
      } else {
        expect(await client.request('OffsetFetch', version, { groupId: 'g', topics })).toMatchObject({
          topics: expected,
        })
        if (version < 2) continue
        const all = await client.request('OffsetFetch', version, { groupId: 'g', topics: null })
        expect(all.topics).toMatchObject([{ name: 'orders', partitions: [{ committedOffset: 42 }] }])
      }
    }
  })

  it('DescribeGroups of a group and of one that is missing', async () => {
    const { memberId } = await member('g')
    await atEachVersion(
      'DescribeGroups',
      () => ({ groups: ['g', 'nobody'] }),
      ({ groups }, version) => {
        expect(groups[0]).toMatchObject({
          errorCode: 'NONE',
          groupState: 'Stable',
          protocolType: 'consumer',
          protocolData: 'range',
          members: [{ memberId, clientId: 'wire-client', clientHost: '/127.0.0.1' }],
        })
        const missing = version >= 6 ? 'GROUP_ID_NOT_FOUND' : 'NONE'
        expect(groups[1]).toMatchObject({ errorCode: missing, groupState: 'Dead', members: [] })
      },
    )
  })

  it('ListGroups, and by state since v4', async () => {
    await member('g')
    await atEachVersion(
      'ListGroups',
      () => ({}),
      ({ errorCode, groups }, version) => {
        expect(errorCode).toBe('NONE')
        expect(groups).toMatchObject([{ groupId: 'g', protocolType: 'consumer' }])
        if (version >= 4) expect(groups[0]?.groupState).toBe('Stable')
        if (version >= 5) expect(groups[0]?.groupType).toBe('classic')
      },
    )
    expect((await client.request('ListGroups', 4, { statesFilter: ['Empty'] })).groups).toEqual([])
    expect((await client.request('ListGroups', 5, { typesFilter: ['consumer'] })).groups).toEqual([])
  })
})

it('no API is forgotten', () => {
  const expected = (Object.keys(apis) as ApiName[]).filter((name) => !adminApis.includes(name))
  expect([...sweep.asked].toSorted()).toEqual(expected.toSorted())
})
