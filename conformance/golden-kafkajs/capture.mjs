// Captures request frames of kafkajs for packages/protocol/test/golden/kafkajs: node conformance/golden-kafkajs/capture.mjs
import { mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const require = createRequire(import.meta.url)
const encodeFrame = require('kafkajs/src/protocol/request.js')
const { version: kafkajsVersion } = require('kafkajs/package.json')

const folder = join(import.meta.dirname, '../../packages/protocol/test/golden/kafkajs')
const timestamp = 1_700_000_000_000
const messages = [
  { key: 'k', value: 'välue', timestamp, headers: { trace: 'abc', many: ['1', '2'] } },
  { key: null, value: null, timestamp: timestamp + 7 },
]
const producing = (compression) => ({
  acks: -1,
  timeout: 30_000,
  compression,
  topicData: [{ topic: 'orders', partitions: [{ partition: 2, firstSequence: 0, messages }] }],
})

/** kafkajs's folder and version of a request, its arguments, and a word more where a version is captured twice. */
const requests = [
  ['apiVersions', 2, {}],
  ['metadata', 6, { topics: ['orders', 'bills'], allowAutoTopicCreation: false }],
  ['metadata', 6, { topics: [] }, 'all'],
  ['produce', 7, producing(0), 'none'],
  ['produce', 7, producing(1), 'gzip'],
  [
    'fetch',
    11,
    {
      replicaId: -1,
      maxWaitTime: 5_000,
      minBytes: 1,
      maxBytes: 10_485_760,
      isolationLevel: 1,
      topics: [{ topic: 'orders', partitions: [{ partition: 2, fetchOffset: '8589934592', maxBytes: 1_048_576 }] }],
      rackId: 'rack-a',
    },
  ],
  [
    'listOffsets',
    3,
    { replicaId: -1, isolationLevel: 1, topics: [{ topic: 'orders', partitions: [{ partition: 0, timestamp: -2 }] }] },
  ],
  ['findCoordinator', 1, { coordinatorKey: 'billing', coordinatorType: 0 }],
  [
    'joinGroup',
    5,
    {
      groupId: 'billing',
      sessionTimeout: 30_000,
      rebalanceTimeout: 60_000,
      memberId: 'billing-1',
      protocolType: 'consumer',
      groupProtocols: [{ name: 'RoundRobinAssigner', metadata: Buffer.from('000100', 'hex') }],
    },
  ],
  [
    'syncGroup',
    3,
    {
      groupId: 'billing',
      generationId: 7,
      memberId: 'billing-1',
      groupAssignment: [{ memberId: 'billing-1', memberAssignment: Buffer.from('0001', 'hex') }],
    },
  ],
  ['heartbeat', 3, { groupId: 'billing', groupGenerationId: 7, memberId: 'billing-1', groupInstanceId: 'instance-1' }],
  ['leaveGroup', 3, { groupId: 'billing', members: [{ memberId: 'billing-1' }] }],
  [
    'offsetCommit',
    5,
    {
      groupId: 'billing',
      groupGenerationId: 7,
      memberId: 'billing-1',
      topics: [
        {
          topic: 'orders',
          partitions: [
            { partition: 2, offset: '8589934593', metadata: 'done' },
            { partition: 3, offset: '0' },
          ],
        },
      ],
    },
  ],
  [
    'offsetFetch',
    4,
    { groupId: 'billing', topics: [{ topic: 'orders', partitions: [{ partition: 2 }, { partition: 3 }] }] },
  ],
]

mkdirSync(folder, { recursive: true })
for (const [api, version, body, word] of requests) {
  const request = require(`kafkajs/src/protocol/requests/${api}/v${version}/request.js`)(body)
  const { buffer } = await encodeFrame({ correlationId: 42, clientId: 'goqueue', request })
  const stem = `${api.replace(/[A-Z]/g, '-$&').toLowerCase()}-v${version}${word === undefined ? '' : `-${word}`}`
  const lines = buffer.toString('hex').replace(/.{120}/g, '$&\n')
  writeFileSync(
    join(folder, `${stem}.hex`),
    `# kafkajs ${kafkajsVersion}, ${api} v${version} request frame\n${lines}\n`,
  )
}
