// docs/operating.md is followed to the letter: its unit and its configuration are understood, its backup brings everything back.
import { execFile } from 'node:child_process'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Client } from '@goqueue/client'
import { expect, test } from 'vitest'
import { useBrokerProcesses } from '../support/broker-process.ts'
import { root } from '../workspace/root.ts'
import { codeBlocks } from './blocks/code-block.ts'
import { moduleInside } from './inside.ts'

const document = 'docs/operating.md'
const blocks = codeBlocks(document, await readFile(join(root, document), 'utf8'))
const brokers = useBrokerProcesses()

function block(language: string, beginning = ''): string {
  const text = blocks.map(({ code, ...found }) => ({ ...found, text: code.join('\n') }))
  return text.find((found) => found.language === language && found.text.startsWith(beginning))?.text ?? ''
}

test('the broker understands the configuration file', async () => {
  const { settingsSchema } = await moduleInside('broker-core/src/options-schema.ts')
  const { serverSettingsSchema } = await moduleInside('broker-server/src/server-settings-schema.ts')
  const known = [settingsSchema, serverSettingsSchema].flatMap((schema) => {
    const { properties } = (schema as { toJSONSchema(options: object): { properties: object } }).toJSONSchema({
      io: 'input',
    })
    return Object.keys(properties).map((name) => name.replace(/[A-Z]/g, (letter) => `.${letter.toLowerCase()}`))
  })
  const given = Object.keys(JSON.parse(block('json')) as object)
  expect(given.length).toBeGreaterThan(2)
  expect(known).toEqual(expect.arrayContaining(given))
})

test('the unit starts the broker with flags that it has, on the directory of the configuration', async () => {
  const unit = block('ini')
  const command = /^ExecStart=\S+goqueue-broker (.+)$/m.exec(unit)?.[1] ?? ''
  const { parseFlags } = await moduleInside('broker-server/src/flags.ts')
  expect((parseFlags as (args: string[]) => unknown)(command.split(' '))).toMatchObject({
    config: '/etc/goqueue/goqueue.json',
  })
  const { 'data.dir': directory } = JSON.parse(block('json')) as Record<string, string>
  expect(directory).toBe(`/var/lib/${/^StateDirectory=(.+)$/m.exec(unit)?.[1]}`)
})

test('what was there at the backup is there after the restore: records, offsets, and nothing else', async () => {
  const place = await brokers.directory()
  const dataDir = join(place, 'goqueue')
  const run = (beginning: string) => {
    const command = block('sh', beginning).replaceAll('/var/lib', place)
    expect(command).not.toBe('')
    return promisify(execFile)('/bin/sh', ['-ec', command], { cwd: place })
  }
  const use = async <T>(work: (client: Client) => Promise<T>): Promise<T> => {
    const broker = await brokers.start({ dataDir })
    const client = new Client({ brokers: [broker.address] })
    const result = await work(client)
    await client.close()
    broker.kill('SIGTERM')
    expect((await broker.exited).exitCode).toBe(0)
    return result
  }
  const produce = (client: Client, value: string) => client.producer().send({ topic: 'orders', value })

  await use(async (client) => {
    await client.admin().createTopic({ name: 'orders' })
    await produce(client, 'before')
    await client.admin().alterGroupOffsets('billing', [{ topic: 'orders', partition: 0, offset: 1 }])
  })
  await run('tar -C /var/lib -czf')
  await use((client) => produce(client, 'after'))
  await rm(dataDir, { recursive: true })
  await run('tar -C /var/lib -xzf')
  const found = await use(async (client) => ({
    topic: (await client.admin().describeTopic('orders')).partitionDetails.map(({ endOffset }) => endOffset),
    offsets: await client.admin().groupOffsets('billing'),
    next: await produce(client, 'again'),
  }))
  expect(found).toEqual({
    topic: [1],
    offsets: [{ topic: 'orders', partition: 0, offset: 1, metadata: '' }],
    next: { partition: 0, offset: 1 },
  })
})

test('S10: a broker starts on a disk that has less than the reserve, serves everything but new records, and takes those with a smaller one', async () => {
  const place = await brokers.directory()
  const dataDir = join(place, 'goqueue')
  const config = join(place, 'goqueue.json')
  await writeFile(config, JSON.stringify({ 'log.min.free.bytes': 1e15 }))
  const use = async (args: readonly string[], work: (client: Client) => Promise<void>): Promise<string> => {
    const broker = await brokers.start({ dataDir, args })
    const client = new Client({ brokers: [broker.address] })
    await work(client)
    await client.close()
    broker.kill('SIGTERM')
    expect((await broker.exited).exitCode).toBe(0)
    return broker.log
  }
  const produce = (client: Client) =>
    client.producer({ deliveryTimeoutMs: 500 }).send({ topic: 'orders', value: 'a', partition: 0 })

  await use([], async (client) => {
    await client.admin().createTopic({ name: 'orders' })
    await client.admin().createTopic({ name: 'parcels' })
    expect(await produce(client)).toEqual({ partition: 0, offset: 0 })
  })
  const log = await use(['--config', config], async (client) => {
    await expect(produce(client)).rejects.toMatchObject({
      code: 'DELIVERY_TIMEOUT',
      message: expect.stringMatching(/KAFKA_STORAGE_ERROR, 1000000000000000 bytes of the disk are kept free/) as string,
    })
    const consumer = client.consumer()
    consumer.assign([{ topic: 'orders', partition: 0, offset: 'earliest' }])
    expect((await consumer[Symbol.asyncIterator]().next()).value).toMatchObject({ offset: 0, value: Buffer.from('a') })
    const group = client.groupConsumer({ groupId: 'billing', topics: ['orders'] })
    await group.joinGroup()
    await group.commitOffset('orders', 0, 1)
    await client.admin().deleteTopic('parcels')
    await client.admin().deleteRecords([{ topic: 'orders', partition: 0, before: 'end' }])
  })
  expect(log.match(/"kind":"(disk\w+|log-failed)"/g)).toEqual(['"kind":"diskReserveReached"'])
  await use([], async (client) => {
    expect(await produce(client)).toEqual({ partition: 0, offset: 1 })
    expect(await client.admin().groupOffsets('billing')).toMatchObject([{ topic: 'orders', offset: 1 }])
  })
})
