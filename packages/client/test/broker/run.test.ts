// group.run against a real broker on virtual time: lanes, commits, retries, dead letters, deadlines, and how it ends.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Client, ConsumerRecord, GroupConsumer, GroupConsumerOptions } from '../../src/index.ts'
import { running } from '../running.ts'
import { World } from '../world.ts'

let world: World
let client: Client

beforeEach(async () => {
  world = await World.open()
  client = world.client()
  await world.run(client.admin().createTopic({ name: 'orders', partitions: 2 }))
})
afterEach(() => world.close())

function member(options: Partial<GroupConsumerOptions> = {}, of = client): GroupConsumer {
  return of.groupConsumer({ groupId: 'billing', topics: ['orders'], sessionTimeoutMs: 6_000, ...options })
}

const sleep = (delayMs: number) => new Promise<void>((resume) => void world.runtime.setAlarm(delayMs, resume))
const text = (record: ConsumerRecord) => String(record.value)

/** Sends `count` records to a partition, with `key` cycling through `keys`; values count up from 0. */
async function send(count: number, { partition = 0, keys = ['k'] as (string | null)[], from = 0 } = {}): Promise<void> {
  const records = Array.from({ length: count }, (_, i) => ({
    topic: 'orders',
    partition,
    key: keys[i % keys.length]!,
    value: String(from + i),
  }))
  await world.run(client.producer().send(records))
}

const committed = (group: GroupConsumer, partition = 0) => world.run(group.fetchCommittedOffset('orders', partition))

describe('lanes', () => {
  it('of a partition: one record after the other, partitions side by side up to the concurrency', async () => {
    await send(3)
    await send(3, { partition: 1 })
    const log: string[] = []
    const startMs = world.runtime.nowMs()
    const handler = async (record: ConsumerRecord) => {
      log.push(`begin ${record.partition}/${text(record)}`)
      await sleep(10)
      log.push(`end ${record.partition}/${text(record)}`)
    }
    const group = member()
    running(group, { handler, concurrency: 8 })
    await world.until(() => log.length === 12)
    for (const partition of [0, 1]) {
      const own = log.filter((line) => line.includes(` ${partition}/`))
      expect(own).toEqual([0, 1, 2].flatMap((n) => [`begin ${partition}/${n}`, `end ${partition}/${n}`]))
    }
    expect(log.slice(0, 2).every((line) => line.startsWith('begin'))).toBe(true)
    expect(startMs).toBeLessThan(world.runtime.nowMs())
  })

  it('concurrency is the most handlers at work, over all partitions', async () => {
    await send(50, { keys: [null] })
    await send(50, { partition: 1, keys: [null] })
    let atWork = 0
    let most = 0
    let done = 0
    const handler = async () => {
      most = Math.max(most, ++atWork)
      await sleep(5)
      atWork -= 1
      done += 1
    }
    running(member(), { handler, concurrency: 7, lanes: 'key' })
    await world.until(() => done === 100)
    expect(most).toBe(7)
  })

  it('of a key: order within it, and a slow key holds up no other', async () => {
    await send(40, { keys: ['slow', 'a', 'b', 'c'] })
    const seen: string[] = []
    const handler = async (record: ConsumerRecord) => {
      await sleep(String(record.key) === 'slow' ? 1_000 : 1)
      seen.push(`${String(record.key)}${text(record)}`)
    }
    running(member(), { handler, concurrency: 4, lanes: 'key' })
    const tookMs = await world.until(() => seen.filter((one) => !one.startsWith('slow')).length === 30)
    // joining the group takes the most of it; ten slow records would take ten seconds
    expect(tookMs).toBeLessThan(2_000)
    await world.until(() => seen.length === 40)
    for (const [index, key] of ['slow', 'a', 'b', 'c'].entries()) {
      const own = seen.filter((one) => one.startsWith(key))
      expect(own).toEqual(Array.from({ length: 10 }, (_, i) => `${key}${index + 4 * i}`))
    }
  })

  it('user-pain 13: a partition whose handler never ends holds up no other partition', async () => {
    await send(1)
    await send(20, { partition: 1 })
    const seen: string[] = []
    const handler = async (record: ConsumerRecord) => {
      if (record.partition === 0) await new Promise(() => {})
      seen.push(text(record))
    }
    running(member(), { handler, concurrency: 2 })
    await world.until(() => seen.length === 20)
  })

  it('I19: handlers that never wait leave heartbeats their turn', async () => {
    for (let i = 0; i < 10; i++) await send(2_000, { from: 2_000 * i })
    let count = 0
    const group = member()
    let turns = 0
    let isOver = false
    const turn = () => {
      turns += 1
      if (!isOver) setImmediate(turn)
    }
    running(group, { handler: () => void count++, concurrency: 4 })
    await world.until(() => count > 0)
    turn()
    await world.until(() => count === 20_000)
    isOver = true
    expect(turns).toBeGreaterThan(20_000 / 256 - 40)
  })
})

