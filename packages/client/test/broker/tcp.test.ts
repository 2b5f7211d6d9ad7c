// The client over TCP, on the real clock: the way it is used.
import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { openBroker, type Broker } from '@goqueue/broker-core'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { Client } from '../../src/index.ts'

let broker: Broker
let server: Server
let port: number
const sockets = new Set<Socket>()

async function listen(): Promise<void> {
  server = createServer((socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    broker.serve(socket, { remoteAddress: '127.0.0.1', advertised: { host: '127.0.0.1', port } })
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  port = (server.address() as AddressInfo).port
}

async function stopListening(): Promise<void> {
  server.close()
  for (const socket of sockets) socket.destroy()
  await once(server, 'close')
}

beforeEach(async () => {
  port = 0
  broker = await openBroker({ memory: true, groupInitialRebalanceDelayMs: 0 })
  await listen()
})
afterEach(async () => {
  await stopListening()
  await broker.close()
})

it('produces, joins, consumes and commits', async () => {
  const client = new Client({ brokers: [`127.0.0.1:${port}`], clientId: 'billing', timeoutMs: 5_000 })
  await client.admin().createTopic({ name: 'my-topic', partitions: 4 })
  await client.producer().send({ topic: 'my-topic', key: 'k', value: 'hello' })
  const group = client.groupConsumer({ groupId: 'my-group', topics: ['my-topic'], autoOffsetReset: 'earliest' })
  for await (const record of group) {
    expect(record.value?.toString()).toBe('hello')
    await group.commit(record)
    expect(await group.fetchCommittedOffset('my-topic', record.partition)).toBe(1)
    break
  }
  await client.close()
})

it('sends, joins and reads that began before the broker listened are done when it does', async () => {
  const client = new Client({ brokers: [`127.0.0.1:${port}`] })
  await client.admin().createTopic({ name: 'my-topic', partitions: 1 })
  await client.producer().send({ topic: 'my-topic', value: '0' })
  await stopListening()
  const sending = client.producer().send({ topic: 'my-topic', value: '1' })
  const group = client.groupConsumer({ groupId: 'my-group', topics: ['my-topic'], autoOffsetReset: 'earliest' })
  const joining = group.joinGroup()
  const consumer = client.consumer()
  consumer.assign([{ topic: 'my-topic', partition: 0, offset: 1 }])
  const reading = consumer[Symbol.asyncIterator]().next()
  await listen()
  expect(await sending).toEqual({ partition: 0, offset: 1 })
  await joining
  expect(group.getAssignment()).toEqual({ 'my-topic': [0] })
  expect(((await reading) as { value: { offset: number } }).value.offset).toBe(1)
  await client.close()
})

it('a port where nobody listens is a ConnectionError that names it', async () => {
  await stopListening()
  const client = new Client({ brokers: [`127.0.0.1:${port}`], timeoutMs: 200 })
  await expect(client.admin().listTopics()).rejects.toMatchObject({
    name: 'ConnectionError',
    code: 'CONNECTION_FAILED',
    message: expect.stringContaining(`127.0.0.1:${port}`) as string,
  })
  await client.close()
  await listen()
})
