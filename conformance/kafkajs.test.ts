// kafkajs, unchanged, against goqueue-broker over TCP: produces, consumes, shares a group, and outlives the broker's death.
import { fileURLToPath } from 'node:url'
import { CompressionTypes, Kafka, logLevel, type Consumer, type KafkaMessage, type ProducerConfig } from 'kafkajs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { useBrokerProcesses } from './support/broker-process.ts'
import { LineProcess } from './support/line-process.ts'

const MEMBER = fileURLToPath(new URL('./support/kafkajs-member.mjs', import.meta.url))
const SESSION_TIMEOUT_MS = 6_000

const brokers = useBrokerProcesses()

interface Received {
  readonly partition: number
  readonly message: KafkaMessage
}

function kafkaAt(address: string): Kafka {
  // A broker that was killed and comes back must be found soon: kafkajs waits 300 ms first, and ever longer.
  return new Kafka({
    brokers: [address],
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 50, maxRetryTime: 500, retries: 100 },
  })
}

async function startWithTopic(topic: string, numPartitions: number, dataDir?: string) {
  const broker = await brokers.start({ dataDir: dataDir ?? (await brokers.directory()) })
  const kafka = kafkaAt(broker.address)
  const admin = kafka.admin()
  await admin.connect()
  onTestFinished(() => admin.disconnect())
  expect(await admin.createTopics({ topics: [{ topic, numPartitions }] })).toBe(true)
  return { broker, kafka, admin }
}

async function produce(kafka: Kafka, options: ProducerConfig, topic: string, values: readonly string[]): Promise<void> {
  const producer = kafka.producer(options)
  await producer.connect()
  for (const value of values) await producer.send({ topic, messages: [{ key: value, value }] })
  await producer.disconnect()
}

function newConsumer(kafka: Kafka, groupId: string): Consumer {
  const consumer = kafka.consumer({ groupId, sessionTimeout: SESSION_TIMEOUT_MS, heartbeatInterval: 500 })
  onTestFinished(() => consumer.disconnect())
  return consumer
}

/** Runs a consumer from the first offset; `until` resolves when so many records came. */
async function consume(kafka: Kafka, groupId: string, topic: string) {
  const received: Received[] = []
  let tell = () => {}
  const consumer = newConsumer(kafka, groupId)
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({
    autoCommitThreshold: 1,
    eachMessage: ({ partition, message }) => {
      received.push({ partition, message })
      tell()
      return Promise.resolve()
    },
  })
  const until = async (isThere: () => boolean) => {
    while (!isThere()) await new Promise<void>((resolve) => (tell = resolve))
  }
  return { consumer, received, until }
}

const numbered = (name: string, count: number) => Array.from({ length: count }, (_, index) => `${name}-${index}`)

describe('a kafkajs producer and consumer', () => {
  it('every way of producing is read back in order in each partition', async () => {
    const { kafka } = await startWithTopic('orders', 3)
    const ways: Record<string, ProducerConfig> = {
      plain: {},
      idempotent: { idempotent: true, maxInFlightRequests: 1 },
    }
    for (const [name, config] of Object.entries(ways)) await produce(kafka, config, 'orders', numbered(name, 20))
    const producer = kafka.producer()
    await producer.connect()
    const messages = numbered('gzip', 20).map((value) => ({ key: value, value }))
    await producer.send({ topic: 'orders', messages, compression: CompressionTypes.GZIP })
    await producer.disconnect()

    const { received, until } = await consume(kafka, 'readers', 'orders')
    await until(() => received.length >= 60)
    for (const name of ['plain', 'idempotent', 'gzip']) {
      const values = received.map(({ message }) => String(message.value)).filter((value) => value.startsWith(name))
      expect(values.toSorted()).toEqual(numbered(name, 20).toSorted())
    }
    for (const partition of [0, 1, 2]) {
      const records = received.filter((record) => record.partition === partition).map(({ message }) => message)
      expect(records.map(({ offset }) => Number(offset))).toEqual(records.map((_, index) => index))
      for (const name of ['plain', 'idempotent', 'gzip']) {
        const numbers = records.map(({ value }) => String(value).split('-')).filter(([of]) => of === name)
        const order = numbers.map(([, number]) => Number(number))
        expect(order).toEqual(order.toSorted((a, b) => a - b))
      }
    }
  }, 30_000)

  it('keys, headers, empty and null values come back as they were sent', async () => {
    const { kafka, admin } = await startWithTopic('orders', 1)
    const producer = kafka.producer()
    await producer.connect()
    await producer.send({
      topic: 'orders',
      messages: [
        { key: 'key', value: 'value', headers: { trace: 'abc', empty: '' }, timestamp: '1700000000000' },
        { key: 'deleted', value: null },
        { value: '' },
      ],
    })
    await producer.disconnect()
    const { received, until } = await consume(kafka, 'readers', 'orders')
    await until(() => received.length >= 3)
    const [first, second, third] = received.map(({ message }) => message)
    expect(first).toMatchObject({
      offset: '0',
      timestamp: '1700000000000',
      key: Buffer.from('key'),
      value: Buffer.from('value'),
      headers: { trace: Buffer.from('abc'), empty: Buffer.from('') },
    })
    expect(second).toMatchObject({ offset: '1', key: Buffer.from('deleted'), value: null })
    expect(third).toMatchObject({ offset: '2', key: null, value: Buffer.from('') })
    expect(await admin.fetchTopicOffsets('orders')).toEqual([{ partition: 0, offset: '3', high: '3', low: '0' }])
  }, 30_000)
})