describe('commits', () => {
  it('are made at intervals, and in the end, and never pass a record that is in hand', async () => {
    await send(10, { keys: ['a', 'b'] })
    const held: (() => void)[] = []
    const seen: string[] = []
    const group = member()
    const handler = async (record: ConsumerRecord) => {
      seen.push(text(record))
      if (text(record) === '4') await new Promise<void>((resume) => held.push(resume))
    }
    running(group, { handler, concurrency: 2, lanes: 'key', autoCommitIntervalMs: 1_000 })
    // 0, 2 and 4 of one key, and all five of the other
    await world.until(() => seen.length === 8)
    await world.pass(2_000)
    expect(await committed(group)).toBe(4)
    held[0]!()
    await world.pass(2_000)
    expect(await committed(group)).toBe(10)
  })

  it('are not made by themselves with autoCommit: false; the handler may', async () => {
    await send(3)
    const group = member()
    let count = 0
    const handler = async (record: ConsumerRecord) => {
      count += 1
      if (text(record) === '1') await group.commit(record)
    }
    const run = running(group, { handler, autoCommit: false })
    await world.until(() => count === 3)
    await world.pass(20_000)
    expect(await committed(group)).toBe(2)
    await world.run(group.close())
    expect(run.outcome).toBe('resolved')
  })

  it('I4: what the application committed further on is not taken back by what is finished', async () => {
    await send(4, { keys: ['a', 'b', 'c', 'd'] })
    const group = member()
    const held: (() => void)[] = []
    let count = 0
    const handler = async (record: ConsumerRecord) => {
      count += 1
      if (text(record) === '3') await group.commit(record)
      if (text(record) === '1') await new Promise<void>((resume) => held.push(resume))
    }
    running(group, { handler, concurrency: 4, lanes: 'key', autoCommitIntervalMs: 100 })
    await world.until(() => count === 4)
    await world.pass(1_000)
    expect(await committed(group)).toBe(4)
    held[0]!()
    await world.pass(1_000)
    expect(await committed(group)).toBe(4)
  })
})

