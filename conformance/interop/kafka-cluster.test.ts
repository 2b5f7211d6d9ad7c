// Our client, and goqueue-admin, against a broker of Apache Kafka.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { main } from '@goqueue/cli'
import { Client, type ConsumerRecord, type GroupConsumer, type GroupConsumerOptions } from '@goqueue/client'
import { compressionOf, type CompressionName } from '@goqueue/protocol'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { Address } from '../support/broker-process.ts'
import { FETCH_MS } from '../support/maven-class-path.ts'
import { storedBatches } from '../support/stored-batches.ts'
import { KafkaBroker } from './kafka-broker/kafka-broker.ts'

const PARTITIONS = [0, 1, 2, 3]

let kafka: KafkaBroker
let client: Client

beforeAll(async () => {
  kafka = await KafkaBroker.start()
  client = new Client({ brokers: [kafka.address] })
}, FETCH_MS)

afterAll(async () => {
  await (client as Client | undefined)?.close()
  await (kafka as KafkaBroker | undefined)?.end()
})

function wireAddress(): Address {
  const [host, port] = kafka.address.split(':') as [string, string]
  return { host, port: Number(port) }
}

async function readAll(topic: string, partitions: readonly number[], count: number): Promise<ConsumerRecord[]> {
  const consumer = client.consumer()
  onTestFinished(() => consumer.close())
  consumer.assign(partitions.map((partition) => ({ topic, partition, offset: 'earliest' })))
  const records: ConsumerRecord[] = []
  for await (const record of consumer) if (records.push(record) === count) break
  return records
}

const textOf = ({ value }: ConsumerRecord) => value?.toString()

describe('records', () => {
  it.each<CompressionName>(['none', 'gzip', 'snappy', 'lz4', 'zstd'])(
    'what is sent with compression %s is stored with it and read back in order',
    async (compression) => {
      const topic = `compressed-${compression}`
      await client.admin().createTopic({ name: topic, partitions: 1 })
      const values = Array.from({ length: 300 }, (_, index) => `a value that can be compressed, number ${index}`)
      await client.producer({ compression }).send(values.map((value) => ({ topic, value })))
      expect((await readAll(topic, [0], values.length)).map(textOf)).toEqual(values)
      const batches = await storedBatches(wireAddress(), topic)
      expect(new Set(batches.map(compressionOf))).toEqual(new Set([compression]))
    },
  )

  it('keys, headers, timestamps and null values come back as they were sent, each key from one partition', async () => {
    const topic = 'keyed'
    await client.admin().createTopic({ name: topic, partitions: 4 })
    const headers = [
      ['trace', Buffer.from('abc')],
      ['trace', null],
    ] as const
    const sent = Array.from({ length: 40 }, (_, index) => ({
      topic,
      key: `key-${index % 10}`,
      value: index < 30 ? `${index}` : null,
      timestampMs: 1_700_000_000_000 + index,
      headers,
    }))
    const places = await client.producer().send(sent)
    const records = await readAll(topic, PARTITIONS, sent.length)
    for (const [index, { key, value, timestampMs }] of sent.entries()) {
      const { partition, offset } = places[index]!
      const found = records.find((record) => record.partition === partition && record.offset === offset)
      expect(found).toMatchObject({ timestampMs, headers, value: value === null ? null : Buffer.from(value) })
      expect(found?.key?.toString()).toBe(key)
      expect(partition).toBe(places[index % 10]!.partition)
    }
    const [, first] = places
    const at = { topic, partition: first!.partition }
    expect(await client.admin().listOffsets([at], 1_700_000_000_001)).toMatchObject([{ ...at, offset: first!.offset }])
  })

  it('an idempotent producer numbers its batches without a gap', async () => {
    const topic = 'idempotent'
    await client.admin().createTopic({ name: topic, partitions: 1 })
    const producer = client.producer({ idempotent: true, batchBytes: 100 })
    const values = Array.from({ length: 200 }, (_, index) => `value ${index}`)
    await Promise.all(values.map((value) => producer.send([{ topic, value }])))
    expect((await readAll(topic, [0], values.length)).map(textOf)).toEqual(values)
    const batches = await storedBatches(wireAddress(), topic)
    expect(batches.length).toBeGreaterThan(1)
    expect(new Set(batches.map(({ producerId }) => producerId)).size).toBe(1)
    for (const { producerId, baseSequence, baseOffset } of batches) {
      expect(producerId).toBeGreaterThanOrEqual(0)
      expect(baseSequence).toBe(baseOffset)
    }
  })

  it.each([0, 1, 'all'] as const)('acks %s is accepted', async (acks) => {
    const topic = `acks-${acks}`
    await client.admin().createTopic({ name: topic, partitions: 1 })
    await client.producer({ acks }).send([{ topic, value: 'a' }])
    expect((await readAll(topic, [0], 1)).map(textOf)).toEqual(['a'])
  })
})

