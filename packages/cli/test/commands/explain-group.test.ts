// Why a group rebalanced, from the command line.
import { Client, type CallOptions, type Consumer, type GroupConsumer } from '@goqueue/client'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { rebalancesOf } from '../../src/rebalance-history.ts'
import { Cluster, Collector } from './cluster.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 }) // a real broker on a busy machine takes its time

const HISTORY = '__goqueue_rebalances'

let cluster: Cluster
let client: Client

/** A group that one consumer founds, that a second one joins, and that the first one leaves. */
beforeAll(async () => {
  cluster = await Cluster.open()
  client = new Client({ brokers: [cluster.address], clientId: 'billing-service' })
  await client.admin().createTopic({ name: 'orders', partitions: 2 })
  const [first, second] = ['consumer-1', 'consumer-2'].map((consumerId) =>
    client.groupConsumer({ groupId: 'billing', consumerId, topics: ['orders'], heartbeatIntervalMs: 50 }),
  ) as [GroupConsumer, GroupConsumer]
  await first.joinGroup()
  await second.joinGroup()
  await owns(first, 1)
  await owns(second, 1)
  await first.leaveGroup()
  await owns(second, 2)
  for (let known = 0; known < 3; known = (await explained().catch(() => [])).length) {
    // A record is written behind the answers of its group.
  }
})
afterAll(async () => {
  await client.close()
  await cluster.close()
})

async function owns(member: GroupConsumer, partitions: number): Promise<void> {
  while (member.getAssignment()['orders']?.length !== partitions) {
    await new Promise((resolve) => setImmediate(resolve))
  }
}

interface Rebalance {
  generationId: number
  causes: { kind: string; consumerId: string }[]
}

function explained(groupId = 'billing'): Promise<Rebalance[]> {
  return cluster.json<Rebalance[]>(['explain-group', groupId])
}

it('as JSON has the records as the broker keeps them, oldest first', async () => {
  const rebalances = await explained()
  expect(rebalances).toMatchObject([
    {
      version: 1,
      groupId: 'billing',
      generationId: 1,
      state: 'Stable',
      assignor: 'roundrobin',
      memberCount: 1,
      causes: [{ kind: 'join', consumerId: 'consumer-1', clientId: 'billing-service', clientHost: '/127.0.0.1' }],
      moved: [
        { topic: 'orders', partition: 0, from: null, to: 'consumer-1' },
        { topic: 'orders', partition: 1, from: null, to: 'consumer-1' },
      ],
      movedCount: 2,
    },
    { generationId: 2, memberCount: 2, causes: [{ kind: 'join', consumerId: 'consumer-2' }], movedCount: 1 },
    { generationId: 3, memberCount: 1, causes: [{ kind: 'leave', consumerId: 'consumer-1' }], movedCount: 1 },
  ])
})

it('for people is a timeline', async () => {
  const { stdout, exitCode } = await cluster.run(['explain-group', 'billing'])
  expect(exitCode).toBe(0)
  const [heading, ...lines] = stdout.trimEnd().split('\n')
  expect(heading).toMatch(/^WHEN +GENERATION +MEMBERS +CAUSED BY +WHY +MOVED +TOOK$/)
  expect(lines).toHaveLength(3)
  expect(lines[0]).toMatch(
    /^\d{4}-\d\d-\d\dT[\d:.]+Z +1 +1 +consumer-1 +joined +orders 0, 1: nobody → consumer-1 +\d+ ms$/,
  )
  expect(lines[1]).toMatch(/ 2 +2 +consumer-2 +joined +orders [01]: consumer-1 → consumer-2 +\d+ ms$/)
  expect(lines[2]).toMatch(/ 3 +1 +consumer-1 +left.* +orders [01]: consumer-1 → consumer-2 +\d+ ms$/)
})