describe('failures', () => {
  it('a handler that throws ends the run with its error; what is finished is committed, the failed record is not', async () => {
    await send(5)
    const group = member()
    const run = running(group, {
      handler: (record) => {
        if (text(record) === '2') throw new Error('cannot bill')
      },
    })
    await expect(world.run(run.promise)).rejects.toMatchObject({
      code: 'HANDLER_FAILED',
      message: 'orders[0]@2: the handler failed: cannot bill',
      cause: new Error('cannot bill'),
    })
    expect(await committed(group)).toBe(2)
  })

  it('after a failure the next run goes on with the first record that is not finished', async () => {
    await send(8, { keys: ['a', 'b'] })
    const group = member()
    let isBroken = true
    const seen: string[] = []
    const handler = (record: ConsumerRecord) => {
      if (isBroken && text(record) === '3') throw new Error('cannot bill')
      seen.push(text(record))
    }
    await expect(world.run(group.run({ handler, concurrency: 2, lanes: 'key' }))).rejects.toThrow('cannot bill')
    isBroken = false
    seen.length = 0
    running(group, { handler })
    await world.until(() => seen.includes('7'))
    expect(seen).toEqual(['3', '4', '5', '6', '7'])
  })

  it('retries with a backoff that doubles, tells the attempt, and lets other lanes go on', async () => {
    await send(4, { keys: ['bad', 'good'] })
    const attempts: { attempt: number; atMs: number }[] = []
    const seen: string[] = []
    const handler = (record: ConsumerRecord, { attempt }: { attempt: number }) => {
      if (text(record) === '0') attempts.push({ attempt, atMs: world.runtime.nowMs() })
      if (text(record) === '0' && attempt < 4) throw new Error('not yet')
      seen.push(text(record))
    }
    running(member(), { handler, lanes: 'key', retry: { maxAttempts: 4, backoffMs: 1_000, maxBackoffMs: 3_000 } })
    await world.until(() => seen.length === 4)
    expect(attempts.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4])
    const waits = attempts.slice(1).map(({ atMs }, i) => atMs - attempts[i]!.atMs)
    for (const [i, backoffMs] of [1_000, 2_000, 3_000].entries()) {
      expect(waits[i]).toBeGreaterThanOrEqual(backoffMs * 0.8)
      expect(waits[i]).toBeLessThanOrEqual(Math.min(3_000, backoffMs * 1.2) + 1)
    }
    // one handler at a time, and it was not the one that waits
    expect(seen).toEqual(['1', '3', '0', '2'])
  })

  it('user-pain 17: a poison record goes to the dead-letter topic with its provenance, and the partition goes on', async () => {
    await world.run(client.admin().createTopic({ name: 'orders.dead', partitions: 1 }))
    const headers: [string, string][] = [['trace', 'abc']]
    const poison = {
      topic: 'orders',
      partition: 1,
      key: 'k7',
      value: 'poison',
      timestampMs: 1_700_000_000_000,
      headers,
    }
    await world.run(client.producer().send([poison, { topic: 'orders', partition: 1, value: 'fine' }]))
    const group = member()
    const seen: string[] = []
    const handler = (record: ConsumerRecord) => {
      if (text(record) === 'poison') throw new Error('cannot read it')
      seen.push(text(record))
    }
    running(group, {
      handler,
      retry: { maxAttempts: 3 },
      deadLetter: { topic: 'orders.dead' },
      autoCommitIntervalMs: 10,
    })
    await world.until(() => seen.length === 1)
    await world.pass(100)
    expect(await committed(group, 1)).toBe(2)
    const reader = client.consumer()
    reader.assign([{ topic: 'orders.dead', partition: 0, offset: 0 }])
    const dead = (await world.run(reader.records().next())).value as ConsumerRecord
    expect([String(dead.key), String(dead.value), dead.timestampMs]).toEqual(['k7', 'poison', 1_700_000_000_000])
    expect(dead.headers.map(([name, bytes]) => [name, String(bytes)])).toEqual([
      ['trace', 'abc'],
      ['goqueue-dead-topic', 'orders'],
      ['goqueue-dead-partition', '1'],
      ['goqueue-dead-offset', '0'],
      ['goqueue-dead-timestamp', '1700000000000'],
      ['goqueue-dead-group', 'billing'],
      ['goqueue-dead-attempts', '3'],
      ['goqueue-dead-error', 'cannot read it'],
    ])
  })

  it('a dead-letter topic that does not exist is an error at once, not with the first record that needs it', async () => {
    await expect(
      world.run(member().run({ handler: () => {}, deadLetter: { topic: 'nowhere' } })),
    ).rejects.toMatchObject({
      code: 'UNKNOWN_TOPIC_OR_PARTITION',
      message: expect.stringContaining("the dead-letter topic 'nowhere' cannot be used") as string,
    })
  })

  it('user-pain 2: an attempt over its deadline fails with HANDLER_TIMEOUT, and its signal fires; the others do not', async () => {
    await send(2)
    const signals: AbortSignal[] = []
    const group = member()
    const handler = async (record: ConsumerRecord) => {
      signals.push(record.signal)
      if (text(record) === '1') await new Promise(() => {})
    }
    const run = running(group, { handler, deadlineMs: 2_000 })
    await expect(world.run(run.promise)).rejects.toMatchObject({ code: 'HANDLER_TIMEOUT' })
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, true])
    expect(signals[1]!.reason).toMatchObject({
      code: 'HANDLER_TIMEOUT',
      message: expect.stringContaining('@1') as string,
    })
    expect(await committed(group)).toBe(1)
  })

  it('rejects when a newer member takes its id over, for good', async () => {
    const group = member({ consumerId: 'consumer-1' })
    const run = running(group, { handler: () => {} })
    await world.until(() => group.memberId !== null && Object.keys(group.getAssignment()).length > 0)
    await world.run(member({ consumerId: 'consumer-1' }, world.client()).joinGroup())
    await expect(world.run(run.promise)).rejects.toMatchObject({ code: 'FENCED_INSTANCE_ID' })
    await expect(world.run(group.run({ handler: () => {} }))).rejects.toMatchObject({ code: 'FENCED_INSTANCE_ID' })
  })

  it('rejects with what a callback threw', async () => {
    const onPartitionsAssigned = () => Promise.reject(new Error('no state'))
    const run = running(member({ onPartitionsAssigned }), { handler: () => {} })
    await expect(world.run(run.promise)).rejects.toThrow('no state')
  })

  it('options that are not allowed are named', async () => {
    const group = member()
    await expect(group.run({ handler: () => {}, concurrency: 0 })).rejects.toThrow(
      'group.run: concurrency must be at least 1',
    )
    await expect(group.run({} as never)).rejects.toThrow('group.run: handler must be a function')
    await expect(group.run({ handler: () => {}, retries: 3 } as never)).rejects.toThrow("there is no option 'retries'")
  })

  it('one run at a time, and no iteration beside it', async () => {
    const group = member()
    running(group, { handler: () => {} })
    await world.settle()
    await expect(group.run({ handler: () => {} })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(() => group.records()).toThrow('run is at work')
  })
})

