// The administrator's tools of Apache Kafka itself, against goqueue-broker: topics, groups, offsets, records.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Client } from '@goqueue/client'
import { apis } from '@goqueue/protocol'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { useBrokerProcesses } from '../support/broker-process.ts'
import { FETCH_MS } from '../support/maven-class-path.ts'
import { requireKafkaTools, runKafkaTool, type KafkaTool } from './kafka-tools/kafka-tools.ts'

const brokers = useBrokerProcesses()
let classPath: string
let server: string
let client: Client

beforeAll(async () => {
  classPath = requireKafkaTools()
  const broker = await brokers.start({ dataDir: await brokers.directory() })
  const { host, port } = await broker.ready
  server = `${host}:${port}`
  client = new Client({ brokers: [server] })
}, FETCH_MS)

afterAll(() => client.close())

/** What a tool printed, without runs of blanks. */
async function run(tool: KafkaTool, ...args: string[]): Promise<string> {
  const ended = await runKafkaTool(classPath, tool, ['--bootstrap-server', server, ...args])
  const text = ended.lines.map((line) => line.trim().replace(/\s+/g, ' ')).join('\n')
  expect(ended.exitCode, `${text}\n${ended.stderr}`).toBe(0)
  return text
}

const groups = (...args: string[]) => run('kafka-consumer-groups', ...args)

/** A topic of 2 partitions with 10 records in each, and a group without members that has read 5 of one of them. */
async function readTopic(name: string): Promise<string> {
  await client.admin().createTopic({ name, partitions: 2 })
  const values = Array.from({ length: 20 }, (_, index) => ({ topic: name, partition: index % 2, value: `${index}` }))
  await client.producer().send(values)
  const groupId = `${name}-readers`
  const group = client.groupConsumer({ groupId, consumerId: 'reader', topics: [name] })
  await group.joinGroup()
  await group.commitOffset(name, 0, 5)
  await group.leaveGroup()
  await group.close()
  return groupId
}

describe('kafka-topics', () => {
  it('creates, grows, describes, lists and deletes a topic', async () => {
    const topic = ['--topic', 'orders']
    expect(
      await run('kafka-topics', '--create', ...topic, '--partitions', '2', '--config', 'retention.ms=1000000'),
    ).toBe('Created topic orders.')
    await run('kafka-topics', '--alter', ...topic, '--partitions', '3')
    const described = await run('kafka-topics', '--describe', ...topic)
    expect(described).toMatch(
      /^Topic: orders TopicId: \S{22} PartitionCount: 3 ReplicationFactor: 1 Configs: retention/,
    )
    expect(described.match(/Leader: 1 Replicas: 1 Isr: 1/g)).toHaveLength(3)
    await run('kafka-topics', '--delete', ...topic)
    expect(await run('kafka-topics', '--list')).not.toContain('orders')
  })
})

describe('kafka-consumer-groups', () => {
  it('lists and describes a group without members, resets and deletes its offsets, and deletes it', async () => {
    const groupId = await readTopic('shipments')
    const group = ['--group', groupId]
    expect(await groups('--list', '--state')).toContain(`${groupId} Empty`)
    expect(await groups('--describe', ...group)).toContain(`${groupId} shipments 0 5 10 5 - - -`)

    const reset = ['--reset-offsets', ...group, '--topic', 'shipments:0']
    expect(await groups(...reset, '--to-offset', '7', '--dry-run')).toContain(`${groupId} shipments 0 7`)
    expect(await groups(...reset, '--shift-by', '-2', '--execute')).toContain(`${groupId} shipments 0 3`)
    expect(await groups('--describe', ...group)).toContain(`${groupId} shipments 0 3 10 7 - - -`)

    expect(await groups('--delete-offsets', ...group, '--topic', 'shipments:1')).toContain('shipments 1 Successful')
    expect(await groups('--delete', ...group)).toContain('was successful')
    expect(await groups('--list')).not.toContain(groupId)
  })

  it('describes the members of a live group, and is refused to reset or delete it', async () => {
    await client.admin().createTopic({ name: 'bills', partitions: 2 })
    const member = client.groupConsumer({ groupId: 'bills-readers', consumerId: 'first', topics: ['bills'] })
    onTestFinished(() => member.close())
    await member.joinGroup()
    const group = ['--group', 'bills-readers']
    const members = await groups('--describe', ...group, '--members', '--verbose')
    expect(members).toMatch(/bills-readers first-\S+ first \/127\.0\.0\.1 goqueue 2 - bills:0,1/)
    expect(await groups('--describe', ...group, '--state')).toMatch(/bills-readers \S+ \(1\) roundrobin Stable 1/)
    const reset = await groups('--reset-offsets', ...group, '--topic', 'bills', '--to-earliest', '--execute')
    expect(reset).toContain('the current state is Stable')
    expect(await groups('--delete', ...group)).toContain('The group is not empty')
    expect(await groups('--delete-offsets', ...group, '--topic', 'bills:0')).toContain('GroupSubscribedToTopic')
  })
})

describe('records', () => {
  it('kafka-delete-records takes the start of a log forward, and kafka-get-offsets finds it there', async () => {
    await readTopic('payments')
    const file = join(await brokers.directory(), 'offsets.json')
    const partitions = [{ topic: 'payments', partition: 1, offset: 4 }]
    await writeFile(file, JSON.stringify({ version: 1, partitions }))
    const deleted = await run('kafka-delete-records', '--offset-json-file', file)
    expect(deleted).toContain('partition: payments-1 low_watermark: 4')
    expect(await run('kafka-get-offsets', '--topic', 'payments', '--time', '-2')).toBe('payments:0:0\npayments:1:4')
    expect(await run('kafka-log-dirs', '--describe', '--topic-list', 'payments')).toContain('"partition":"payments-1"')
  })

  it('kafka-broker-api-versions can use the newest version of everything that is advertised', async () => {
    const lines = (await run('kafka-broker-api-versions')).split('\n').filter((line) => line.includes('usable'))
    const unusable = lines.filter((line) => {
      const { newest, usable } = /(?<newest>\d+) \[usable: (?<usable>\d+)\]/.exec(line)?.groups ?? {}
      return newest === undefined || newest !== usable
    })
    expect(lines).toHaveLength(Object.keys(apis).length)
    expect(unusable).toEqual([])
  })
})
