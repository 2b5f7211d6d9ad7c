import { once } from 'node:events'
import { expect, test } from 'vitest'
import { inProcessPair } from './in-process-pair.ts'

test('two ends that answer each other at once leave the event loop to others in between', async () => {
  const { client, broker } = inProcessPair()
  broker.on('data', (chunk: Buffer) => broker.write(chunk))
  let turns = 0
  let isOver = false
  const count = () => {
    turns += 1
    if (!isOver) setImmediate(count)
  }
  setImmediate(count)
  for (let exchange = 0; exchange < 100; exchange++) {
    client.write('x')
    await once(client, 'data')
  }
  isOver = true
  expect(turns).toBeGreaterThanOrEqual(100)
})

test('what was written before an end is destroyed arrives, and then the end of the stream', async () => {
  const { client, broker } = inProcessPair()
  const received: string[] = []
  client.on('data', (chunk: Buffer) => received.push(chunk.toString()))
  broker.write('a')
  broker.write('b')
  broker.end('c', () => broker.destroy())
  await once(client, 'close')
  expect(received.join('')).toBe('abc')
})

test('an end whose peer does not read must wait, and goes on when it reads', async () => {
  const { client, broker } = inProcessPair()
  const chunk = Buffer.alloc(broker.writableHighWaterMark)
  let isTaken = false
  client.write(chunk)
  client.write(chunk, () => (isTaken = true))
  await new Promise((resolve) => setImmediate(resolve))
  await new Promise((resolve) => setImmediate(resolve))
  expect(isTaken).toBe(false)
  expect(client.writableNeedDrain).toBe(true)
  broker.resume()
  await once(client, 'drain')
  expect(isTaken).toBe(true)
})

test('an end learns that the other one was destroyed', async () => {
  const { client, broker } = inProcessPair()
  client.on('error', () => {})
  broker.destroy(new Error('gone'))
  broker.on('error', () => {})
  client.resume()
  await once(client, 'close')
  expect(client.destroyed).toBe(true)
})