describe('the end', () => {
  it('close lets handlers at work end, commits what they finished, and resolves the run', async () => {
    await send(5)
    const group = member()
    const ended: string[] = []
    const handler = async (record: ConsumerRecord) => {
      await sleep(1_000)
      if (!record.signal.aborted) ended.push(text(record))
    }
    const run = running(group, { handler })
    await world.until(() => ended.length === 1)
    await world.pass(500)
    await world.run(group.close())
    expect(ended).toEqual(['0', '1'])
    expect(run.outcome).toBe('resolved')
    const next = member()
    expect(await committed(next)).toBe(2)
  })

  it('user-pain 14: close ends within its time though a handler never does, whose signal fires before', async () => {
    await send(2)
    const group = member()
    let signal: AbortSignal | null = null
    const run = running(group, {
      handler: async (record) => {
        signal = record.signal
        await new Promise(() => {})
      },
    })
    await world.until(() => signal !== null)
    const startMs = world.runtime.nowMs()
    await world.run(group.close({ timeoutMs: 4_000 }))
    expect(world.runtime.nowMs() - startMs).toBeLessThanOrEqual(4_000)
    expect(signal!.reason).toMatchObject({ code: 'CLOSED' })
    expect(run.outcome).toBe('resolved')
    // It has left, and a group that has committed nothing ends with its last member.
    await expect(world.run(client.admin().describeGroup('billing'))).rejects.toMatchObject({
      code: 'GROUP_ID_NOT_FOUND',
    })
    expect(await committed(member())).toBeNull()
  })

  it('close({ drain: false }) waits for no handler', async () => {
    await send(1)
    const group = member()
    let signal: AbortSignal | null = null
    running(group, {
      handler: async (record) => {
        signal = record.signal
        await sleep(1_000)
      },
    })
    await world.until(() => signal !== null)
    const startMs = world.runtime.nowMs()
    await world.run(group.close({ drain: false }))
    expect(world.runtime.nowMs() - startMs).toBeLessThan(100)
    expect(signal!.aborted).toBe(true)
    expect(await committed(member())).toBeNull()
  })

  it('a signal ends the run when handlers at work have ended, and the membership goes on', async () => {
    await send(5)
    const group = member()
    const controller = new AbortController()
    const ended: string[] = []
    const handler = async (record: ConsumerRecord) => {
      await sleep(1_000)
      ended.push(text(record))
    }
    const run = running(group, { handler, signal: controller.signal })
    await world.until(() => ended.length === 1)
    controller.abort(new Error('enough'))
    await expect(world.run(run.promise)).rejects.toThrow('enough')
    expect(ended).toEqual(['0', '1'])
    expect(await committed(group)).toBe(2)
    const rest: string[] = []
    running(group, { handler: (record) => void rest.push(text(record)) })
    await world.until(() => rest.length === 3)
    expect(rest).toEqual(['2', '3', '4'])
  })

  it('leaveGroup resolves the run, and a new run joins again', async () => {
    const group = member()
    const run = running(group, { handler: () => {} })
    await world.until(() => Object.keys(group.getAssignment()).length > 0)
    await world.run(group.leaveGroup())
    await world.settle()
    expect(run.outcome).toBe('resolved')
    const seen: string[] = []
    running(group, { handler: (record) => void seen.push(text(record)) })
    await send(1)
    await world.until(() => seen.length === 1)
  })
})

