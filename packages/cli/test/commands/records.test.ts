// Records from the command line: produce lines, consume values, share a topic in a group.
import { PassThrough, Writable } from 'node:stream'
import { Client } from '@goqueue/client'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { Cluster, Collector } from './cluster.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 }) // a real broker on a busy machine takes its time

let cluster: Cluster
beforeAll(async () => {
  cluster = await Cluster.open()
})
afterAll(() => cluster.close())

/** A topic with these lines in it. */
async function topicWith(name: string, lines: string | Buffer, ...flags: string[]): Promise<string> {
  await cluster.run(['create-topic', name, '--partitions', '1'])
  const { exitCode, stderr } = await cluster.run(['produce', name, ...flags], { stdin: lines })
  if (exitCode !== 0) throw new Error(stderr)
  return name
}

/** The records of a topic as `consume --output json` prints them. */
async function records(topic: string, max: number): Promise<Record<string, unknown>[]> {
  const args = ['consume', topic, '--from-beginning', '--max', String(max), '--output', 'json']
  const { stdout } = await cluster.run(args)
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

describe('produce', () => {
  it('takes one record per line and sums up', async () => {
    await cluster.run(['create-topic', 'lines', '--partitions', '1'])
    expect(await cluster.run(['produce', 'lines'], { stdin: 'one\r\ntwo\n\nlast' })).toEqual({
      exitCode: 0,
      stdout: 'Produced 4 records to lines.\n',
      stderr: '',
    })
    const values = (await records('lines', 4)).map(({ key, value }) => [key, value])
    expect(values).toEqual([
      [null, 'one'],
      [null, 'two'],
      [null, ''],
      [null, 'last'],
    ])
  })

  it('as JSON says how many went to which partition', async () => {
    await cluster.run(['create-topic', 'spread', '--partitions', '1'])
    const summary = await cluster.json(['produce', 'spread'], { stdin: 'a\nb\nc\n' })
    expect(summary).toEqual({ topic: 'spread', records: 3, partitions: [{ partition: 0, records: 3, lastOffset: 2 }] })
  })

  it('with a key separator, what stands before its first place in a line is the key', async () => {
    await topicWith('keyed', 'k1:v1\nk2:a:b\n:empty\n', '--key-separator', ':')
    await topicWith('tabbed', 'k\tv w\n', '--key-separator', '\\t')
    const pairs = (await records('keyed', 3)).map(({ key, value }) => [key, value])
    expect(pairs).toEqual([
      ['k1', 'v1'],
      ['k2', 'a:b'],
      ['', 'empty'],
    ])
    expect(await records('tabbed', 1)).toMatchObject([{ key: 'k', value: 'v w' }])
  })

  it('a line without the separator ends it with 1, and names the line', async () => {
    await cluster.run(['create-topic', 'unkeyed', '--partitions', '1'])
    const { exitCode, stderr } = await cluster.run(['produce', 'unkeyed', '--key-separator', ':'], {
      stdin: 'a:1\nb\n',
    })
    expect(exitCode).toBe(1)
    expect(stderr).toBe("goqueue-admin: Line 2 has no key: ':' is not in it; nothing from this line on was produced.\n")
    expect(await records('unkeyed', 1)).toMatchObject([{ key: 'a', value: '1' }])
  })

  it('bytes that are no text arrive as they are', async () => {
    await topicWith('binary', Buffer.from([0xff, 0x00, 0xfe, 0x0a]))
    expect(await records('binary', 1)).toMatchObject([{ value: { base64: '/wD+' } }])
  })

  it('a topic that is not there is told before stdin is read', async () => {
    const stdin = new PassThrough() // nobody ever ends it
    const { exitCode, stderr } = await cluster.run(['produce', 'nowhere'], { stdin })
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(/^goqueue-admin: There is no topic 'nowhere'/)
  })

  it('Ctrl-C means that this was all', async () => {
    await cluster.run(['create-topic', 'interrupted', '--partitions', '1'])
    const stdin = new PassThrough()
    const controller = new AbortController()
    const outcome = cluster.run(['produce', 'interrupted'], { stdin, interrupt: controller.signal })
    stdin.write('one\ntwo\n')
    expect(await records('interrupted', 2)).toMatchObject([{ value: 'one' }, { value: 'two' }])
    controller.abort()
    expect(await outcome).toEqual({ exitCode: 0, stdout: 'Produced 2 records to interrupted.\n', stderr: '' })
  })

  it('shows progress only to somebody who watches', async () => {
    await cluster.run(['create-topic', 'watched', '--partitions', '1'])
    const { stderr } = await cluster.run(['produce', 'watched'], { stdin: 'a\n', stderrIsTerminal: true })
    expect(stderr).toContain('1 record')
    expect(stderr.endsWith('\r\x1b[K')).toBe(true)
  })
})

describe('consume', () => {
  it('prints one value per line, and ends after --max', async () => {
    await topicWith('values', 'one\ntwo\nthree\n')
    expect(await cluster.run(['consume', 'values', '--from-beginning', '--max', '2'])).toEqual({
      exitCode: 0,
      stdout: 'one\ntwo\n',
      stderr: '',
    })
  })

  it('as JSON prints one record per line with everything in it', async () => {
    await cluster.run(['create-topic', 'full', '--partitions', '1'])
    const client = new Client({ brokers: [cluster.address] })
    await client.producer().send({
      topic: 'full',
      key: 'k',
      value: null,
      timestampMs: 1_700_000_000_000,
      headers: [
        ['h', 'text'],
        ['h', Buffer.from([0xff])],
        ['none', null],
      ],
    })
    await client.close()
    const { stdout } = await cluster.run(['consume', 'full', '--from-beginning', '--max', '1', '--output', 'json'])
    expect(stdout.split('\n')).toHaveLength(2)
    expect(JSON.parse(stdout)).toEqual({
      topic: 'full',
      partition: 0,
      offset: 0,
      timestampMs: 1_700_000_000_000,
      key: 'k',
      value: null,
      headers: [
        ['h', 'text'],
        ['h', { base64: '/w==' }],
        ['none', null],
      ],
    })
  })

  it('without --from-beginning starts at the end; Ctrl-C ends it with 0', async () => {
    await topicWith('ends', 'old\n')
    const stdout = new Collector()
    const controller = new AbortController()
    const outcome = cluster.run(['consume', 'ends'], { stdout, interrupt: controller.signal })
    // It does not say when it has begun, so it is sent records until it prints one.
    let isPrinted = false
    const printed = stdout.until((text) => text !== '').then(() => (isPrinted = true))
    while (!isPrinted) await cluster.run(['produce', 'ends'], { stdin: 'new\n' })
    await printed
    controller.abort()
    expect(await outcome).toMatchObject({ exitCode: 0, stderr: '' })
    expect(stdout.text).toMatch(/^(new\n)+$/)
  })

  it.each([
    [[], 'waiting for new records of quiet (--from-beginning starts with the first)\n'],
    [['--from-beginning'], 'waiting for records of quiet: it has none yet\n'],
    [['--group', 'listeners'], 'waiting for records of quiet as a member of group listeners\n'],
  ])('with %j says what it waits for, but only to somebody who watches', async (flags, notice) => {
    await cluster.run(['create-topic', 'quiet'])
    for (const stderrIsTerminal of [true, false]) {
      const interrupt = AbortSignal.abort()
      const { stderr } = await cluster.run(['consume', 'quiet', ...flags], { stderrIsTerminal, interrupt })
      expect(stderr).toBe(stderrIsTerminal ? notice : '')
    }
  })

  it('ends with 0 when nobody reads what it prints any more', async () => {
    await topicWith('headed', 'one\ntwo\nthree\n')
    let lines = 0
    const head = new Writable({
      highWaterMark: 1,
      write(_chunk, _encoding, done) {
        lines += 1
        done(lines < 2 ? null : Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
      },
    })
    const outcome = await cluster.run(['consume', 'headed', '--from-beginning'], { stdout: head })
    expect(outcome).toMatchObject({ exitCode: 0, stderr: '' })
  })

  it('a full disk behind stdout is a failure, and said', async () => {
    await topicWith('stuffed', 'one\n')
    const full = new Writable({
      write(_chunk, _encoding, done) {
        done(Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' }))
      },
    })
    const outcome = await cluster.run(['consume', 'stuffed', '--from-beginning'], { stdout: full })
    const stderr = 'goqueue-admin: The output could not be written: ENOSPC: no space left on device, write.\n'
    expect(outcome).toMatchObject({ exitCode: 1, stderr })
  })

  it('a topic that is not there is one sentence, in a group too', async () => {
    for (const flags of [[], ['--group', 'g']]) {
      const { exitCode, stderr } = await cluster.run(['consume', 'nowhere', ...flags])
      expect({ exitCode, stderr }).toEqual({
        exitCode: 1,
        stderr: "goqueue-admin: There is no topic 'nowhere'; goqueue-admin list-topics shows what there is.\n",
      })
    }
  })

  it('in a group commits what it printed, and the next one goes on behind it', async () => {
    await topicWith('shared', 'one\ntwo\nthree\n')
    const consume = (max: number) =>
      cluster.run(['consume', 'shared', '--group', 'readers', '--from-beginning', '--max', String(max)])
    expect(await consume(2)).toEqual({ exitCode: 0, stdout: 'one\ntwo\n', stderr: '' })
    expect((await consume(1)).stdout).toBe('three\n')
    expect(await cluster.json(['describe-group', 'readers'])).toMatchObject({
      state: 'Empty',
      partitions: [{ topic: 'shared', partition: 0, committedOffset: 3, logEndOffset: 3, lag: 0 }],
    })
  })

  it('in a group commits every partition before it ends', async () => {
    await cluster.run(['create-topic', 'wide', '--partitions', '8'])
    const lines = Array.from({ length: 64 }, (_, key) => `${key}:v\n`).join('')
    await cluster.run(['produce', 'wide', '--key-separator', ':'], { stdin: lines })
    await cluster.run(['consume', 'wide', '--group', 'wide-readers', '--from-beginning', '--max', '64'])
    expect(await cluster.json(['describe-group', 'wide-readers'])).toMatchObject({ state: 'Empty', totalLag: 0 })
    const { partitions } = await cluster.json<{ partitions: { committedOffset: number }[] }>([
      'describe-group',
      'wide-readers',
    ])
    expect(partitions.reduce((sum, { committedOffset }) => sum + committedOffset, 0)).toBe(64)
  })

  it('in a group, Ctrl-C commits what was printed and leaves', async () => {
    await topicWith('left', 'one\ntwo\n')
    const stdout = new Collector()
    const controller = new AbortController()
    const args = ['consume', 'left', '--group', 'leavers', '--from-beginning']
    const outcome = cluster.run(args, { stdout, interrupt: controller.signal })
    await stdout.until((text) => text === 'one\ntwo\n')
    controller.abort()
    expect(await outcome).toMatchObject({ exitCode: 0, stderr: '' })
    const group = await cluster.json(['describe-group', 'leavers'])
    expect(group).toMatchObject({ state: 'Empty', members: [], totalLag: 0, partitions: [{ committedOffset: 2 }] })
  })
})
