// docs/operating.md is followed to the letter: its unit and its configuration are understood, its backup brings everything back.
import { execFile } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
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
