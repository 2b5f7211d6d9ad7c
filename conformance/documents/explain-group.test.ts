// docs/explain-group.md shows what the broker writes down and what goqueue-admin makes of it.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { openBroker } from '@goqueue/broker-core'
import { listen } from '@goqueue/broker-server'
import { main } from '@goqueue/cli'
import { Client } from '@goqueue/client'
import { expect, onTestFinished, test } from 'vitest'
import { root } from '../workspace/root.ts'
import { codeBlocks } from './blocks/code-block.ts'

const document = 'docs/explain-group.md'
const [shown, narrow, record] = codeBlocks(document, readFileSync(join(root, document), 'utf8'))

/** What a value is made of: the names of its fields, and the kinds of their values. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, 1).map(shape)
  if (typeof value !== 'object' || value === null) return typeof value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shape(item)]))
}

test('the record, the table and the paragraph have the form that the document shows', async () => {
  const broker = await openBroker({ memory: true })
  onTestFinished(() => broker.close())
  const listener = await listen(broker)
  onTestFinished(() => listener.close())
  const address = String(listener.address)
  await using client = new Client({ brokers: [address] })
  await client.admin().createTopic({ name: 'orders', partitions: 2 })
  await client.groupConsumer({ groupId: 'billing', consumerId: 'consumer-1', topics: ['orders'] }).joinGroup()

  const consumer = client.consumer()
  consumer.assign([{ topic: '__goqueue_rebalances', partition: 0, offset: 'earliest' }])
  for await (const { value } of consumer) {
    const written = JSON.parse(String(value)) as Record<string, unknown>
    const example = JSON.parse(record?.code.join('\n') ?? '') as Record<string, unknown>
    expect({ ...(shape(written) as object), causes: [], moved: [] }).toEqual({
      ...(shape(example) as object),
      causes: [],
      moved: [],
    })
    break
  }

  const explained = async (terminal: object) => {
    const stdout = Object.assign(new PassThrough(), terminal)
    const printed = text(stdout)
    const streams = { stdin: new PassThrough(), stdout, stderr: new PassThrough() }
    expect(await main(['--broker', address, 'explain-group', 'billing'], streams)).toBe(0)
    stdout.end()
    return (await printed).split('\n')
  }
  const words = (line = '') => line.trim().split(/ {2,}/)
  const [head, first] = await explained({})
  expect(words(head)).toEqual(words(shown?.code[1]))
  expect(words(first).slice(1, 6)).toEqual(words(shown?.code[2]).slice(1, 6))
  const timeless = (lines: readonly string[] = []) => lines.map((line) => line.replace(/^\S+Z:|\d+ ms$/g, '…'))
  expect(timeless(await explained({ isTTY: true, columns: 80 }))).toEqual([...timeless(narrow?.code), ''])
})
