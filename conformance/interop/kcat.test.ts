// kcat, which is librdkafka, against goqueue-broker: everything that people do with it from a shell.
import { compressionOf, type CompressionName } from '@goqueue/protocol'
import { beforeAll, describe, expect, it } from 'vitest'
import { useBrokerProcesses, type Address } from '../support/broker-process.ts'
import { LineProcess, untilAny } from '../support/line-process.ts'
import { requireBinary } from '../support/require-binary.ts'
import { storedBatches } from '../support/stored-batches.ts'
import { WireConnection } from '../support/wire-connection.ts'

const SESSION = ['-X', 'session.timeout.ms=6000', '-X', 'heartbeat.interval.ms=500']

const brokers = useBrokerProcesses()
let address: Address
let topicCount = 0

beforeAll(async () => {
  requireBinary('kcat', ['-V'], 'kcat')
  const broker = await brokers.start({ dataDir: await brokers.directory() })
  address = await broker.ready
})

function startKcat(args: readonly string[], input?: string): LineProcess {
  const all = ['-b', `${address.host}:${address.port}`, '-X', 'broker.address.family=v4', ...args]
  return new LineProcess('kcat', all, input === undefined ? {} : { input })
}

/** Runs kcat to its end; its lines. */
async function kcat(args: readonly string[], input?: string): Promise<readonly string[]> {
  const ended = await startKcat(args, input).ended
  expect(ended, ended.stderr).toMatchObject({ exitCode: 0 })
  return ended.lines
}

const produce = (topic: string, lines: readonly string[], args: readonly string[] = []) =>
  kcat(['-P', '-t', topic, '-X', 'acks=all', ...args], `${lines.join('\n')}\n`)

/** Every line is its own key, so they spread over the partitions; without keys librdkafka sticks to one for a while. */
const produceKeyed = (topic: string, lines: readonly string[]) =>
  produce(
    topic,
    lines.map((line) => `${line}:${line}`),
    ['-K:'],
  )

const consume = (topic: string, args: readonly string[] = []) => kcat(['-C', '-t', topic, '-e', '-q', ...args])

async function withConnection<T>(use: (connection: WireConnection) => Promise<T>): Promise<T> {
  const connection = await WireConnection.to(address)
  return use(connection).finally(() => connection.close())
}

/** A topic of the test's own; its name. */
async function newTopic(numPartitions: number): Promise<string> {
  const name = `topic-${++topicCount}`
  const { topics } = await withConnection((connection) =>
    connection.request('CreateTopics', 5, {
      topics: [{ name, numPartitions, replicationFactor: 1, assignments: [], configs: [] }],
    }),
  )
  expect(topics).toMatchObject([{ errorCode: 'NONE' }])
  return name
}

const numbered = (name: string, count: number) => Array.from({ length: count }, (_, index) => `${name}-${index}`)

describe('kcat -L', () => {
  it('lists the broker and the partitions of each topic', async () => {
    const topic = await newTopic(3)
    const metadata = JSON.parse((await kcat(['-L', '-J', '-t', topic])).join('')) as unknown
    const partition = { leader: 1, replicas: [{ id: 1 }], isrs: [{ id: 1 }] }
    expect(metadata).toMatchObject({
      controllerid: 1,
      brokers: [{ id: 1, name: `${address.host}:${address.port}` }],
      topics: [{ topic, partitions: [0, 1, 2].map((index) => ({ partition: index, ...partition })) }],
    })
  })

  it('says of a topic that it does not exist', async () => {
    const { exitCode, stderr } = await startKcat(['-C', '-t', 'nowhere', '-e']).ended
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(/Topic nowhere error: Broker: Unknown topic or partition/)
  })
})

describe('kcat -P', () => {
  it.each<CompressionName>(['none', 'gzip', 'snappy', 'lz4', 'zstd'])(
    'what is sent with compression %s is stored with it and read back in order',
    async (compression) => {
      const topic = await newTopic(1)
      const lines = numbered(`a value that can be compressed, of ${compression}`, 50)
      await produce(topic, lines, ['-z', compression])
      expect(await consume(topic)).toEqual(lines)
      const compressions = (await storedBatches(address, topic)).map(compressionOf)
      expect(new Set(compressions)).toEqual(new Set([compression]))
    },
  )

  it('keys, headers and null values come back as they were sent', async () => {
    const topic = await newTopic(1)
    await produce(topic, ['key:value'], ['-K:', '-H', 'trace=abc', '-H', 'empty='])
    await produce(topic, ['deleted:'], ['-K:', '-Z'])
    const records = (await consume(topic, ['-J'])).map((line) => JSON.parse(line) as unknown)
    expect(records).toMatchObject([
      { offset: 0, key: 'key', payload: 'value', headers: ['trace', 'abc', 'empty', ''] },
      { offset: 1, key: 'deleted', payload: null },
    ])
  })

  it.each(['0', '1', 'all'])('acks=%s is accepted', async (acks) => {
    const topic = await newTopic(1)
    await kcat(['-P', '-t', topic, '-X', `acks=${acks}`], 'a\nb\n')
    // Without acks kcat may be gone before the records are there: so ask for them, not for the end.
    expect(await kcat(['-C', '-t', topic, '-q', '-c', '2', '-o', 'beginning'])).toEqual(['a', 'b'])
  })

  it('an idempotent producer numbers its batches without a gap', async () => {
    const topic = await newTopic(1)
    const lines = numbered('line', 30)
    await produce(topic, lines, ['-X', 'enable.idempotence=true', '-X', 'batch.num.messages=7'])
    expect(await consume(topic)).toEqual(lines)
    const headers = await storedBatches(address, topic)
    expect(headers.length).toBeGreaterThan(1)
    expect(new Set(headers.map(({ producerId }) => producerId)).size).toBe(1)
    for (const { producerId, producerEpoch, baseSequence, baseOffset } of headers) {
      expect(producerId).toBeGreaterThanOrEqual(0)
      expect({ producerEpoch, baseSequence }).toEqual({ producerEpoch: 0, baseSequence: baseOffset })
    }
  })

  it('a transactional producer is told at once, and why', async () => {
    const topic = await newTopic(1)
    const { exitCode, stderr } = await startKcat(['-P', '-t', topic, '-X', 'transactional.id=tx'], 'a\n').ended
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(/ERROR: init_transactions\(\): .*transactions are not supported/)
    expect(await consume(topic)).toEqual([])
  })
})