it('shows the last 100 of a group, however many there were', async () => {
  for (let visit = 0; visit < 52; visit++) {
    const member = client.groupConsumer({ groupId: 'visited', topics: ['orders'] })
    await member.joinGroup()
    await member.commitOffset('orders', 0, visit) // what has committed nothing is forgotten when it is empty
    await member.leaveGroup()
  }
  const last = 104 // each came, and went
  let found: Rebalance[] = []
  while (found.at(-1)?.generationId !== last) found = await explained('visited')
  expect(found.map(({ generationId }) => generationId)).toEqual(Array.from({ length: 100 }, (_, index) => index + 5))
  expect(await explained()).toHaveLength(3)
})

it('shows what happened long ago, in its order, where another group has rebalanced ever since', async () => {
  const before = await explained()
  // 500 partitions with a long name move at each visit: a record is as large as it can be.
  const wide = 'w'.repeat(249)
  await client.admin().createTopic({ name: wide, partitions: 600 })
  await client.admin().alterGroupOffsets('flapping', [{ topic: wide, partition: 0, offset: 0 }])
  const beginOffset = async () => (await client.admin().describeTopic(HISTORY)).partitionDetails[0]!.beginOffset
  const visitor = client.groupConsumer({ groupId: 'flapping', consumerId: 'c'.repeat(200), topics: [wide] })
  const flap = async () => {
    while ((await beginOffset()) === 0) {
      await visitor.joinGroup()
      await visitor.leaveGroup()
    }
  }
  // It happens while the history is read: what was to be read next is gone, and stands behind the end by then.
  const interrupted = {
    admin: () => client.admin(),
    consumer: () => {
      const consumer = client.consumer()
      let assigned: Parameters<Consumer['assign']>[0] = []
      return {
        assign: (partitions: typeof assigned) => (assigned = partitions),
        records: async function* (options: CallOptions) {
          await flap()
          consumer.assign(assigned) // it reads from now on
          yield* consumer.records(options)
        },
      }
    },
  } as unknown as Client
  expect(await rebalancesOf(interrupted, 'billing', new AbortController().signal)).toEqual(before)
  expect(await explained()).toEqual(before)
  const generations = (await explained('flapping')).map(({ generationId }) => generationId)
  expect(generations).toEqual(Array.from({ length: 100 }, (_, index) => generations[0]! + index))
})

it('is a paragraph for each rebalance where the terminal is narrow', async () => {
  const narrow = Object.assign(new Collector(), { isTTY: true, columns: 80 })
  await cluster.run(['explain-group', 'billing'], { stdout: narrow })
  const [first] = narrow.text.split('\n\n')
  expect(first).toMatch(
    /^\d{4}-\S+Z: generation 1, 1 member, took \d+ ms\n {2}consumer-1 joined\n {2}moved: orders 0, 1: nobody → consumer-1$/,
  )
  const wide = Object.assign(new Collector(), { isTTY: true, columns: 300 })
  await cluster.run(['explain-group', 'billing'], { stdout: wide })
  expect(wide.text).toMatch(/^WHEN /)
})

it('a group that is not there is one sentence, on a fresh cluster too', async () => {
  const fresh = await Cluster.open()
  for (const place of [cluster, fresh]) {
    expect(await place.run(['explain-group', 'nobody'])).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: "goqueue-admin: There is no group 'nobody'; goqueue-admin list-groups shows what there is.\n",
    })
  }
  await fresh.close()
})

it('a group that never rebalanced is one sentence', async () => {
  await client.admin().alterGroupOffsets('audit', [{ topic: 'orders', partition: 0, offset: 0 }])
  expect(await cluster.run(['explain-group', 'audit'])).toEqual({
    exitCode: 1,
    stdout: '',
    stderr: "goqueue-admin: No rebalance of group 'audit' is kept.\n",
  })
})

it('a cluster that keeps no such history is one sentence', async () => {
  const empty = await Cluster.open()
  await empty.run(['create-topic', 'orders'])
  await empty.run(['reset-offsets', 'billing', '--topic', 'orders', '--to-latest', '--execute'])
  const { exitCode, stdout, stderr } = await empty.run(['explain-group', 'billing'])
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' })
  expect(stderr).toMatch(/^goqueue-admin: This cluster keeps no history of rebalances: .*__goqueue_rebalances.*\.\n$/)
  await empty.close()
})
