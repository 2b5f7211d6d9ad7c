// Request frames that kafkajs wrote: we read them, and write the same bytes.
import { expect, test } from 'vitest'
import { apis, type ApiName } from '../../src/apis.ts'
import { checkProduceBatches } from '../../src/check-produce-batches.ts'
import { encodeRequest, readRequestBody, readRequestHeader, type RequestInput } from '../../src/frames.ts'
import { readRecords } from '../../src/read-records.ts'
import { goldenBytes } from './golden-bytes.ts'

/** A frame's body as kafkajs meant it; what is left out is at its default. */
type Case<A extends ApiName> = [file: string, api: A, version: number, body: RequestInput<A>]

function meaning<A extends ApiName>(...line: Case<A>): Case<ApiName> {
  return line as unknown as Case<ApiName>
}

const cases = [
  meaning('api-versions-v2', 'ApiVersions', 2, {}),
  meaning('metadata-v6', 'Metadata', 6, {
    topics: [{ name: 'orders' }, { name: 'bills' }],
    allowAutoTopicCreation: false,
  }),
  meaning('metadata-v6-all', 'Metadata', 6, { topics: null }),
  meaning('fetch-v11', 'Fetch', 11, {
    maxWaitMs: 5_000,
    minBytes: 1,
    maxBytes: 10_485_760,
    isolationLevel: 1,
    topics: [
      { topic: 'orders', partitions: [{ partition: 2, fetchOffset: 8_589_934_592, partitionMaxBytes: 1_048_576 }] },
    ],
    rackId: 'rack-a',
  }),
  meaning('list-offsets-v3', 'ListOffsets', 3, {
    replicaId: -1,
    isolationLevel: 1,
    topics: [{ name: 'orders', partitions: [{ partitionIndex: 0, timestamp: -2 }] }],
  }),
  meaning('find-coordinator-v1', 'FindCoordinator', 1, { key: 'billing' }),
  meaning('join-group-v5', 'JoinGroup', 5, {
    groupId: 'billing',
    sessionTimeoutMs: 30_000,
    rebalanceTimeoutMs: 60_000,
    memberId: 'billing-1',
    protocolType: 'consumer',
    protocols: [{ name: 'RoundRobinAssigner', metadata: Buffer.from('000100', 'hex') }],
  }),
  meaning('sync-group-v3', 'SyncGroup', 3, {
    groupId: 'billing',
    generationId: 7,
    memberId: 'billing-1',
    assignments: [{ memberId: 'billing-1', assignment: Buffer.from('0001', 'hex') }],
  }),
  meaning('heartbeat-v3', 'Heartbeat', 3, {
    groupId: 'billing',
    generationId: 7,
    memberId: 'billing-1',
    groupInstanceId: 'instance-1',
  }),
  meaning('leave-group-v3', 'LeaveGroup', 3, { groupId: 'billing', members: [{ memberId: 'billing-1' }] }),
  meaning('offset-commit-v5', 'OffsetCommit', 5, {
    groupId: 'billing',
    generationIdOrMemberEpoch: 7,
    memberId: 'billing-1',
    topics: [
      {
        name: 'orders',
        partitions: [
          { partitionIndex: 2, committedOffset: 8_589_934_593, committedMetadata: 'done' },
          { partitionIndex: 3, committedOffset: 0, committedMetadata: null },
        ],
      },
    ],
  }),
  meaning('offset-fetch-v4', 'OffsetFetch', 4, {
    groupId: 'billing',
    topics: [{ name: 'orders', partitionIndexes: [2, 3] }],
  }),
]

const header = { correlationId: 42, clientId: 'goqueue' }

test.each(cases)('%s reads as kafkajs meant it, and is written byte by byte as by kafkajs', (file, api, version, body) => {
  const framed = goldenBytes(`kafkajs/${file}`)
  expect(framed.readInt32BE(0)).toBe(framed.length - 4)
  const { body: reader, ...read } = readRequestHeader(framed.subarray(4))
  expect(read).toEqual({ ...header, apiKey: apis[api].key, apiVersion: version, name: api })
  expect(readRequestBody(api, version, reader)).toMatchObject(body)
  expect(encodeRequest(api, version, header, body)).toEqual(framed)
})

test.each(['none', 'gzip'])('a produce request of kafkajs (%s) passes our checks and gives its records', (compression) => {
  const framed = goldenBytes(`kafkajs/produce-v7-${compression}`)
  const request = readRequestBody('Produce', 7, readRequestHeader(framed.subarray(4)).body)
  expect(request).toMatchObject({ transactionalId: null, acks: -1, timeoutMs: 30_000 })
  expect(request.topicData).toMatchObject([{ name: 'orders', partitionData: [{ index: 2 }] }])
  expect(encodeRequest('Produce', 7, header, request)).toEqual(framed)
  const batch = request.topicData[0]?.partitionData[0]?.records ?? Buffer.alloc(0)
  // Without idempotence kafkajs sends epoch 0 and sequence 0 beside producer id -1: allowed, and ignored.
  expect(checkProduceBatches(batch, { maxMessageBytes: 1_048_588 }).errorCode).toBe('NONE')
  expect([...readRecords(batch)]).toEqual([
    {
      offset: 0,
      timestampMs: 1_700_000_000_000,
      key: Buffer.from('k'),
      value: Buffer.from('välue'),
      headers: [
        ['trace', Buffer.from('abc')],
        ['many', Buffer.from('1')],
        ['many', Buffer.from('2')],
      ],
    },
    { offset: 1, timestampMs: 1_700_000_000_007, key: null, value: null, headers: [] },
  ])
})
