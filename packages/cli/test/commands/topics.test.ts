// Topics from the command line: create, list, describe, delete, and what is said when that cannot be done.
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { Cluster, runAdmin } from './cluster.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 }) // a real broker on a busy machine takes its time

let cluster: Cluster
beforeAll(async () => {
  cluster = await Cluster.open()
})
afterAll(() => cluster.close())

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

describe('create-topic', () => {
  it('creates it and says so', async () => {
    expect(await cluster.run(['create-topic', 'orders', '--partitions', '4'])).toEqual({
      exitCode: 0,
      stdout: 'Created topic orders with 4 partitions.\n',
      stderr: '',
    })
  })

  it('as JSON gives its name, id and partitions', async () => {
    const created = await cluster.json([
      'create-topic',
      'payments',
      '--partitions',
      '1',
      '--config',
      'retention.ms=1000',
    ])
    expect(created).toEqual({ name: 'payments', topicId: expect.stringMatching(UUID) as string, partitions: 1 })
  })

  it('without --partitions has as many as the cluster gives by default', async () => {
    const wide = await Cluster.open({ numPartitions: 3 })
    expect((await wide.run(['create-topic', 'orders'])).stdout).toBe('Created topic orders with 3 partitions.\n')
    expect(await wide.json(['create-topic', 'payments'])).toMatchObject({ name: 'payments', partitions: 3 })
    await wide.close()
  })

  it('refuses what exists already, and a name that cannot be', async () => {
    await cluster.run(['create-topic', 'twice', '--partitions', '1'])
    expect(await cluster.run(['create-topic', 'twice', '--partitions', '1'])).toMatchObject({
      exitCode: 1,
      stdout: '',
      stderr: "goqueue-admin: There is a topic 'twice' already; goqueue-admin describe-topic twice shows it.\n",
    })
    const { exitCode, stderr } = await cluster.run(['create-topic', '../x', '--partitions', '1'])
    expect(exitCode).toBe(2)
    expect(stderr).toMatch(/^goqueue-admin: A topic's name has .*letters, digits.*\.\n$/)
  })
})

describe('list-topics', () => {
  it('lists them by name, for people and for programs', async () => {
    const empty = await Cluster.open()
    expect((await empty.run(['list-topics'])).stdout).toBe('There are no topics.\n')
    await empty.run(['create-topic', 'b', '--partitions', '12'])
    await empty.run(['create-topic', 'a', '--partitions', '1'])
    expect((await empty.run(['list-topics'])).stdout).toBe(
      'TOPIC   PARTITIONS\na                1\nb               12\n',
    )
    expect(await empty.json(['list-topics'])).toEqual([
      { name: 'a', partitions: 1, isInternal: false },
      { name: 'b', partitions: 12, isInternal: false },
    ])
    await empty.close()
  })
})

describe('describe-topic', () => {
  it('shows each partition with leader and offsets', async () => {
    await cluster.run(['create-topic', 'described', '--partitions', '2'])
    await cluster.run(['produce', 'described'], { stdin: 'one\ntwo\n' })
    const { stdout } = await cluster.run(['describe-topic', 'described'])
    expect(stdout).toMatch(
      /^Topic {6}described\nTopic id {3}[0-9a-f-]{36}\n\nPARTITION {3}LEADER +BEGIN {3}END {3}OFFSETS\n/,
    )
    const described = await cluster.json<{ partitions: { endOffset: number }[] }>(['describe-topic', 'described'])
    expect(described).toMatchObject({
      name: 'described',
      topicId: expect.stringMatching(UUID) as string,
      isInternal: false,
      partitions: [0, 1].map((partition) => ({
        partition,
        leader: { nodeId: 1, address: cluster.address },
        beginOffset: 0,
      })),
    })
    expect(described.partitions.reduce((sum, { endOffset }) => sum + endOffset, 0)).toBe(2)
  })

  it('a topic that is not there is one sentence', async () => {
    expect(await cluster.run(['describe-topic', 'nowhere'])).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: "goqueue-admin: There is no topic 'nowhere'; goqueue-admin list-topics shows what there is.\n",
    })
  })
})

describe('delete-topic', () => {
  it('without --execute prints its plan and changes nothing', async () => {
    await cluster.run(['create-topic', 'planned', '--partitions', '2'])
    await cluster.run(['produce', 'planned'], { stdin: 'one\n' })
    const { exitCode, stdout } = await cluster.run(['delete-topic', 'planned'])
    expect(exitCode).toBe(0)
    expect(stdout).toBe(
      'Would delete topic planned: 2 partitions, 1 record, and what groups have committed for it.\n' +
        'Nothing was changed; add --execute to do it.\n',
    )
    expect(await cluster.json(['delete-topic', 'planned'])).toMatchObject({ name: 'planned', executed: false })
    expect((await cluster.run(['describe-topic', 'planned'])).exitCode).toBe(0)
  })

  it('with --execute deletes it', async () => {
    await cluster.run(['create-topic', 'doomed', '--partitions', '1'])
    expect((await cluster.run(['delete-topic', 'doomed', '--execute'])).stdout).toMatch(/^Deleted topic doomed: /)
    expect((await cluster.run(['describe-topic', 'doomed'])).exitCode).toBe(1)
  })

  it('a topic that is not there is one sentence', async () => {
    expect((await cluster.run(['delete-topic', 'nowhere', '--execute'])).stderr).toMatch(
      /^goqueue-admin: There is no topic/,
    )
  })
})

describe('when it cannot be done', () => {
  it('a mistake on the command line exits with 2', async () => {
    expect(await runAdmin(['add-partitions', 'x'])).toMatchObject({
      exitCode: 2,
      stdout: '',
      stderr:
        'goqueue-admin: add-partitions needs --partitions. Run goqueue-admin add-partitions --help for what there is.\n',
    })
  })

  it.each([
    ['--broker', '[::1]:99999', "--broker '[::1]:99999' is not HOST:PORT."],
    ['--timeout-ms', '9999999999', '--timeout-ms must be at most 2147483647 ms.'],
  ])('what the client refuses of %s is misuse, in the words of the command line', async (flag, value, sentence) => {
    expect(await runAdmin([flag, value, 'list-topics'])).toEqual({
      exitCode: 2,
      stdout: '',
      stderr: `goqueue-admin: ${sentence}\n`,
    })
  })

  it('a group that cannot be is misuse as well', async () => {
    expect(await runAdmin(['describe-group', ''])).toEqual({
      exitCode: 2,
      stdout: '',
      stderr:
        'goqueue-admin: A group id must not be empty. Run goqueue-admin describe-group --help for what there is.\n',
    })
  })

  it('a broker that is not there is one sentence that names it', async () => {
    const gone = await Cluster.open()
    await gone.close()
    const { exitCode, stdout, stderr } = await gone.run(['list-topics', '--timeout-ms', '2000'])
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' })
    expect(stderr).toMatch(
      new RegExp(
        `^goqueue-admin: No broker answers at ${gone.address} \\(.+\\); --broker HOST:PORT says where to look\\.\\n$`,
      ),
    )
  })
})