describe('a kafkajs group of two', () => {
  interface Line {
    kind: string
    partitions: number[]
    value: string
  }
  const linesOf = (member: LineProcess) => member.lines.map((line) => JSON.parse(line) as Line)
  const partitionsOf = (member: LineProcess) =>
    linesOf(member).findLast(({ kind }) => kind === 'joined')?.partitions ?? []
  const recordsOf = (member: LineProcess) =>
    linesOf(member).flatMap(({ kind, value }) => (kind === 'record' ? value : []))

  it('shares four partitions; one is killed and the other takes over, and no record is lost', async () => {
    const { broker, kafka } = await startWithTopic('orders', 4)
    const args = [MEMBER, broker.address, 'workers', 'orders', String(SESSION_TIMEOUT_MS)]
    const survivor = new LineProcess(process.execPath, args)
    const victim = new LineProcess(process.execPath, args)
    for (const member of [survivor, victim]) await member.until(() => partitionsOf(member).length === 2)
    expect([...partitionsOf(survivor), ...partitionsOf(victim)].toSorted()).toEqual([0, 1, 2, 3])

    await produce(kafka, {}, 'orders', numbered('before', 40))
    await victim.until(() => recordsOf(victim).length > 0)
    victim.kill('SIGKILL')
    await produce(kafka, {}, 'orders', numbered('after', 40))

    const all = [...numbered('before', 40), ...numbered('after', 40)].toSorted()
    const read = () => new Set([...recordsOf(victim), ...recordsOf(survivor)])
    expect((await victim.ended).signal).toBe('SIGKILL')
    await survivor.until(() => read().size >= all.length)
    expect([...read()].toSorted()).toEqual(all)
    expect(partitionsOf(survivor).toSorted()).toEqual([0, 1, 2, 3])
  }, 60_000)
})

describe('a broker that is killed and started again', () => {
  it('serves the same consumer on from where it was, and a new member of the group from the committed offsets', async () => {
    const dataDir = await brokers.directory()
    const { broker, kafka } = await startWithTopic('orders', 2, dataDir)
    await produce(kafka, {}, 'orders', numbered('before', 20))
    const { consumer, received, until } = await consume(kafka, 'readers', 'orders')
    await until(() => received.length >= 20)

    broker.kill('SIGKILL')
    await broker.exited
    await brokers.start({ dataDir, port: broker.port })
    await produce(kafka, {}, 'orders', numbered('after', 20))
    const readOf = (name: string) =>
      new Set(received.map(({ message }) => String(message.value)).filter((value) => value.startsWith(name)))
    await until(() => readOf('after').size >= 20)
    expect(readOf('before').size).toBe(20)
    await consumer.disconnect()

    const second = await consume(kafka, 'readers', 'orders')
    await produce(kafka, {}, 'orders', ['last'])
    await second.until(() => second.received.length > 0)
    expect(second.received.map(({ message }) => String(message.value))).toEqual(['last'])
  }, 60_000)
})
