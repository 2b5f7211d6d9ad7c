// What changes topics from the command line: partitions, configs and records.
import { Client } from '@goqueue/client'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { Cluster } from './cluster.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 }) // a real broker on a busy machine takes its time

let cluster: Cluster
let client: Client

beforeAll(async () => {
  cluster = await Cluster.open()
  client = new Client({ brokers: [cluster.address] })
  await client.admin().createTopic({ name: 'orders', partitions: 2 })
  const records = Array.from({ length: 10 }, (_, index) => ({ topic: 'orders', partition: index % 2, value: 'x' }))
  await client.producer().send(records)
})
afterAll(async () => {
  await client.close()
  await cluster.close()
})

const NO_TOPIC = "goqueue-admin: There is no topic 'nowhere'; goqueue-admin list-topics shows what there is.\n"

describe('add-partitions', () => {
  it('adds them, and says what it was', async () => {
    await client.admin().createTopic({ name: 'growing', partitions: 2 })
    expect(await cluster.json(['add-partitions', 'growing', '--partitions', '4'])).toEqual({
      name: 'growing',
      partitionsBefore: 2,
      partitions: 4,
    })
    expect((await cluster.run(['add-partitions', 'growing', '--partitions', '6'])).stdout).toBe(
      'Topic growing has 6 partitions now, and had 4. Records with a key may go to other partitions than before.\n',
    )
    expect((await client.admin().describeTopic('growing')).partitions).toBe(6)
  })

  it('refuses what it has already, and a topic that is not there', async () => {
    expect(await cluster.run(['add-partitions', 'orders', '--partitions', '2'])).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: "goqueue-admin: Topic 'orders' has 2 partitions already, and none can be taken away.\n",
    })
    expect((await cluster.run(['add-partitions', 'nowhere', '--partitions', '2'])).stderr).toBe(NO_TOPIC)
  })
})

describe('configs', () => {
  it('are described with where they come from', async () => {
    const configs = await cluster.json<object[]>(['describe-config', 'orders'])
    expect(configs).toContainEqual({
      name: 'cleanup.policy',
      value: 'delete',
      source: 'DEFAULT_CONFIG',
      isReadOnly: false,
      isSensitive: false,
    })
    expect((await cluster.run(['describe-config', 'orders'])).stdout).toMatch(/^cleanup\.policy +delete +default$/m)
    expect((await cluster.run(['describe-config', '--node', '1'])).stdout).toMatch(/^num\.partitions +1 +default$/m)
    expect((await cluster.run(['describe-config', 'nowhere'])).stderr).toBe(NO_TOPIC)
    expect((await cluster.run(['describe-config'])).exitCode).toBe(2)
    expect((await cluster.run(['describe-config', 'orders', '--node', '1'])).exitCode).toBe(2)
  })

  it('are altered after a plan', async () => {
    await client.admin().alterConfigs({ topic: 'orders' }, { set: { 'segment.ms': 500 } })
    const args = ['alter-config', 'orders', '--set', 'retention.bytes=1000', '--delete', 'segment.ms']
    const value = async (name: string) =>
      (await client.admin().describeConfigs({ topic: 'orders' })).find((config) => config.name === name)
    const { stdout } = await cluster.run(args)
    expect(stdout).toMatch(/^Would change 2 configs of topic orders:\n\nCONFIG +CURRENT +NEW\n/)
    expect(stdout).toMatch(/^retention\.bytes +-1 +1000$/m)
    expect(stdout).toMatch(/^segment\.ms +500 +\(default\)$/m)
    expect(await value('retention.bytes')).toMatchObject({ value: '-1' })
    expect(await cluster.json([...args, '--execute'])).toEqual({
      name: 'orders',
      changes: [
        { name: 'retention.bytes', current: '-1', new: '1000' },
        { name: 'segment.ms', current: '500', new: null },
      ],
      executed: true,
    })
    expect(await value('retention.bytes')).toMatchObject({ value: '1000' })
    expect(await value('segment.ms')).toMatchObject({ source: 'DEFAULT_CONFIG' })
  })

  it('that the cluster refuses are refused in the plan', async () => {
    const { exitCode, stderr } = await cluster.run(['alter-config', 'orders', '--set', 'retention.ms=long'])
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(/INVALID_CONFIG, .*it must be a whole number/)
    expect((await cluster.run(['alter-config', 'orders'])).exitCode).toBe(2)
    expect((await cluster.run(['alter-config', 'orders', '--set', 'a=1', '--delete', 'a'])).exitCode).toBe(2)
  })
})

describe('delete-records', () => {
  const begins = async () =>
    (await client.admin().describeTopic('orders')).partitionDetails.map(({ beginOffset }) => beginOffset)

  it('deletes what lies before an offset, after a plan', async () => {
    const args = ['delete-records', 'orders', '--before', '0:2', '--before', '1:end']
    expect((await cluster.run(args)).stdout).toBe(
      [
        'Would delete 7 records of topic orders:',
        '',
        'PARTITION   BEGIN   NEW BEGIN   END   OFFSETS',
        '        0       0           2     5         2',
        '        1       0           5     5         5',
        '',
        'Nothing was changed; add --execute to do it.',
        '',
      ].join('\n'),
    )
    expect(await begins()).toEqual([0, 0])
    expect(await cluster.json([...args, '--execute'])).toMatchObject({ name: 'orders', offsets: 7, executed: true })
    expect(await begins()).toEqual([2, 5])
    expect(await cluster.json(['delete-records', 'orders', '--before', '0:1', '--execute'])).toMatchObject({
      offsets: 0,
    })
    expect(await begins()).toEqual([2, 5])
  })

  it('refuses what is not there', async () => {
    const stderr = async (...args: string[]) => (await cluster.run(['delete-records', ...args])).stderr
    expect(await stderr('nowhere', '--before', '0:1')).toBe(NO_TOPIC)
    expect(await stderr('orders', '--before', '7:1')).toBe(
      "goqueue-admin: Topic 'orders' has no partition 7, but 2 from 0.\n",
    )
    expect(await stderr('orders', '--before', '0:99')).toBe(
      "goqueue-admin: Partition 0 of 'orders' ends at offset 5, before 99; 0:end deletes all of it.\n",
    )
    expect(await stderr('orders', '--before', '0')).toMatch(
      /--before takes PARTITION:OFFSET or PARTITION:end, not '0'\./,
    )
    expect(await stderr('orders', '--before', '0:1', '--before', '0:2')).toMatch(/--before names partition 0 twice\./)
  })
})
