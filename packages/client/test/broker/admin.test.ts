// The admin's changes to groups, partitions and configs, against a real broker on virtual time, and one that is old.
import { apis } from '@goqueue/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Client, type Admin } from '../../src/index.ts'
import { EVERY_API, ScriptedBroker } from '../scripted-broker.ts'
import { World } from '../world.ts'

let world: World
let client: Client
let admin: Admin

beforeEach(async () => {
  world = await World.open()
  client = world.client()
  admin = client.admin()
  await world.run(admin.createTopic({ name: 'orders', partitions: 2 }))
})
afterEach(() => world.close())

async function member(consumerId?: string) {
  const group = client.groupConsumer({ groupId: 'g', consumerId, topics: ['orders'] })
  await world.run(group.joinGroup())
  return group
}

const orders = (partition: number) => ({ topic: 'orders', partition })
const committed = async () =>
  (await world.run(admin.groupOffsets('g'))).map(({ partition, offset }) => [partition, offset])

describe('offsets of a group', () => {
  it('are set while it has no members, and make the group where there is none', async () => {
    await world.run(admin.alterGroupOffsets('g', [{ ...orders(1), offset: 7, metadata: 'why' }]))
    expect(await world.run(admin.groupOffsets('g'))).toEqual([{ ...orders(1), offset: 7, metadata: 'why' }])
    const group = await member('consumer-1')
    await world.run(group.leaveGroup())
    await world.run(admin.alterGroupOffsets('g', [{ ...orders(1), offset: 3 }]))
    expect(await committed()).toEqual([[1, 3]])
  })

  it('are not touched while it has members, who are named', async () => {
    const group = await member('consumer-1')
    await world.run(group.commitOffset('orders', 0, 5))
    await expect(world.run(admin.alterGroupOffsets('g', [{ ...orders(0), offset: 0 }]))).rejects.toMatchObject({
      code: 'NON_EMPTY_GROUP',
      message: expect.stringContaining("its members commit its offsets: 'consumer-1' of ") as string,
    })
    expect(await committed()).toEqual([[0, 5]])
  })

  it('of a partition that is not there are refused, and so is an offset that is none', async () => {
    await expect(world.run(admin.alterGroupOffsets('g', [{ ...orders(9), offset: 0 }]))).rejects.toMatchObject({
      code: 'UNKNOWN_TOPIC_OR_PARTITION',
      message: expect.stringContaining("group 'g', orders[9]") as string,
    })
    await expect(world.run(admin.alterGroupOffsets('g', [{ ...orders(0), offset: -1 }]))).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
  })

  it('are deleted, but not for a topic that its members consume', async () => {
    const group = await member()
    await world.run(group.commitOffset('orders', 0, 5))
    await world.run(group.commitOffset('orders', 1, 6))
    await expect(world.run(admin.deleteOffsets('g', [orders(0)]))).rejects.toMatchObject({
      code: 'GROUP_SUBSCRIBED_TO_TOPIC',
    })
    await world.run(group.leaveGroup())
    await world.run(admin.deleteOffsets('g', [orders(0)]))
    expect(await committed()).toEqual([[1, 6]])
    await expect(world.run(admin.deleteOffsets('nobody', [orders(0)]))).rejects.toMatchObject({
      code: 'GROUP_ID_NOT_FOUND',
    })
  })
})

describe('groups', () => {
  it('are listed by their state', async () => {
    await world.run(admin.alterGroupOffsets('empty', [{ ...orders(0), offset: 1 }]))
    await member()
    const idsIn = async (...states: string[]) =>
      (await world.run(admin.listGroups({ states }))).map(({ groupId }) => groupId)
    expect(await idsIn('Empty')).toEqual(['empty'])
    expect(await idsIn('Stable')).toEqual(['g'])
    expect(await idsIn('Empty', 'Stable')).toEqual(['empty', 'g'])
    expect(await idsIn('Dead')).toEqual([])
  })

  it('are deleted with their offsets when they have no members', async () => {
    const group = await member()
    await world.run(group.commitOffset('orders', 0, 1)) // an empty group is there for its offsets
    await expect(world.run(admin.deleteGroup('g'))).rejects.toMatchObject({ code: 'NON_EMPTY_GROUP' })
    await world.run(group.leaveGroup())
    await world.run(admin.deleteGroup('g'))
    expect(await world.run(admin.listGroups())).toEqual([])
    await expect(world.run(admin.deleteGroup('g'))).rejects.toMatchObject({ code: 'GROUP_ID_NOT_FOUND' })
  })

  it('lose the members that are removed: those named, or all', async () => {
    const gone = world.mortalClient()
    const [one, two] = ['static-1', undefined].map((consumerId) =>
      gone.client.groupConsumer({ groupId: 'g', consumerId, topics: ['orders'] }),
    )
    await world.run(Promise.all([one!.joinGroup(), two!.joinGroup()]))
    await world.until(() => [one, two].every((group) => group!.getAssignment()['orders']?.length === 1))
    await world.run(one!.commitOffset('orders', one!.getAssignment()['orders']![0]!, 1))
    gone.kill()
    const members = async () => (await world.run(admin.describeGroup('g'))).members
    await expect(world.run(admin.removeMembers('g', [{ consumerId: 'nobody' }]))).rejects.toMatchObject({
      code: 'UNKNOWN_MEMBER_ID',
      message: expect.stringContaining("member 'nobody'") as string,
    })
    expect(await world.run(admin.removeMembers('g', [{ consumerId: 'static-1' }]))).toBe(1)
    expect((await members()).map(({ consumerId }) => consumerId)).toEqual([null])
    expect(await world.run(admin.removeMembers('g'))).toBe(1)
    expect(await members()).toEqual([])
    expect(await world.run(admin.removeMembers('g'))).toBe(0)
  })
})