/** Members of one group on a topic of four partitions: what they own, what they have read, and a wait for both. */
class Group {
  readonly topic: string
  /** Members that were given partitions, in order. */
  readonly assigned: GroupConsumer[] = []
  readonly seen: { readonly member: GroupConsumer; readonly value: string | undefined }[] = []
  private readonly waiting: (() => void)[] = []

  private constructor(topic: string) {
    this.topic = topic
  }

  static async on(topic: string): Promise<Group> {
    await client.admin().createTopic({ name: topic, partitions: PARTITIONS.length })
    return new Group(topic)
  }

  get id(): string {
    return `${this.topic}-readers`
  }

  async join(options: Partial<GroupConsumerOptions> = {}): Promise<GroupConsumer> {
    const member = client.groupConsumer({
      groupId: this.id,
      topics: [this.topic],
      heartbeatIntervalMs: 200,
      onPartitionsAssigned: () => {
        this.assigned.push(member)
        this.tell()
      },
      ...options,
    })
    onTestFinished(() => member.close({ leave: true }))
    await member.joinGroup()
    void this.read(member)
    return member
  }

  of(member: GroupConsumer): readonly number[] {
    return member.getAssignment()[this.topic] ?? []
  }

  /** Resolves when `isThere` says so, asked whenever a member is given partitions or reads a record. */
  async until(isThere: () => boolean): Promise<void> {
    while (!isThere()) await new Promise<void>((resolve) => this.waiting.push(resolve))
  }

  /** Sends a record to each partition; resolves when all four have been read. */
  async flow(value: string): Promise<void> {
    await client.producer().send(PARTITIONS.map((partition) => ({ topic: this.topic, partition, value })))
    await this.until(() => this.readers(value).length >= PARTITIONS.length)
  }

  readers(value: string): GroupConsumer[] {
    return this.seen.filter((one) => one.value === value).map(({ member }) => member)
  }

  private async read(member: GroupConsumer): Promise<void> {
    for await (const record of member) {
      this.seen.push({ member, value: textOf(record) })
      await member.commit(record).catch((error: unknown) => {
        if (!record.signal.aborted) throw error
      })
      this.tell()
    }
  }

  private tell(): void {
    for (const told of this.waiting.splice(0)) told()
  }
}

const inOrder = (partitions: readonly (readonly number[])[]) => partitions.flat().sort((left, right) => left - right)

