// The admin part of kafkajs, unchanged, against goqueue-broker over TCP.
import { ConfigResourceTypes, Kafka, logLevel, type Admin } from 'kafkajs'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { useBrokerProcesses } from './support/broker-process.ts'

const brokers = useBrokerProcesses()
let kafka: Kafka
let admin: Admin
let topicCount = 0

beforeAll(async () => {
  const broker = await brokers.start({ dataDir: await brokers.directory() })
  kafka = new Kafka({ brokers: [broker.address], logLevel: logLevel.NOTHING })
  admin = kafka.admin()
  await admin.connect()
})

afterAll(() => admin.disconnect())

/** A topic with so many records in its one partition. */
async function newTopic(recordCount: number): Promise<string> {
  const topic = `topic-${++topicCount}`
  await admin.createTopics({ topics: [{ topic, numPartitions: 1 }] })
  const producer = kafka.producer()
  await producer.connect()
  await producer.send({ topic, messages: Array.from({ length: recordCount }, () => ({ value: 'x' })) })
  await producer.disconnect()
  return topic
}

async function offsetOf(groupId: string, topic: string): Promise<string | undefined> {
  const [fetched] = await admin.fetchOffsets({ groupId, topics: [topic] })
  return fetched?.partitions[0]?.offset
}

it('adds partitions, and deletes records', async () => {
  const topic = await newTopic(5)
  await admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] })
  await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '2' }] })
  const offsets = await admin.fetchTopicOffsets(topic)
  expect(offsets.toSorted((a, b) => a.partition - b.partition)).toMatchObject([
    { partition: 0, low: '2', high: '5' },
    { partition: 1, low: '0', high: '0' },
    { partition: 2, low: '0', high: '0' },
  ])
  await expect(admin.createPartitions({ topicPartitions: [{ topic, count: 2 }] })).rejects.toThrow()
})

it('reads and alters the configs of a topic', async () => {
  const name = await newTopic(1)
  const resource = { type: ConfigResourceTypes.TOPIC, name }
  const valueOf = async (config: string) => {
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ ...resource, configNames: [config] }],
    })
    return resources[0]?.configEntries[0]?.configValue
  }
  expect(await valueOf('retention.ms')).toBe('604800000')
  const alter = (config: string, value: string) =>
    admin.alterConfigs({ validateOnly: false, resources: [{ ...resource, configEntries: [{ name: config, value }] }] })
  await alter('retention.ms', '1000')
  expect(await valueOf('retention.ms')).toBe('1000')
  await expect(alter('cleanup.policy', 'compact')).rejects.toThrow()
})

it('resets the offsets of a group, and deletes the group', async () => {
  const topic = await newTopic(5)
  await admin.resetOffsets({ groupId: 'readers', topic, earliest: true })
  // kafkajs commits −2, and a consumer of its own then starts where its policy says.
  expect(Number(await offsetOf('readers', topic))).toBeLessThan(0)
  expect((await admin.listGroups()).groups.map(({ groupId }) => groupId)).toContain('readers')
  expect(await admin.deleteGroups(['readers'])).toMatchObject([{ groupId: 'readers', errorCode: 0 }])
  expect((await admin.listGroups()).groups).toEqual([])
  await expect(admin.deleteGroups(['readers'])).rejects.toThrow('DeleteGroups')
})

it('a consumer whose next record was deleted goes on where its policy says', async () => {
  const topic = await newTopic(5)
  await admin.setOffsets({ groupId: 'late', topic, partitions: [{ partition: 0, offset: '1' }] })
  expect(await offsetOf('late', topic)).toBe('1')
  await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '3' }] })
  const consumer = kafka.consumer({ groupId: 'late' })
  onTestFinished(() => consumer.disconnect())
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  const offset = await new Promise<string>((resolve) => {
    void consumer.run({ eachMessage: ({ message }) => Promise.resolve(resolve(message.offset)) })
  })
  expect(offset).toBe('3')
})