describe('rebalances', () => {
  it('user-pain 3: a handler at work may end before its partition goes, and its record is not delivered again', async () => {
    await send(3)
    await send(3, { partition: 1 })
    const handled: string[] = []
    const handler = async (record: ConsumerRecord) => {
      await sleep(5_000)
      if (!record.signal.aborted) handled.push(`${record.partition}/${text(record)}`)
    }
    const [first, second] = [member(), member()]
    running(first, { handler, concurrency: 2 })
    await world.until(() => handled.length === 2)
    await world.pass(1_000)
    running(second, { handler, concurrency: 2 })
    await world.until(() => handled.length === 6)
    await world.pass(20_000)
    expect([...handled].sort()).toEqual([0, 1].flatMap((p) => [0, 1, 2].map((n) => `${p}/${n}`)))
    expect(Object.keys(second.getAssignment())).toEqual(['orders'])
  })

  it('handlers of a revoked partition are aborted after three quarters of the rebalance timeout', async () => {
    await send(1)
    await send(1, { partition: 1 })
    const aborted: number[] = []
    const handler = (record: ConsumerRecord) =>
      new Promise<void>((_, reject) => {
        record.signal.addEventListener('abort', () => {
          aborted.push(world.runtime.nowMs())
          reject(record.signal.reason as Error)
        })
      })
    const first = member({ rebalanceTimeoutMs: 20_000 })
    const run = running(first, { handler, concurrency: 2 })
    await world.until(() => Object.keys(first.getAssignment()).length > 0)
    await world.pass(1_000)
    const joinedMs = world.runtime.nowMs()
    const second = member()
    const joining = second.joinGroup()
    await world.run(joining)
    expect(aborted).toHaveLength(2)
    // first hears of the rebalance with its next heartbeat, within a second
    for (const atMs of aborted) {
      expect(atMs - joinedMs).toBeGreaterThanOrEqual(15_000)
      expect(atMs - joinedMs).toBeLessThanOrEqual(16_100)
    }
    // what was aborted has not failed: the run goes on
    expect(run.outcome).toBeUndefined()
  })

  it('I3: offsets of what was finished are committed before the revoke callback is called', async () => {
    await send(4)
    await send(4, { partition: 1 })
    let atRevoke: (number | null)[] = []
    const first: GroupConsumer = member({
      onPartitionsRevoked: async () => {
        atRevoke = await Promise.all([0, 1].map((partition) => first.fetchCommittedOffset('orders', partition)))
      },
    })
    let count = 0
    running(first, { handler: () => void count++, autoCommitIntervalMs: 60_000 })
    await world.until(() => count === 8)
    await world.run(member().joinGroup())
    expect(atRevoke).toEqual([4, 4])
  })

  it('a partition that is lost: its signal fires at once and nothing of it is committed', async () => {
    await send(2)
    const { client: cutOff, kill } = world.mortalClient()
    const group = member({}, cutOff)
    const signals: AbortSignal[] = []
    running(group, {
      handler: async (record) => {
        signals.push(record.signal)
        await new Promise(() => {})
      },
    })
    await world.until(() => signals.length === 1)
    kill()
    await world.until(() => signals[0]!.aborted)
    expect(signals[0]!.reason).toMatchObject({ code: 'SESSION_EXPIRED' })
    expect(await committed(member())).toBeNull()
  })
})

