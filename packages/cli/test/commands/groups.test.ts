// Groups from the command line: which there are, who is in them, how far they are.
import { Client, type GroupConsumer } from '@goqueue/client'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { Cluster, Collector } from './cluster.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 }) // a real broker on a busy machine takes its time

let cluster: Cluster
let client: Client
const members: GroupConsumer[] = []

/** Four partitions with three records each, and two members that have committed one of each of their partitions. */
beforeAll(async () => {
  cluster = await Cluster.open()
  client = new Client({ brokers: [cluster.address], clientId: 'billing-service' })
  await client.admin().createTopic({ name: 'orders', partitions: 4 })
  for (const partition of [0, 1, 2, 3]) {
    for (const value of ['a', 'b', 'c']) await client.producer().send({ topic: 'orders', partition, value })
  }
  for (const consumerId of ['consumer-1', 'consumer-2']) {
    members.push(client.groupConsumer({ groupId: 'billing', consumerId, topics: ['orders'] }))
  }
  await Promise.all(members.map((member) => member.joinGroup()))
  while (members.some((member) => member.getAssignment()['orders']?.length !== 2)) {
    await new Promise((resolve) => setImmediate(resolve)) // until both have heard of each other
  }
  for (const member of members) {
    for (const partition of member.getAssignment()['orders'] ?? []) {
      if (partition > 0) await member.commitOffset('orders', partition, 1)
    }
  }
})
afterAll(async () => {
  await client.close()
  await cluster.close()
})

describe('list-groups', () => {
  it('lists them with their states, for people and for programs', async () => {
    expect((await cluster.run(['list-groups'])).stdout).toBe(
      'GROUP     STATE    PROTOCOL TYPE\nbilling   Stable   consumer\n',
    )
    expect(await cluster.json(['list-groups'])).toEqual([
      { groupId: 'billing', state: 'Stable', protocolType: 'consumer' },
    ])
  })

  it('lists those in a state', async () => {
    expect(await cluster.json(['list-groups', '--state', 'stable', '--state', 'Empty'])).toHaveLength(1)
    expect((await cluster.run(['list-groups', '--state', 'Empty'])).stdout).toBe(
      'There are no groups in state Empty.\n',
    )
    expect(await cluster.run(['list-groups', '--state', 'happy'])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/^goqueue-admin: --state takes one of Stable, .*, not 'happy'\./) as string,
    })
  })

  it('says so when there are none', async () => {
    const empty = await Cluster.open()
    expect((await empty.run(['list-groups'])).stdout).toBe('There are no groups.\n')
    expect(await empty.json(['list-groups'])).toEqual([])
    await empty.close()
  })
})

interface DescribedGroup {
  members: { memberId: string; consumerId: string; assignment: Record<string, number[]> }[]
  partitions: { partition: number; owner: string }[]
}

describe('describe-group', () => {
  it('as JSON has state, coordinator, assignor, members, and each partition with its lag and owner', async () => {
    const group = await cluster.json<DescribedGroup>(['describe-group', 'billing'])
    expect(group).toMatchObject({
      groupId: 'billing',
      state: 'Stable',
      protocolType: 'consumer',
      coordinator: cluster.address,
      assignor: 'roundrobin',
      totalLag: 9,
    })
    expect(group.members).toHaveLength(2)
    for (const { consumerId, assignment, ...member } of group.members) {
      expect(member).toEqual({
        memberId: expect.any(String) as string,
        clientId: 'billing-service',
        host: '/127.0.0.1',
      })
      const joined = members.find((candidate) => candidate.consumerId === consumerId)
      expect(assignment).toEqual(joined?.getAssignment())
    }
    const ownerOf = (partition: number) =>
      group.members.find(({ assignment }) => assignment['orders']?.includes(partition))?.memberId
    expect(group.partitions).toEqual(
      [0, 1, 2, 3].map((partition) => ({
        topic: 'orders',
        partition,
        committedOffset: partition === 0 ? null : 1,
        logEndOffset: 3,
        lag: partition === 0 ? 3 : 2, // from the start of the log where nothing is committed
        timeBehindMs: expect.any(Number) as number,
        owner: ownerOf(partition),
      })),
    )
  })

  it('for people has the same in three parts', async () => {
    const { stdout } = await cluster.run(['describe-group', 'billing'])
    const [facts, memberTable, partitionTable] = stdout.split('\n\n')
    expect(facts).toBe(
      [
        'Group         billing',
        'State         Stable',
        `Coordinator   ${cluster.address}`,
        'Assignor      roundrobin',
        'Total lag     9',
      ].join('\n'),
    )
    expect(memberTable).toMatch(/^MEMBER +CONSUMER ID +CLIENT ID +HOST +PARTITIONS\n/)
    expect(memberTable).toMatch(/^consumer-1-[0-9a-f]{8} +consumer-1 +billing-service +\/127\.0\.0\.1 +2$/m)
    expect(partitionTable).toMatch(/^TOPIC +PARTITION +COMMITTED +LOG END +LAG +TIME BEHIND +OWNER\n/)
    expect(partitionTable).toMatch(/^orders +0 +- +3 +3 +\d+ .* +consumer-[12]$/m)
    expect(partitionTable).toMatch(/^orders +3 +1 +3 +2 +\d+ .* +consumer-[12]$/m)
  })

  it('shows one part at a time', async () => {
    const keys = async (...flags: string[]) =>
      Object.keys(await cluster.json<object>(['describe-group', 'billing', ...flags])).slice(5)
    expect(await keys('--state')).toEqual([])
    expect(await keys('--members')).toEqual(['members'])
    expect(await keys('--offsets')).toEqual(['partitions', 'totalLag'])
    expect(await keys('--members', '--offsets')).toEqual(['members', 'partitions', 'totalLag'])
    expect((await cluster.run(['describe-group', 'billing', '--state'])).stdout).toMatch(/^Members +2$/m)
    const { stdout } = await cluster.run(['describe-group', 'billing', '--members'])
    expect(stdout).toMatch(/^\S+ +consumer-1 +billing-service +\/127\.0\.0\.1 +orders: \d, \d$/m)
    expect(stdout).not.toContain('LOG END')
  })

  it('with --watch goes on until Ctrl-C', async () => {
    const interrupted = new AbortController()
    const stdout = new Collector()
    const outcome = cluster.run(['describe-group', 'billing', '--watch'], { stdout, interrupt: interrupted.signal })
    await stdout.until((text) => text.includes('LOG END'))
    interrupted.abort()
    expect(await outcome).toMatchObject({ exitCode: 0, stderr: '' })
    expect((await cluster.run(['describe-group', 'billing', '--watch', '--output', 'json'])).exitCode).toBe(2)
  })

  it('a group that is not there is one sentence', async () => {
    expect(await cluster.run(['describe-group', 'nobody'])).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: "goqueue-admin: There is no group 'nobody'; goqueue-admin list-groups shows what there is.\n",
    })
  })

  it('N16: nothing in a name speaks to the terminal, in a sentence about it either', async () => {
    const { stderr } = await cluster.run(['describe-group', 'a\x1b[2J\u202eb'])
    expect(stderr).toMatch(/^goqueue-admin: There is no group 'a\\x1b\[2J\\u202eb';.*\n$/)
  })
})
