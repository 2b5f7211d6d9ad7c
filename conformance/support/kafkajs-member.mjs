// A consumer to be killed: joins a group with kafkajs and prints each record as a line of JSON, before it commits it.
import { Kafka, logLevel, PartitionAssigners } from 'kafkajs'

const [, , broker, groupId, topic, sessionTimeout] = process.argv

const kafka = new Kafka({ brokers: [String(broker)], clientId: 'member', logLevel: logLevel.NOTHING })
const consumer = kafka.consumer({
  groupId: String(groupId),
  sessionTimeout: Number(sessionTimeout),
  heartbeatInterval: 500,
  partitionAssigners: [PartitionAssigners.roundRobin],
})

/** A pipe is written at once, so what was printed is out even if the process is killed right after it. */
const print = (event) => process.stdout.write(`${JSON.stringify(event)}\n`)

consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
  print({ kind: 'joined', partitions: payload.memberAssignment[topic] ?? [] })
})
await consumer.connect()
await consumer.subscribe({ topic: String(topic), fromBeginning: true })
await consumer.run({
  autoCommitThreshold: 1,
  eachMessage: async ({ partition, message }) => {
    print({ kind: 'record', partition, offset: message.offset, value: String(message.value) })
  },
})
