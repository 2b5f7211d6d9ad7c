// Python's two Kafka clients, as Debian ships them, against goqueue-broker: each produces, consumes and shares a group.
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { useBrokerProcesses, type Address } from '../support/broker-process.ts'
import { LineProcess, untilAny } from '../support/line-process.ts'
import { requireBinary } from '../support/require-binary.ts'
import { WireConnection } from '../support/wire-connection.ts'

/** Debian's own Python: the one that has Debian's packages. */
const PYTHON = '/usr/bin/python3'

interface Line {
  readonly kind: 'assigned' | 'record'
  readonly partitions: readonly number[]
  readonly key: string
  readonly value: string
  readonly headers: readonly (readonly [string, string])[]
}

const brokers = useBrokerProcesses()
let address: Address

beforeAll(async () => {
  const broker = await brokers.start({ dataDir: await brokers.directory() })
  address = await broker.ready
})

async function createTopic(name: string, numPartitions: number): Promise<void> {
  const connection = await WireConnection.to(address)
  const { topics } = await connection.request('CreateTopics', 5, {
    topics: [{ name, numPartitions, replicationFactor: 1, assignments: [], configs: [] }],
  })
  connection.close()
  expect(topics).toMatchObject([{ errorCode: 'NONE' }])
}

const numbered = (name: string, count: number) => Array.from({ length: count }, (_, index) => `${name}-${index}`)

describe.each([
  { client: 'kafka-python', module: 'kafka', debianPackage: 'python3-kafka', script: 'kafka_python.py' },
  {
    client: 'confluent',
    module: 'confluent_kafka',
    debianPackage: 'python3-confluent-kafka',
    script: 'confluent.py',
  },
])('$client', ({ client, module, debianPackage, script }) => {
  const path = fileURLToPath(new URL(`./python/${script}`, import.meta.url))
  const broker = () => `${address.host}:${address.port}`

  async function produce(topic: string, lines: readonly string[], compression = 'none'): Promise<void> {
    const args = [path, 'produce', broker(), topic, compression]
    const ended = await new LineProcess(PYTHON, args, { input: lines.join('\n') }).ended
    expect(ended, ended.stderr).toMatchObject({ exitCode: 0 })
  }

  const startMember = (topic: string, groupId: string) =>
    new LineProcess(PYTHON, [path, 'consume', broker(), topic, groupId])
  const linesOf = (member: LineProcess) => member.lines.map((line) => JSON.parse(line) as Line)
  const recordsOf = (member: LineProcess) => linesOf(member).filter(({ kind }) => kind === 'record')
  const readBy = (...members: readonly LineProcess[]) =>
    new Set(members.flatMap((member) => recordsOf(member).map(({ value }) => value)))
  const partitionsOf = (member: LineProcess) =>
    linesOf(member).findLast(({ kind }) => kind === 'assigned')?.partitions ?? []

  beforeAll(() => requireBinary(PYTHON, ['-c', `import ${module}`], debianPackage))

  it('what it produces, plain and with gzip, it reads back with keys and headers', async () => {
    const topic = `${client}-records`
    await createTopic(topic, 2)
    await produce(topic, numbered('plain', 20))
    await produce(topic, numbered('gzip', 20), 'gzip')
    const member = startMember(topic, `${client}-readers`)
    await member.until(() => readBy(member).size === 40)
    expect([...readBy(member)].toSorted()).toEqual([...numbered('plain', 20), ...numbered('gzip', 20)].toSorted())
    for (const { key, value, headers } of recordsOf(member)) {
      expect({ key, headers }).toEqual({ key: value, headers: [['from', client]] })
    }
  })

  it('two members share four partitions; one is killed and the other takes over, and no record is lost', async () => {
    const topic = `${client}-shared`
    await createTopic(topic, 4)
    const survivor = startMember(topic, topic)
    const victim = startMember(topic, topic)
    await untilAny([survivor, victim], () => partitionsOf(survivor).length === 2 && partitionsOf(victim).length === 2)
    expect([...partitionsOf(survivor), ...partitionsOf(victim)].toSorted()).toEqual([0, 1, 2, 3])
    await produce(topic, numbered('before', 40))
    await victim.until(() => readBy(victim).size > 0)
    victim.kill('SIGKILL')
    await victim.ended
    await produce(topic, numbered('after', 40))
    await survivor.until(() => readBy(survivor, victim).size === 80)
    expect(partitionsOf(survivor)).toEqual([0, 1, 2, 3])
  })
})