describe('a group', () => {
  it.each(['roundrobin', 'range', 'sticky', 'cooperative-sticky'])(
    'of three members with consumer ids shares 4 partitions by %s, and two take over what one leaves',
    async (assignor) => {
      const group = await Group.on(`shared-${assignor}`)
      const ids = ['first', 'second', 'third']
      const members: GroupConsumer[] = []
      for (const consumerId of ids) members.push(await group.join({ consumerId, assignors: [assignor] }))
      const shares = (of: readonly GroupConsumer[]) => of.map((member) => group.of(member))
      await group.until(
        () =>
          inOrder(shares(members)).join() === PARTITIONS.join() && shares(members).every((share) => share.length > 0),
      )
      await group.flow('all three')
      expect(new Set(group.readers('all three')).size).toBe(3)

      const described = await client.admin().describeGroup(group.id)
      expect(described).toMatchObject({ state: 'Stable', protocolType: 'consumer', assignor })
      expect(described.members.map(({ consumerId }) => consumerId).sort()).toEqual(ids)
      expect(inOrder(described.members.map(({ assignment }) => assignment[group.topic] ?? []))).toEqual(PARTITIONS)

      const [leaver, ...others] = members as [GroupConsumer, GroupConsumer, GroupConsumer]
      await leaver.leaveGroup()
      await group.until(() => inOrder(shares(others)).join() === PARTITIONS.join())
      await group.flow('the two others')
      expect(new Set(group.readers('the two others'))).toEqual(new Set(others))
    },
  )

  it('has a static member back with its partitions without a rebalance, leader or not', async () => {
    const group = await Group.on('restarted')
    const leader = await group.join({ consumerId: 'leader' })
    const follower = await group.join({ consumerId: 'follower' })
    await group.until(() => group.of(leader).length === 2 && group.of(follower).length === 2)
    await group.flow('before')
    const { generationId } = follower
    const owned = { leader: group.of(leader), follower: group.of(follower) }
    const timesAssigned = (member: GroupConsumer) => group.assigned.filter((one) => one === member).length
    const before = [timesAssigned(leader), timesAssigned(follower)]

    await follower.close()
    const newFollower = await group.join({ consumerId: 'follower' })
    expect(group.of(newFollower)).toEqual(owned.follower)
    await group.flow('with a new follower')
    expect(timesAssigned(leader)).toBe(before[0])

    await leader.close()
    const newLeader = await group.join({ consumerId: 'leader' })
    expect(group.of(newLeader)).toEqual(owned.leader)
    await group.flow('with a new leader')
    expect(timesAssigned(newFollower)).toBe(1)
    expect([newLeader.generationId, newFollower.generationId]).toEqual([generationId, generationId])
  })

  it('keeps commits with their metadata, and a new member goes on from there', async () => {
    const topic = 'committed'
    await client.admin().createTopic({ name: topic, partitions: 2 })
    const values = Array.from({ length: 10 }, (_, index) => `${index}`)
    await client.producer().send(values.map((value) => ({ topic, partition: 0, value })))
    const join = async () => {
      const member = client.groupConsumer({ groupId: 'committers', topics: [topic] })
      onTestFinished(() => member.close())
      await member.joinGroup()
      return member
    }
    const first = await join()
    expect(await first.fetchCommitted(topic, 0)).toBeNull()
    await first.commitOffset(topic, 0, 7, 'of the application')
    expect(await first.fetchCommitted(topic, 0)).toEqual({ offset: 7, metadata: 'of the application' })
    expect(await first.fetchCommitted(topic, 1)).toBeNull()
    await first.close()
    expect(await client.admin().groupOffsets('committers')).toEqual([
      { topic, partition: 0, offset: 7, metadata: 'of the application' },
    ])
    for await (const record of await join()) {
      expect(textOf(record)).toBe('7')
      break
    }
  })
})

describe('the admin', () => {
  it('creates, describes, lists, configures and deletes a topic', async () => {
    const admin = client.admin()
    await admin.createTopic({ name: 'managed', partitions: 3, configs: { 'retention.ms': 1_000_000 } })
    await expect(admin.createTopic({ name: 'managed' })).rejects.toMatchObject({ code: 'TOPIC_ALREADY_EXISTS' })
    const described = await admin.describeTopic('managed')
    expect(described).toMatchObject({ partitions: 3, isInternal: false })
    expect(described.partitionDetails[2]).toMatchObject({ leader: kafka.address, beginOffset: 0, endOffset: 0 })
    expect(await admin.describeConfigs({ topic: 'managed' })).toContainEqual(
      expect.objectContaining({ name: 'retention.ms', value: '1000000' }),
    )
    await admin.deleteTopic('managed')
    expect((await admin.listTopics()).map(({ name }) => name)).not.toContain('managed')
    await expect(admin.describeTopic('managed')).rejects.toMatchObject({ code: 'UNKNOWN_TOPIC_OR_PARTITION' })
  })

  it('sets the offsets of a group without members, and is refused while it has some', async () => {
    const admin = client.admin()
    const group = await Group.on('altered')
    const member = await group.join()
    await group.flow('x')
    const offsets = [{ topic: group.topic, partition: 0, offset: 0 }]
    await expect(admin.alterGroupOffsets(group.id, offsets)).rejects.toMatchObject({ code: 'NON_EMPTY_GROUP' })
    await member.close()
    await admin.alterGroupOffsets(group.id, offsets)
    expect(await admin.groupOffsets(group.id, offsets)).toMatchObject(offsets)
    await admin.deleteGroup(group.id)
    await expect(admin.describeGroup(group.id)).rejects.toMatchObject({ code: 'GROUP_ID_NOT_FOUND' })
  })
})

