// reset-offsets: every way to say where to, a plan first, and never under the feet of a member.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { Client } from '@goqueue/client'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { main } from '../../src/run.ts'
import { Cluster, Collector } from './cluster.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 }) // a real broker on a busy machine takes its time

/** Timestamps of the records of partition 0, by offset. */
const START_MS = Date.UTC(2026, 0, 1)
const DAY_MS = 86_400_000

let cluster: Cluster
let client: Client
let directory: string

/** Partition 0 has offsets 2 to 10, a day apart; partition 1 has offsets 0 to 3. */
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'goqueue-reset-'))
  cluster = await Cluster.open()
  client = new Client({ brokers: [cluster.address], clientId: 'billing-service' })
  await client.admin().createTopic({ name: 'orders', partitions: 2, configs: { 'retention.ms': -1 } })
  const record = (partition: number, index: number) => {
    return { topic: 'orders', partition, value: 'x', timestampMs: START_MS + index * DAY_MS }
  }
  await client.producer().send(Array.from({ length: 10 }, (_, index) => record(0, index)))
  await client.producer().send(Array.from({ length: 3 }, (_, index) => record(1, index)))
  await client.admin().deleteRecords([{ topic: 'orders', partition: 0, before: 2 }])
})
beforeEach(() => commit('billing', 5))
afterAll(async () => {
  await client.close()
  await cluster.close()
  await rm(directory, { recursive: true })
})

/** Commits for partition 0, and for no other. */
async function commit(groupId: string, offset: number): Promise<void> {
  await client.admin().alterGroupOffsets(groupId, [{ topic: 'orders', partition: 0, offset }])
  const others = [{ topic: 'orders', partition: 1 }]
  await client.admin().deleteOffsets(groupId, others)
}

const committed = async (groupId = 'billing') =>
  (await client.admin().groupOffsets(groupId)).map(({ partition, offset }) => [partition, offset])

interface Plan {
  partitions: { partition: number; newOffset: number; movedTo: string | null }[]
}
const reset = (...args: string[]) => cluster.json<Plan>(['reset-offsets', 'billing', '--topic', 'orders:0', ...args])

describe('where to', () => {
  it.each([
    [['--to-earliest'], 2, null],
    [['--to-latest'], 10, null],
    [['--to-current'], 5, null],
    [['--to-offset', '7'], 7, null],
    [['--to-offset', '1'], 2, 'begin'],
    [['--to-offset', '99'], 10, 'end'],
    [['--shift-by', '-2'], 3, null],
    [['--shift-by=-99'], 2, 'begin'],
    [['--shift-by', '+4'], 9, null],
    [['--shift-by', '99'], 10, 'end'],
    [['--to-datetime', '2026-01-05T00:00:00Z'], 4, null],
    [['--to-datetime', '2026-01-04T12:00'], 4, null],
    [['--to-datetime', '2025-01-01'], 2, null],
    [['--to-datetime', '2027-01-01'], 10, 'end'],
    [['--by-duration', 'P10000D'], 2, null],
    [['--by-duration', 'PT0S'], 10, 'end'],
  ])('%j is offset %i', async (args, newOffset, movedTo) => {
    vi.spyOn(Date, 'now').mockReturnValue(START_MS + 400 * DAY_MS)
    const { partitions } = await reset(...args)
    vi.restoreAllMocks()
    const [row] = partitions
    expect(row).toEqual({
      topic: 'orders',
      partition: 0,
      currentOffset: 5,
      newOffset,
      difference: newOffset - 5,
      movedTo,
    })
    expect(await committed()).toEqual([[0, 5]])
  })

  it('a file says it partition by partition, and --export writes one', async () => {
    const args = ['reset-offsets', 'billing', '--topic', 'orders', '--to-earliest', '--export']
    const exported = await cluster.run(args)
    expect(exported).toEqual({ exitCode: 0, stdout: 'orders,0,2\norders,1,0\n', stderr: '' })
    const file = join(directory, 'offsets.csv')
    await writeFile(file, exported.stdout)
    await cluster.json(['reset-offsets', 'billing', '--from-file', file, '--execute'])
    expect(await committed()).toEqual([
      [0, 2],
      [1, 0],
    ])
  })

  it('without a committed offset there is nothing to shift, and no current one to keep', async () => {
    const args = ['reset-offsets', 'billing', '--topic', 'orders:1']
    expect(await cluster.run([...args, '--shift-by', '1'])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("Nothing is committed for partition 1 of 'orders'") as string,
    })
    expect(await cluster.run([...args, '--to-current'])).toMatchObject({
      exitCode: 0,
      stdout: 'Group billing has committed nothing there, so there is nothing to reset.\n',
    })
  })
})