describe('partitions', () => {
  it('are added, up to a total that must be more', async () => {
    await world.run(admin.createPartitions('orders', 5))
    expect((await world.run(admin.describeTopic('orders'))).partitions).toBe(5)
    await expect(world.run(admin.createPartitions('orders', 5))).rejects.toMatchObject({ code: 'INVALID_PARTITIONS' })
    await expect(world.run(admin.createPartitions('nowhere', 5))).rejects.toMatchObject({
      code: 'UNKNOWN_TOPIC_OR_PARTITION',
    })
  })

  it('lose the records below an offset', async () => {
    const records = Array.from({ length: 5 }, (_, i) => ({ topic: 'orders', partition: i % 2, value: 'x' }))
    await world.run(client.producer().send(records))
    expect(
      await world.run(
        admin.deleteRecords([
          { ...orders(1), before: 'end' },
          { ...orders(0), before: 1 },
        ]),
      ),
    ).toEqual([
      { ...orders(1), beginOffset: 2 },
      { ...orders(0), beginOffset: 1 },
    ])
    await expect(world.run(admin.deleteRecords([{ ...orders(0), before: 99 }]))).rejects.toMatchObject({
      code: 'OFFSET_OUT_OF_RANGE',
    })
  })
})

describe('configs', () => {
  const configOf = async (name: string) =>
    (await world.run(admin.describeConfigs({ topic: 'orders' }))).find((config) => config.name === name)

  it('of a topic are set and deleted one by one', async () => {
    await world.run(admin.alterConfigs({ topic: 'orders' }, { set: { 'retention.ms': 1_000, 'segment.ms': 500 } }))
    await world.run(admin.alterConfigs({ topic: 'orders' }, { delete: ['segment.ms'] }))
    expect(await configOf('retention.ms')).toEqual({
      name: 'retention.ms',
      value: '1000',
      source: 'DYNAMIC_TOPIC_CONFIG',
      isReadOnly: false,
      isSensitive: false,
    })
    expect(await configOf('segment.ms')).toMatchObject({ source: 'DEFAULT_CONFIG' })
  })

  it('are only checked with validateOnly, and refused with the reason', async () => {
    const resource = { topic: 'orders' }
    await world.run(admin.alterConfigs(resource, { set: { 'retention.ms': 1_000 } }, { validateOnly: true }))
    expect(await configOf('retention.ms')).toMatchObject({ source: 'DEFAULT_CONFIG' })
    await expect(world.run(admin.alterConfigs(resource, { set: { 'retention.ms': 'long' } }))).rejects.toMatchObject({
      code: 'INVALID_CONFIG',
      message: expect.stringContaining('it must be a whole number') as string,
    })
    await expect(
      world.run(admin.alterConfigs(resource, { set: { 'retention.ms': 1 }, delete: ['retention.ms'] })),
    ).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(world.run(admin.describeConfigs({ topic: 'nowhere' }))).rejects.toMatchObject({
      code: 'UNKNOWN_TOPIC_OR_PARTITION',
    })
  })

  it('of a broker are read, and one that is not there is named', async () => {
    const entries = await world.run(admin.describeConfigs({ broker: 1 }))
    expect(entries.find(({ name }) => name === 'num.partitions')).toMatchObject({ isReadOnly: true })
    await expect(world.run(admin.describeConfigs({ broker: 7 }))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  it('that were set stay set where all must be written at once, before KIP-339', async () => {
    const written: unknown[] = []
    const config = { readOnly: false, isSensitive: false, synonyms: [], configType: 0, documentation: null }
    const resource = { errorCode: 'NONE', errorMessage: null, resourceType: 2, resourceName: 'orders' } as const
    const old = new ScriptedBroker({
      ApiVersions: (request) =>
        request.answer({ apiKeys: EVERY_API.filter(({ apiKey }) => apiKey !== apis.IncrementalAlterConfigs.key) }),
      DescribeConfigs: (request) =>
        request.answer({
          results: [
            {
              ...resource,
              configs: [
                { ...config, name: 'retention.ms', value: '1', configSource: 1 },
                { ...config, name: 'segment.ms', value: '2', configSource: 1 },
                { ...config, name: 'max.message.bytes', value: '3', configSource: 5 },
              ],
            },
          ],
        }),
      AlterConfigs: (request) => {
        written.push((request.body as { resources: { configs: unknown }[] }).resources[0]!.configs)
        request.answer({ responses: [resource] })
      },
    })
    const oldClient = new Client({ dial: old.dial, runtime: world.runtime })
    await world.run(
      oldClient
        .admin()
        .alterConfigs({ topic: 'orders' }, { set: { 'cleanup.policy': 'delete' }, delete: ['retention.ms'] }),
    )
    expect(written).toEqual([
      [
        { name: 'segment.ms', value: '2' },
        { name: 'cleanup.policy', value: 'delete' },
      ],
    ])
    await world.run(oldClient.close())
  })
})