describe('kcat -C and -Q', () => {
  it('starts at an offset, at so many before the end, and at the end', async () => {
    const topic = await newTopic(1)
    const lines = numbered('line', 10)
    await produce(topic, lines)
    expect(await consume(topic, ['-o', 'beginning'])).toEqual(lines)
    expect(await consume(topic, ['-p', '0', '-o', '7'])).toEqual(lines.slice(7))
    expect(await consume(topic, ['-p', '0', '-o', '-3'])).toEqual(lines.slice(-3))
    expect(await consume(topic, ['-p', '0', '-o', 'end'])).toEqual([])
  })

  it('starts and ends at timestamps, and -Q finds the offsets of the same', async () => {
    const topic = await newTopic(1)
    await produce(topic, ['early-1', 'early-2'])
    const early = (await consume(topic, ['-f', '%T\\n'])).map(Number)
    const middleMs = Math.max(...early) + 1
    await produce(topic, ['late-1', 'late-2'])
    expect(await consume(topic, ['-o', `s@${middleMs}`])).toEqual(['late-1', 'late-2'])
    expect(await consume(topic, ['-o', 's@0', '-o', `e@${middleMs}`])).toEqual(['early-1', 'early-2'])
    const ask = (timestamp: number) => kcat(['-Q', '-t', `${topic}:0:${timestamp}`])
    expect(await ask(middleMs)).toEqual([`${topic} [0] offset 2`])
    expect(await ask(0)).toEqual([`${topic} [0] offset 0`])
    expect(await ask(-1)).toEqual([`${topic} [0] offset 4`])
    expect(await ask(-2)).toEqual([`${topic} [0] offset 0`])
    expect(await ask(Date.now() + 60_000)).toEqual([`${topic} [0] offset -1`])
  })
})

describe('kcat -G', () => {
  const ASSIGNED = /^% Group .* assigned: (?<partitions>.*)$/
  const assigned = (member: LineProcess): string[] => {
    const last = member.errorOutput.split('\n').findLast((line) => line.includes(' rebalanced '))
    return ASSIGNED.exec(last ?? '')?.groups?.['partitions']?.split(', ') ?? []
  }
  const startMember = (groupId: string, topic: string) =>
    startKcat(['-G', groupId, '-o', 'beginning', '-u', '-X', 'auto.commit.interval.ms=200', ...SESSION, topic])
  const hasAssigned = (member: LineProcess, count: number) => member.until(() => assigned(member).length === count)
  const readBy = (...members: readonly LineProcess[]) => new Set(members.flatMap(({ lines }) => lines))

  it('two members share four partitions; one leaves, the other is killed, a third goes on: nothing is lost', async () => {
    const topic = await newTopic(4)
    const first = startMember('shared', topic)
    await hasAssigned(first, 4)
    const second = startMember('shared', topic)
    await hasAssigned(second, 2)
    await hasAssigned(first, 2)
    expect([...assigned(first), ...assigned(second)].toSorted()).toEqual(
      [0, 1, 2, 3].map((index) => `${topic} [${index}]`),
    )
    await produceKeyed(topic, numbered('shared', 40))
    await untilAny([first, second], () => readBy(first, second).size === 40)
    for (const member of [first, second]) expect(member.lines).not.toEqual([])

    first.kill('SIGTERM')
    await first.ended
    await hasAssigned(second, 4)
    await produceKeyed(topic, numbered('left', 20))
    await second.until(() => readBy(first, second).size === 60)

    second.kill('SIGKILL')
    const third = startMember('shared', topic)
    await hasAssigned(third, 4)
    await produceKeyed(topic, numbered('killed', 20))
    await third.until(() => readBy(first, second, third).size === 80)
    const all = [...numbered('shared', 40), ...numbered('left', 20), ...numbered('killed', 20)]
    expect([...readBy(first, second, third)].toSorted()).toEqual(all.toSorted())
  })

  it('a member that comes back goes on behind the committed offsets', async () => {
    const topic = await newTopic(2)
    await produce(topic, numbered('before', 10))
    const before = startKcat(['-G', 'resumed', '-o', 'beginning', '-q', '-c', '10', ...SESSION, topic])
    expect((await before.ended).lines.toSorted()).toEqual(numbered('before', 10).toSorted())
    await produce(topic, numbered('after', 10))
    const after = startKcat(['-G', 'resumed', '-q', '-c', '10', ...SESSION, topic])
    expect((await after.ended).lines.toSorted()).toEqual(numbered('after', 10).toSorted())
  })
})