describe('goqueue-admin', () => {
  async function run(args: readonly string[], input = '') {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()]
    const streams = { stdin: Readable.from(input === '' ? [] : [Buffer.from(input)]), stdout, stderr }
    const said = Promise.all([text(stdout), text(stderr)])
    const exitCode = await main(['--broker', kafka.address, ...args], streams)
    stdout.end()
    stderr.end()
    const [out, err] = await said
    return { exitCode, out, err }
  }

  async function succeed(args: readonly string[], input?: string): Promise<string> {
    const { exitCode, out, err } = await run(args, input)
    expect(exitCode, err).toBe(0)
    return out
  }

  it('creates a topic, produces, consumes in a group, describes the group and resets its offsets', async () => {
    expect(await succeed(['create-topic', 'orders', '--partitions', '1'])).toBe(
      'Created topic orders with 1 partition.\n',
    )
    await succeed(['produce', 'orders'], 'a\nb\nc\n')
    const consume = ['consume', 'orders', '--group', 'billing', '--from-beginning', '--max']
    expect(await succeed([...consume, '2'])).toBe('a\nb\n')
    const describeGroup = async () =>
      JSON.parse(await succeed(['describe-group', 'billing', '--output', 'json'])) as unknown
    const partition = { topic: 'orders', partition: 0, logEndOffset: 3 }
    expect(await describeGroup()).toMatchObject({
      state: 'Empty',
      members: [],
      partitions: [{ ...partition, committedOffset: 2, lag: 1 }],
    })
    const reset = ['reset-offsets', 'billing', '--topic', 'orders', '--to-earliest', '--execute']
    expect(await succeed(reset)).toContain('Reset 1 offset of group billing')
    expect(await describeGroup()).toMatchObject({ partitions: [{ ...partition, committedOffset: 0, lag: 3 }] })
    expect(await succeed([...consume, '3'])).toBe('a\nb\nc\n')
  })

  it('grows, configures, empties and deletes a topic, each time by a plan that is executed', async () => {
    await succeed(['create-topic', 'tools', '--partitions', '1', '--config', 'retention.ms=3600000'])
    await succeed(['produce', 'tools'], 'a\nb\nc\n')
    const described = async <T>(...args: string[]) => JSON.parse(await succeed([...args, '--output', 'json'])) as T
    expect(await succeed(['add-partitions', 'tools', '--partitions', '2'])).toContain('has 2 partitions now, and had 1')
    expect((await run(['add-partitions', 'tools', '--partitions', '1'])).err).toContain('none can be taken away')

    const retention = async () =>
      (await described<{ name: string; value: string }[]>('describe-config', 'tools')).find(
        ({ name }) => name === 'retention.ms',
      )?.value
    const alter = ['alter-config', 'tools', '--set', 'retention.ms=7200000']
    expect(await succeed(alter)).toContain('add --execute')
    expect(await retention()).toBe('3600000')
    await succeed([...alter, '--execute'])
    expect(await retention()).toBe('7200000')
    expect((await run(['alter-config', 'tools', '--set', 'nonsense=1'])).exitCode).toBe(1)
    await succeed(['alter-config', 'tools', '--delete', 'retention.ms', '--execute'])
    expect(await retention()).toBe('604800000')

    const firstPartition = async () =>
      (await described<{ partitions: object[] }>('describe-topic', 'tools')).partitions[0]
    const deletion = ['delete-records', 'tools', '--before', '0:2']
    expect(await succeed(deletion)).toContain('Would delete 2 records')
    expect(await firstPartition()).toMatchObject({ beginOffset: 0, endOffset: 3 })
    expect(await succeed([...deletion, '--execute'])).toContain('Deleted 2 records')
    expect(await firstPartition()).toMatchObject({ beginOffset: 2, endOffset: 3 })

    expect(await succeed(['delete-topic', 'tools'])).toContain('add --execute')
    await succeed(['delete-topic', 'tools', '--execute'])
    expect((await run(['describe-topic', 'tools'])).err).toContain("There is no topic 'tools'")
  })

  it('lists, describes, measures, empties and deletes a group, and resets it only when its members are gone', async () => {
    const group = await Group.on('worked')
    const member = await group.join({ consumerId: 'worker-1' })
    await group.flow('before')
    const { topic, id } = group
    const listed = async (state: string) => succeed(['list-groups', '--state', state])
    expect(await listed('Stable')).toContain(id)
    expect(await listed('Empty')).not.toContain(id)
    for (const view of [[], ['--members'], ['--offsets'], ['--state']]) {
      expect(await succeed(['describe-group', id, ...view])).toContain('Stable')
    }
    expect(await succeed(['describe-group', id, '--members'])).toMatch(/worker-1 .*worked: 0, 1, 2, 3/)
    expect(await succeed(['lag', id])).toMatch(/^Time behind +\d/m)
    expect(await succeed(['lag'])).toContain(id)

    const reset = ['reset-offsets', id, '--topic', `${topic}:0,1`]
    const refused = await run([...reset, '--to-earliest', '--execute'])
    expect(refused).toMatchObject({ exitCode: 1, out: '' })
    expect(refused.err).toMatch(/has members, who commit its offsets: 'worker-1' .*--wait/)
    const waiting = succeed([...reset, '--to-earliest', '--execute', '--wait'])
    await member.close()
    expect(await succeed(['remove-members', id, '--consumer-id', 'worker-1'])).toContain('add --execute')
    await succeed(['remove-members', id, '--consumer-id', 'worker-1', '--execute'])
    expect(await waiting).toContain('Reset 2 offsets')

    const offsets = async () =>
      Object.fromEntries((await client.admin().groupOffsets(id)).map((one) => [one.partition, one.offset]))
    expect(await offsets()).toMatchObject({ 0: 0, 1: 0, 2: 1, 3: 1 })
    const target = async (...flags: string[]) => {
      await succeed([...reset, ...flags, '--execute'])
      const { 0: first, 1: second } = await offsets()
      return [first, second]
    }
    expect(await target('--to-latest')).toEqual([1, 1])
    expect(await target('--shift-by', '-1')).toEqual([0, 0])
    expect(await target('--to-offset', '1')).toEqual([1, 1])
    expect(await target('--by-duration', 'P1D')).toEqual([0, 0])
    expect(await target('--to-datetime', '2100-01-01T00:00:00Z')).toEqual([1, 1])
    expect(await target('--to-current')).toEqual([1, 1])
    const csv = await succeed([...reset, '--to-earliest', '--export'])
    expect(csv).toBe(`${topic},0,0\n${topic},1,0\n`)
    const directory = await mkdtemp(join(tmpdir(), 'goqueue-reset-'))
    onTestFinished(() => rm(directory, { recursive: true }))
    await writeFile(join(directory, 'offsets.csv'), csv)
    await succeed(['reset-offsets', id, '--from-file', join(directory, 'offsets.csv'), '--execute'])
    expect(await offsets()).toMatchObject({ 0: 0, 1: 0 })

    await succeed(['delete-offsets', id, '--topic', `${topic}:0`, '--execute'])
    expect(Object.keys(await offsets())).toEqual(['1', '2', '3'])
    expect(await succeed(['delete-group', id])).toContain('add --execute')
    await succeed(['delete-group', id, '--execute'])
    expect((await run(['describe-group', id])).err).toContain(`There is no group '${id}'`)
  })

  it('explain-group says that this cluster keeps no history of rebalances', async () => {
    const { exitCode, out, err } = await run(['explain-group', 'billing'])
    expect({ exitCode, out }).toEqual({ exitCode: 1, out: '' })
    expect(err).toContain('This cluster keeps no history of rebalances')
  })
})
