// lag from the command line: of one group and of all, once, sampled and watched.
import { Client, type GroupConsumer, type GroupLag } from '@goqueue/client'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { Cluster, Collector } from './cluster.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 }) // a real broker on a busy machine takes its time

const TWO_DAYS_MS = 48 * 3_600_000

let cluster: Cluster
let client: Client
let member: GroupConsumer

/** 'billing' is two days behind on one partition and has done the other; 'audit' has members no more, and nothing to do. */
beforeAll(async () => {
  cluster = await Cluster.open()
  client = new Client({ brokers: [cluster.address], clientId: 'billing-service' })
  await client.admin().createTopic({ name: 'orders', partitions: 2 })
  const timestampMs = Date.now() - TWO_DAYS_MS
  for (const partition of [0, 1]) {
    const record = { topic: 'orders', partition, value: 'x', timestampMs }
    await client.producer().send(Array.from({ length: 2_000 }, () => record))
  }
  member = client.groupConsumer({ groupId: 'billing', consumerId: 'consumer-1', topics: ['orders'] })
  await member.joinGroup()
  await member.commitOffset('orders', 0, 500)
  await member.commitOffset('orders', 1, 2_000)
  await client.admin().alterGroupOffsets('audit', [{ topic: 'orders', partition: 1, offset: 2_000 }])
})
afterAll(async () => {
  await client.close()
  await cluster.close()
})

describe('lag GROUP', () => {
  it('as JSON is what the client observes', async () => {
    const lag = await cluster.json<GroupLag>(['lag', 'billing'])
    expect(lag.timeBehindMs).toBeGreaterThanOrEqual(TWO_DAYS_MS)
    const { timeBehindMs } = lag
    expect(lag).toEqual({
      groupId: 'billing',
      state: 'Stable',
      observedAtMs: expect.any(Number) as number,
      lag: 1_500,
      timeBehindMs,
      drainMs: null,
      members: [
        {
          memberId: member.memberId,
          consumerId: 'consumer-1',
          clientId: 'billing-service',
          host: '/127.0.0.1',
          lag: 1_500,
          timeBehindMs,
          drainMs: null,
        },
      ],
      partitions: [0, 1].map((partition) => ({
        topic: 'orders',
        partition,
        committedOffset: partition === 0 ? 500 : 2_000,
        logStartOffset: 0,
        logEndOffset: 2_000,
        owner: member.memberId,
        ...(partition === 0 ? { lag: 1_500, timeBehindMs, drainMs: null } : { lag: 0, timeBehindMs: 0, drainMs: 0 }),
      })),
    })
  })

  it('for people has the group, its members and its partitions', async () => {
    const { stdout } = await cluster.run(['lag', 'billing'])
    const [facts, memberTable, partitionTable] = stdout.split('\n\n')
    expect(facts).toBe(
      [
        'Group           billing',
        'State           Stable',
        'Lag             1,500',
        'Time behind     2 d',
        'Time to drain   -',
      ].join('\n'),
    )
    expect(memberTable).toMatch(/^MEMBER +CLIENT ID +HOST +LAG +TIME BEHIND +TIME TO DRAIN\n/)
    expect(memberTable).toMatch(/^consumer-1 +billing-service +\/127\.0\.0\.1 +1,500 +2 d +-$/m)
    expect(partitionTable).toMatch(/^TOPIC +PARTITION +COMMITTED +LOG END +LAG +TIME BEHIND +TIME TO DRAIN +OWNER\n/)
    expect(partitionTable).toMatch(/^orders +0 +500 +2,000 +1,500 +2 d +- +consumer-1$/m)
    expect(partitionTable).toMatch(/^orders +1 +2,000 +2,000 +0 +0 ms +0 ms +consumer-1$/m)
  })

  it('with --sample-ms looks twice, and says how long it will take', async () => {
    const looking = cluster.json<GroupLag>(['lag', 'billing', '--sample-ms', '50'])
    let isOver = false
    const over = () => (isOver = true)
    looking.then(over, over)
    for (let offset = 501; !isOver && offset < 2_000; offset++) await member.commitOffset('orders', 0, offset)
    const { lag, drainMs } = await looking
    expect(lag).toBeLessThan(1_500)
    expect(drainMs).toBeGreaterThan(0)
    expect((await cluster.run(['lag', 'billing', '--sample-ms', '0'])).exitCode).toBe(2)
    await member.commitOffset('orders', 0, 500)
  })

  it('with --watch goes on until Ctrl-C, and knows the pace from the second picture on', async () => {
    const interrupted = new AbortController()
    const stdout = new Collector()
    const outcome = cluster.run(['lag', 'billing', '--watch'], { stdout, interrupt: interrupted.signal })
    const first = await stdout.until((text) => text.includes('TIME TO DRAIN'))
    expect(first).toMatch(/^Time to drain +-$/m)
    await member.commitOffset('orders', 0, 600)
    await stdout.until((text) => /^Time to drain +\d/m.test(text))
    interrupted.abort()
    expect(await outcome).toMatchObject({ exitCode: 0, stderr: '' })
    await member.commitOffset('orders', 0, 500)
  })

  it('--watch goes with neither JSON nor --sample-ms', async () => {
    expect((await cluster.run(['lag', 'billing', '--watch', '--output', 'json'])).exitCode).toBe(2)
    expect((await cluster.run(['lag', 'billing', '--watch', '--sample-ms', '50'])).exitCode).toBe(2)
  })

  it('a group that is not there is one sentence', async () => {
    expect(await cluster.run(['lag', 'nobody'])).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: "goqueue-admin: There is no group 'nobody'; goqueue-admin list-groups shows what there is.\n",
    })
  })
})

describe('lag of all groups', () => {
  it('is a line for each', async () => {
    const { stdout } = await cluster.run(['lag'])
    expect(stdout).toMatch(/^GROUP +STATE +LAG +TIME BEHIND +TIME TO DRAIN\n/)
    expect(stdout).toMatch(/^audit +Empty +0 +0 ms +0 ms$/m)
    expect(stdout).toMatch(/^billing +Stable +1,500 +2 d +-$/m)
  })

  it('as JSON is a list of the same as for one', async () => {
    const [audit, billing] = await cluster.json<GroupLag[]>(['lag'])
    expect(audit).toMatchObject({ groupId: 'audit', lag: 0, members: [] })
    expect(billing).toMatchObject({ groupId: 'billing', lag: 1_500, members: [{ consumerId: 'consumer-1' }] })
  })

  it('says so when there are none', async () => {
    const empty = await Cluster.open()
    expect((await empty.run(['lag'])).stdout).toBe('There are no groups.\n')
    expect(await empty.json(['lag', '--sample-ms', '1'])).toEqual([])
    await empty.close()
  })
})
