// The seed document's three programs against goqueue-broker: what they print, and what they leave behind.
import { Client, type GroupLag } from '@goqueue/client'
import { beforeAll, expect, test } from 'vitest'
import { useBrokerProcesses } from '../support/broker-process.ts'
import { runExample, WELL } from './run-example.ts'

const brokers = useBrokerProcesses()
let address = ''

beforeAll(async () => {
  const broker = await brokers.start({ dataDir: await brokers.directory() })
  address = broker.address
})

async function lagOf(groupId: string): Promise<GroupLag> {
  const client = new Client({ brokers: [address] })
  try {
    return await client.admin().lag(groupId)
  } finally {
    await client.close()
  }
}

test('basic use: one member has all partitions, finishes every record, and leaves nothing uncommitted', async () => {
  const ended = await runExample('01-basic-use', address)

  expect(ended).toMatchObject(WELL)
  expect(ended.lines[0]).toBe('assigned partitions: {"my-topic":[0,1,2,3]}')
  expect(ended.lines.slice(1, -2).sort()).toEqual([
    'my-topic/0: cem says "hello cem"',
    'my-topic/0: eva says "hello eva"',
    'my-topic/1: ada says "hello ada"',
    'my-topic/1: ben says "hello ben"',
    'my-topic/2: dora says "hello dora"',
  ])
  expect(ended.lines.slice(-2)).toEqual(['finished 5 records', 'left the group'])
  expect(await lagOf('my-consumer-group')).toMatchObject({ state: 'Empty', lag: 0 })

  const second = await runExample('01-basic-use', address)

  expect(second).toMatchObject(WELL)
  expect([...second.lines].sort()).toEqual([...ended.lines].sort())
  expect(await lagOf('my-consumer-group')).toMatchObject({ state: 'Empty', lag: 0 })
})

test('several consumers: each record goes to the one that has its partition, and a share passes to the others', async () => {
  const ended = await runExample('02-several-consumers', address)

  expect(ended).toMatchObject(WELL)
  const { lines } = ended
  // As the seed document shows it.
  expect(lines.slice(0, 3)).toEqual([
    'consumer-1 has partitions 0, 3',
    'consumer-2 has partitions 1',
    'consumer-3 has partitions 2',
  ])
  const owners = ['consumer-1', 'consumer-2', 'consumer-3', 'consumer-1']
  const reads = Array.from(
    { length: 12 },
    (_, number) => `${owners[number % 4]} reads "record ${number}" from partition ${number % 4}`,
  )
  expect(lines.slice(3, -4).sort()).toEqual(reads.sort())
  expect(lines.slice(-4)).toEqual([
    'consumer-2 leaves',
    expect.stringMatching(/^consumer-1 has partitions \d, \d$/),
    expect.stringMatching(/^consumer-3 has partitions \d, \d$/),
    'finished 12 records',
  ])
  const taken = lines.slice(-3, -1).flatMap((line) => line.replace(/.* partitions /, '').split(', '))
  expect(taken.sort()).toEqual(['0', '1', '2', '3'])
  expect(await lagOf('my-group')).toMatchObject({ state: 'Empty', lag: 0 })
})

test('offset management: a group goes on behind its commit, reads again what it seeks, and is set back', async () => {
  const ended = await runExample('03-offset-management', address)

  expect(ended).toMatchObject(WELL)
  expect(ended.lines).toEqual([
    'sent 10 readings, offsets 0 to 9',
    'read reading 0 to reading 3',
    'committed: 4 "processed successfully"',
    'read reading 4 to reading 9',
    'committed: 10, lag 0',
    'read reading 7 to reading 9',
    'set back to 0',
    'read reading 0 to reading 9',
  ])
  expect(await lagOf('archive')).toMatchObject({ state: 'Empty', lag: 0 })
})
