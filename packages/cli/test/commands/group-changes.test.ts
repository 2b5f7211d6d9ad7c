// What changes groups from the command line: a plan first, refused while members are in the way.
import { Client } from '@goqueue/client'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { Cluster } from './cluster.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 }) // a real broker on a busy machine takes its time

let cluster: Cluster
let client: Client
let members: Client

beforeAll(async () => {
  cluster = await Cluster.open()
  client = new Client({ brokers: [cluster.address] })
  await client.admin().createTopic({ name: 'orders', partitions: 2 })
})
beforeEach(async () => {
  members = new Client({ brokers: [cluster.address], clientId: 'billing-service' })
  const places = [0, 1].map((partition) => ({ topic: 'orders', partition }))
  await client.admin().alterGroupOffsets(
    'billing',
    places.map((place, index) => ({ ...place, offset: 5 + index })),
  )
})
afterEach(async () => {
  await members.close()
  if ((await groupIds()).includes('billing')) {
    await client.admin().removeMembers('billing')
    await client.admin().deleteGroup('billing')
  }
})
afterAll(async () => {
  await client.close()
  await cluster.close()
})

const groupIds = async () => (await client.admin().listGroups()).map(({ groupId }) => groupId)
const memberNames = async () =>
  (await client.admin().describeGroup('billing')).members.map(({ consumerId }) => consumerId).sort()
const join = (consumerId: string) =>
  members.groupConsumer({ groupId: 'billing', consumerId, topics: ['orders'] }).joinGroup()

describe('delete-group', () => {
  it('says what it would delete, and deletes it with --execute', async () => {
    expect((await cluster.run(['delete-group', 'billing'])).stdout).toBe(
      'Would delete group billing and what it has committed for 2 partitions.\nNothing was changed; add --execute to do it.\n',
    )
    expect(await groupIds()).toEqual(['billing'])
    expect(await cluster.json(['delete-group', 'billing', '--execute'])).toEqual({
      groupId: 'billing',
      state: 'Empty',
      members: [],
      offsets: 2,
      executed: true,
    })
    expect(await groupIds()).toEqual([])
    expect(await cluster.run(['delete-group', 'billing', '--execute'])).toMatchObject({
      exitCode: 1,
      stderr: "goqueue-admin: There is no group 'billing'; goqueue-admin list-groups shows what there is.\n",
    })
  })

  it('is refused while the group has members, who are named', async () => {
    await join('consumer-1')
    const { exitCode, stdout, stderr } = await cluster.run(['delete-group', 'billing', '--execute'])
    expect([exitCode, stdout]).toEqual([1, ''])
    expect(stderr).toBe(
      "goqueue-admin: Group 'billing' has members and cannot be deleted: 'consumer-1' on /127.0.0.1; stop them, or remove those that are gone with goqueue-admin remove-members billing.\n",
    )
    expect((await cluster.run(['delete-group', 'billing'])).stdout).toContain("has members and cannot be deleted: 'con")
    expect(await groupIds()).toEqual(['billing'])
  })
})

describe('remove-members', () => {
  it('says who would go, and removes all of them with --execute', async () => {
    await Promise.all([join('consumer-1'), join('consumer-2')])
    const { stdout } = await cluster.run(['remove-members', 'billing'])
    expect(stdout).toMatch(/^Would remove 2 members of group billing:\n\nMEMBER +CONSUMER ID +HOST +PARTITIONS\n/)
    expect(stdout).toMatch(/^\S+ +consumer-2 +\/127\.0\.0\.1 +\d$/m)
    expect(stdout).toMatch(/\nNothing was changed; add --execute to do it\.\n$/)
    expect(await memberNames()).toEqual(['consumer-1', 'consumer-2'])
    await cluster.json(['remove-members', 'billing', '--execute'])
    expect(await memberNames()).toEqual([])
    expect((await cluster.run(['remove-members', 'billing'])).stdout).toBe('Group billing has no members.\n')
  })

  it('knows a member by its id, whole or as describe-group shows it', async () => {
    await Promise.all([join('consumer-1'), join('consumer-2')])
    const { stdout } = await cluster.run(['describe-group', 'billing', '--members'])
    const shown = /^(consumer-2-[0-9a-f]{8}) /m.exec(stdout)?.[1] ?? ''
    interface Plan {
      members: { memberId: string; consumerId: string }[]
    }
    const plan = (id: string) => cluster.json<Plan>(['remove-members', 'billing', '--member', id])
    const { members: chosen } = await plan(shown)
    expect(chosen).toMatchObject([{ consumerId: 'consumer-2' }])
    expect((await plan(chosen[0]?.memberId ?? '')).members).toEqual(chosen)
  })

  it('removes those that are named', async () => {
    await Promise.all([join('consumer-1'), join('consumer-2')])
    expect(await cluster.json(['remove-members', 'billing', '--consumer-id', 'consumer-1', '--execute'])).toEqual({
      groupId: 'billing',
      members: [expect.objectContaining({ consumerId: 'consumer-1', clientId: 'billing-service' }) as object],
      executed: true,
    })
    expect(await memberNames()).toEqual(['consumer-2'])
    expect(await cluster.run(['remove-members', 'billing', '--member', 'x', '--execute'])).toMatchObject({
      exitCode: 1,
      stderr:
        "goqueue-admin: Group 'billing' has no member 'x'; goqueue-admin describe-group billing shows who is in it.\n",
    })
  })
})

describe('delete-offsets', () => {
  const committed = async () => (await client.admin().groupOffsets('billing')).map(({ partition }) => partition)

  it('says what is committed there, and deletes it with --execute', async () => {
    const args = ['delete-offsets', 'billing', '--topic', 'orders:1']
    expect((await cluster.run(args)).stdout).toBe(
      [
        'Would delete what group billing has committed for 1 partition:',
        '',
        'TOPIC    PARTITION   COMMITTED',
        'orders           1           6',
        '',
        'Nothing was changed; add --execute to do it.',
        '',
      ].join('\n'),
    )
    expect(await committed()).toEqual([0, 1])
    expect(await cluster.json([...args, '--execute'])).toEqual({
      groupId: 'billing',
      partitions: [{ topic: 'orders', partition: 1, committedOffset: 6 }],
      executed: true,
    })
    expect(await committed()).toEqual([0])
    expect((await cluster.run(args)).stdout).toBe('Group billing has committed nothing there.\n')
  })

  it('is refused for a topic that the group consumes', async () => {
    await join('consumer-1')
    expect(await cluster.run(['delete-offsets', 'billing', '--topic', 'orders', '--execute'])).toEqual({
      exitCode: 1,
      stdout: '',
      stderr:
        "goqueue-admin: Group 'billing' consumes the topic, so its offsets stay: 'consumer-1' on /127.0.0.1; stop its members first.\n",
    })
    expect(await committed()).toEqual([0, 1])
  })
})