describe('a plan', () => {
  it('for people is a table, says what was moved into the log, and changes nothing', async () => {
    const { stdout } = await cluster.run(['reset-offsets', 'billing', '--topic', 'orders', '--to-offset', '7'])
    expect(stdout).toBe(
      [
        'Would reset 2 offsets of group billing:',
        '',
        'TOPIC    PARTITION   CURRENT   NEW   DIFFERENCE',
        'orders           0         5     7            2',
        'orders           1         -     3            -',
        '',
        'Moved into the log: partition 1 of orders ends at 3.',
        '',
        'Nothing was changed; add --execute to do it.',
        '',
      ].join('\n'),
    )
    expect(await committed()).toEqual([[0, 5]])
  })

  it('is done with --execute', async () => {
    const args = ['reset-offsets', 'billing', '--topic', 'orders:0', '--to-earliest', '--execute']
    expect((await cluster.run(args)).stdout).toMatch(/^Reset 1 offset of group billing:\n/)
    expect(await committed()).toEqual([[0, 2]])
  })

  it('may be for a group that does not exist yet', async () => {
    const args = ['reset-offsets', 'new', '--topic', 'orders:1', '--to-latest']
    expect(await cluster.json(args)).toMatchObject({ groupId: 'new', state: null, members: [], executed: false })
    expect((await cluster.run(args)).stdout).toMatch(
      /^Group new does not exist and would be made\.\n\nWould reset 1 offset /,
    )
    expect((await cluster.run([...args, '--execute'])).stdout).toMatch(
      /^Group new did not exist and was made\.\n\nReset 1 offset /,
    )
    expect(await committed('new')).toEqual([[1, 3]])
    expect((await cluster.run(args)).stdout).toMatch(/^Would reset 1 offset /)
  })

  it('for a group that does not exist has nothing to keep or to shift', async () => {
    const args = ['reset-offsets', 'biling', '--topic', 'orders:1']
    expect((await cluster.run([...args, '--to-current'])).stdout).toBe(
      'Group biling does not exist, so there is nothing to reset.\n',
    )
    expect(await cluster.run([...args, '--shift-by', '1'])).toMatchObject({
      exitCode: 1,
      stderr: "goqueue-admin: There is no group 'biling'; goqueue-admin list-groups shows what there is.\n",
    })
  })
})

describe('a group with members', () => {
  async function consumer(consumerId: string) {
    const member = client.groupConsumer({ groupId: 'active', consumerId, topics: ['orders'] })
    await member.joinGroup()
    await member.commitOffset('orders', 0, 5)
    return member
  }
  const args = ['reset-offsets', 'active', '--topic', 'orders:0', '--to-earliest']

  it('is left alone, with its members named and the way out', async () => {
    const member = await consumer('consumer-1')
    const inTheWay =
      "Group 'active' has members, who commit its offsets: 'consumer-1' on /127.0.0.1; stop them, and let --wait wait until they are gone.\n"
    expect(await cluster.run([...args, '--execute'])).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: `goqueue-admin: ${inTheWay}`,
    })
    const plan = await cluster.run(args)
    expect(plan.exitCode).toBe(0)
    expect(plan.stdout).toContain(`\nNothing was changed. ${inTheWay}`)
    expect(await committed('active')).toEqual([[0, 5]])
    await member.leaveGroup()
  })

  it('is waited for with --wait, and reset from where it stopped', async () => {
    const member = await consumer('consumer-2')
    const stdout = new Collector()
    const stderr = Object.assign(new Collector(), { isTTY: true })
    const all = ['--broker', cluster.address, '--output', 'json', ...args, '--execute', '--wait']
    const outcome = main(all, { stdin: new PassThrough(), stdout, stderr })
    await stderr.until((text) => text.includes('waiting for 1 member to leave'))
    await member.commitOffset('orders', 0, 8)
    await member.leaveGroup()
    expect(await outcome).toBe(0)
    expect(JSON.parse(stdout.text)).toMatchObject({
      state: 'Empty',
      partitions: [{ currentOffset: 8, newOffset: 2 }],
      executed: true,
    })
    expect(await committed('active')).toEqual([[0, 2]])
  })

  it('is no longer waited for after Ctrl-C, and then nothing has changed', async () => {
    const member = await consumer('consumer-3')
    const interrupted = new AbortController()
    const stderr = Object.assign(new Collector(), { isTTY: true })
    const outcome = main(['--broker', cluster.address, ...args, '--execute', '--wait'], {
      stdin: new PassThrough(),
      stdout: new Collector(),
      stderr,
      interrupt: interrupted.signal,
    })
    await stderr.until((text) => text.includes('waiting for'))
    interrupted.abort()
    expect(await outcome).toBe(1)
    expect(stderr.text).toContain('goqueue-admin: The group still has members, and nothing was changed.\n')
    expect(await committed('active')).toEqual([[0, 5]])
    await member.leaveGroup()
  })
})

describe('a mistake is exit code 2 and one sentence', () => {
  it.each([
    [['--topic', 'orders'], /^goqueue-admin: Say where to, once: one of --to-earliest, /],
    [['--topic', 'orders', '--to-latest', '--to-earliest'], /Say where to, once/],
    [['--to-latest'], /Name the topics with --topic\./],
    [['--topic', 'orders:a', '--to-latest'], /--topic takes TOPIC or TOPIC:P,P, not 'orders:a'\./],
    [['--topic', 'orders', '--from-file', 'x'], /--from-file names the partitions, so --topic has no place\./],
    [['--topic', 'orders', '--to-latest', '--wait'], /--wait is for --execute/],
    [['--topic', 'orders', '--to-latest', '--export', '--output', 'json'], /--export prints lines/],
    [['--topic', 'orders', '--shift-by', 'x'], /--shift-by takes one whole number such as -100 or \+5, not 'x'\./],
  ])('%j', async (args, sentence) => {
    const { exitCode, stdout, stderr } = await cluster.run(['reset-offsets', 'billing', ...args])
    expect(exitCode).toBe(2)
    expect(stdout).toBe('')
    expect(stderr).toMatch(sentence)
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
  })

  it.each([
    [
      ['--topic', 'nowhere', '--to-latest'],
      "There is no topic 'nowhere'; goqueue-admin list-topics shows what there is.",
    ],
    [['--topic', 'orders:1,7', '--to-latest'], "Topic 'orders' has no partition 7, but 2 from 0."],
    [['--from-file', '/nowhere.csv'], '/nowhere.csv could not be read'],
  ])('what is not there is exit code 1: %j', async (args, sentence) => {
    const { exitCode, stderr } = await cluster.run(['reset-offsets', 'billing', ...args])
    expect(exitCode).toBe(1)
    expect(stderr).toContain(sentence)
  })
})
