// What a member's requests say, against a broker that writes them down.
import { VirtualRuntime } from '@goqueue/broker-core/testing'
import { expect, it } from 'vitest'
import { ScriptedBroker, type ScriptedRequest } from '../test/scripted-broker.ts'
import { Client } from './client.ts'
import { Deferred } from './waiting.ts'

it('KIP-559: SyncGroup says the protocol type and name that the join agreed on, which Kafka insists on since v5', async () => {
  const sync = new Deferred<ScriptedRequest<'SyncGroup'>>()
  const broker = new ScriptedBroker({
    Metadata: (request) =>
      request.answer({
        brokers: [{ nodeId: 1, host: 'b', port: 9092 }],
        controllerId: 1,
        topics: [{ name: 'orders', partitions: [{ partitionIndex: 0, leaderId: 1, replicaNodes: [], isrNodes: [] }] }],
      }),
    FindCoordinator: (request) =>
      request.answer({ coordinators: [{ key: 'g', nodeId: 1, host: 'b', port: 9092, errorCode: 'NONE' }] }),
    JoinGroup: (request) => {
      const [{ name: protocolName, metadata }] = request.body.protocols as [{ name: string; metadata: Buffer }]
      const members = [{ memberId: 'm', groupInstanceId: null, metadata }]
      request.answer({ generationId: 1, protocolType: 'consumer', protocolName, leader: 'm', memberId: 'm', members })
    },
    SyncGroup: (request) => sync.resolve(request),
    LeaveGroup: (request) => request.answer({ errorCode: 'NONE' }),
  })
  const client = new Client({ dial: broker.dial, runtime: new VirtualRuntime() })
  const joined = client.groupConsumer({ groupId: 'g', topics: ['orders'], assignors: ['range'] }).joinGroup()
  joined.catch(() => {}) // the client is closed under it
  const { version, body } = await sync.promise
  expect(version).toBeGreaterThanOrEqual(5)
  expect(body).toMatchObject({ generationId: 1, memberId: 'm', protocolType: 'consumer', protocolName: 'range' })
  await client.close()
})