describe('pause and seek', () => {
  it('a paused partition begins nothing, not even what was taken; resumed it goes on in order', async () => {
    await send(6, { keys: ['a'] })
    const group = member()
    const seen: string[] = []
    const handler = async (record: ConsumerRecord) => {
      if (text(record) === '1') group.pause('orders', 0)
      await sleep(10)
      seen.push(text(record))
    }
    running(group, { handler, lanes: 'key' })
    await world.until(() => seen.length === 2)
    await world.pass(5_000)
    expect(seen).toEqual(['0', '1'])
    group.resume('orders', 0)
    await world.until(() => seen.length === 6)
    expect(seen).toEqual(['0', '1', '2', '3', '4', '5'])
  })

  it('seek drops what was taken, and commits follow from there', async () => {
    await send(6, { keys: ['a'] })
    const group = member()
    const seen: string[] = []
    let hasSought = false
    const handler = async (record: ConsumerRecord) => {
      seen.push(text(record))
      if (text(record) === '4' && !hasSought) {
        hasSought = true
        group.seek('orders', 0, 1)
      }
      await sleep(10)
    }
    running(group, { handler, lanes: 'key', autoCommitIntervalMs: 50 })
    await world.until(() => seen.filter((value) => value === '5').length === 1 && seen.length === 10)
    expect(seen).toEqual(['0', '1', '2', '3', '4', '1', '2', '3', '4', '5'])
    await world.pass(200)
    expect(await committed(group)).toBe(6)
  })
})

describe('memory', () => {
  it('user-pain 20: records in hand count in the byte budget: no more is fetched while they fill it', async () => {
    const records = (count: number) =>
      Array.from({ length: count }, (_, n) => ({
        topic: 'orders',
        partition: 0,
        key: String(n),
        value: 'x'.repeat(10_000),
      }))
    for (let i = 0; i < 10; i++) await world.run(client.producer().send(records(20)))
    let receivedBytes = 0
    const dial = () => {
      const wire = world.dial()
      const { push } = wire
      wire.push = (chunk: Buffer | null) => {
        receivedBytes += chunk?.length ?? 0
        return push.call(wire, chunk)
      }
      return wire
    }
    const group = member({ maxBufferedBytes: 400_000, partitionMaxBytes: 200_000 }, world.client({ dial }))
    let begun = 0
    const held: (() => void)[] = []
    const handler = () => {
      begun += 1
      return new Promise<void>((resume) => held.push(resume))
    }
    running(group, { handler, concurrency: 200, lanes: 'key' })
    // One record of each key is at work, those behind them are in hand.
    await world.until(() => begun === 20)
    await world.pass(10_000)
    expect(receivedBytes).toBeGreaterThan(200_000)
    expect(receivedBytes).toBeLessThan(400_000 + 2 * 200_000)
    while (begun < 200) {
      for (const resume of held.splice(0)) resume()
      await world.pass(10)
    }
    expect(receivedBytes).toBeGreaterThan(2_000_000)
  })
})
