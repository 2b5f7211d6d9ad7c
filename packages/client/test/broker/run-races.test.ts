// group.run where it is easily got wrong: what is dropped, waits or ends at the wrong moment, and what must not be left behind.
import { getEventListeners } from 'node:events'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { ErrorCode, RequestOf, ResponseInput } from '@goqueue/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  topic as typedTopic,
  type Client,
  type ClientOptions,
  type ConsumerRecord,
  type GroupConsumer,
  type GroupConsumerOptions,
  type StallEvent,
} from '../../src/index.ts'
import { answeringWire, type Answers } from '../answering-wire.ts'
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

/** A client whose requests are answered by others than the broker now and then. */
function answeredClient(answers: Answers, options: ClientOptions = {}): Client {
  return world.client({ dial: () => answeringWire(world.dial(), answers), ...options })
}

const never = () => new Promise<void>(() => {})
const sleep = (delayMs: number) => new Promise<void>((resume) => void world.runtime.setAlarm(delayMs, resume))
const text = (record: ConsumerRecord) => String(record.value)
const assigned = (group: GroupConsumer) => group.getAssignment()['orders']?.length ?? 0

/** Sends `count` records to a partition, with `key` cycling through `keys`; values count up from 0. */
async function send(count: number, { partition = 0, keys = ['k'] as (string | null)[], pad = '' } = {}): Promise<void> {
  const records = Array.from({ length: count }, (_, i) => ({
    topic: 'orders',
    partition,
    key: keys[i % keys.length]!,
    value: `${i}${pad}`,
  }))
  await world.run(client.producer().send(records))
}

const committed = (group: GroupConsumer, partition = 0) => world.run(group.fetchCommittedOffset('orders', partition))

async function valuesOf(topic: string): Promise<string[]> {
  const reader = client.consumer()
  reader.assign([{ topic, partition: 0, offset: 0 }])
  const values: string[] = []
  void (async () => {
    for await (const record of reader) values.push(String(record.value))
  })()
  await world.pass(1_000)
  await world.run(reader.close())
  return values
}

/** The coordinator's no to a commit. */
function refusing({ topics }: RequestOf<'OffsetCommit'>, errorCode: ErrorCode): ResponseInput<'OffsetCommit'> {
  return {
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
    })),
  }
}

/** Alarms set through this and not yet rung or called off. */
function countedAlarms() {
  const set = new Set<object>()
  const { runtime } = world
  return {
    set,
    runtime: {
      nowMs: () => runtime.nowMs(),
      wallClockMs: () => runtime.wallClockMs(),
      random: () => runtime.random(),
      setAlarm: (delayMs: number, callback: () => void) => {
        const mark = {}
        set.add(mark)
        const alarm = runtime.setAlarm(delayMs, () => {
          set.delete(mark)
          callback()
        })
        return {
          cancel: () => {
            set.delete(mark)
            alarm.cancel()
          },
        }
      },
    },
  }
}

describe('what ends', () => {
  it('close({ drain: false }) begins no other handler', async () => {
    await send(6, { keys: ['a', 'b', 'c'] })
    const group = member()
    let begun = 0
    running(group, { handler: () => (begun++, never()), lanes: 'key', concurrency: 2 })
    await world.until(() => begun === 2)
    await world.run(group.close({ drain: false }))
    await world.pass(10_000)
    expect(begun).toBe(2)
  })

  it('close({ drain: false }) fires the signal of a handler that has a deadline too', async () => {
    await send(1)
    const group = member()
    let signal: AbortSignal | null = null
    running(group, { handler: (record) => ((signal = record.signal), never()), deadlineMs: 60_000 })
    await world.until(() => signal !== null)
    await world.run(group.close({ drain: false }))
    expect(signal!.aborted).toBe(true)
    expect(signal!.reason).toMatchObject({ code: 'CLOSED' })
  })

  it('a second close waits for the first', async () => {
    await send(1)
    const group = member()
    let isHandled = false
    let hasBegun = false
    running(group, {
      handler: async () => {
        hasBegun = true
        await sleep(1_000)
        isHandled = true
      },
    })
    await world.until(() => hasBegun)
    void group.close()
    await world.run(group.close())
    expect(isHandled).toBe(true)
    expect(await committed(member())).toBe(1)
  })

  it('closing the client lets handlers at work end and commits what they finished', async () => {
    await send(1)
    const worker = world.client()
    const group = member({}, worker)
    let hasBegun = false
    const run = running(group, { handler: () => ((hasBegun = true), sleep(1_000)) })
    await world.until(() => hasBegun)
    await world.run(worker.close())
    await world.settle()
    expect(run.outcome).toBe('resolved')
    expect(await committed(member())).toBe(1)
  })

  it('close called by a handler and not awaited finishes its record', async () => {
    await send(2)
    const group = member()
    const run = running(group, { handler: () => void group.close() })
    await world.run(run.promise)
    await world.pass(100)
    expect(await committed(member())).toBe(1)
  })

  it('close awaited by a handler ends in its time all the same', async () => {
    await send(2)
    const group = member()
    const run = running(group, { handler: () => group.close({ timeoutMs: 2_000 }) })
    await world.until(() => assigned(group) > 0)
    const startMs = world.runtime.nowMs()
    await world.run(run.promise)
    expect(world.runtime.nowMs() - startMs).toBeLessThanOrEqual(2_100)
  })

  it('leaveGroup awaited by a handler ends, and the run with it', async () => {
    await send(2)
    const group = member()
    const run = running(group, { handler: () => group.leaveGroup() })
    await world.run(run.promise)
    expect(group.memberId).toBeNull()
  })

  it('a handler that fails while the run ends is not tried again, its record is not buried, and no alarm is left', async () => {
    await world.run(client.admin().createTopic({ name: 'dead', partitions: 1 }))
    await send(1)
    await send(1, { partition: 1 })
    const { set, runtime } = countedAlarms()
    const worker = world.client({ runtime })
    const group = member({}, worker)
    let begun = 0
    running(group, {
      concurrency: 2,
      retry: { maxAttempts: 2, backoffMs: 500_000, maxBackoffMs: 500_000 },
      deadLetter: { topic: 'dead' },
      handler: async () => {
        begun += 1
        await sleep(1_000)
        throw new Error('again')
      },
    })
    await world.until(() => begun === 2)
    await world.run(worker.close())
    await world.settle()
    expect(set.size).toBe(0)
    expect(await valuesOf('dead')).toEqual([])
    expect(await committed(member())).toBeNull()
  })

  it('a signal that fires in a handler ends the run though others hang', async () => {
    await send(1)
    await send(1, { partition: 1 })
    const group = member()
    const controller = new AbortController()
    let begun = 0
    const run = running(group, {
      concurrency: 2,
      signal: controller.signal,
      handler: async () => {
        begun += 1
        if (begun === 2) controller.abort(new Error('enough'))
        await never()
      },
    })
    await world.until(() => begun === 2)
    await expect(world.run(run.promise)).rejects.toThrow('enough')
    const seen: string[] = []
    running(group, { handler: (record) => void seen.push(`${record.partition}/${text(record)}`) })
    await world.until(() => seen.length === 2)
    expect(seen.sort()).toEqual(['0/0', '1/0'])
  })

  it('handlers that a run left at work take no room in the byte budget of the next', async () => {
    for (const partition of [0, 1]) await send(1, { partition, pad: 'x'.repeat(60_000) })
    const group = member({ maxBufferedBytes: 100_000 })
    const controller = new AbortController()
    let begun = 0
    const run = running(group, { concurrency: 2, handler: () => (begun++, never()), signal: controller.signal })
    await world.until(() => begun === 2)
    controller.abort(new Error('enough'))
    await expect(world.run(run.promise)).rejects.toThrow('enough')
    let ended = 0
    running(group, { concurrency: 2, handler: () => void ended++ })
    await world.until(() => ended === 2)
  })

  it('a handler that has ended listens to its partition no more, deadline or not', async () => {
    await send(1)
    const group = member()
    const first = new AbortController()
    let ofPartition: AbortSignal | null = null
    const handler = ({ signal }: ConsumerRecord) => {
      ofPartition = signal
      first.abort(new Error('enough'))
    }
    await expect(world.run(group.run({ handler, signal: first.signal }))).rejects.toThrow('enough')
    let count = 0
    running(group, { handler: () => void count++, deadlineMs: 60_000 })
    await send(5)
    await world.until(() => count === 5)
    await world.settle()
    expect(getEventListeners(ofPartition!, 'abort')).toEqual([])
  })

  it('a static member that has left while its patterns were looked up does not join after that', async () => {
    let joins = 0
    let hold: (() => void) | null = null
    const worker = answeredClient({
      JoinGroup: () => (joins++, 'pass'),
      Metadata: ({ topics }) => (topics === null ? new Promise((resume) => (hold = () => resume('pass'))) : 'pass'),
    })
    const group = worker.groupConsumer({ groupId: 'billing', consumerId: 'consumer-1', topics: [/^orders/] })
    group.joinGroup().catch(() => {})
    await world.until(() => hold !== null)
    group.leaveGroup().catch(() => {})
    await world.settle()
    hold!()
    await world.pass(20_000)
    expect(joins).toBe(0)
  })

  it('a run ends with close though its dead letter cannot be delivered', async () => {
    await world.run(client.admin().createTopic({ name: 'dead', partitions: 1 }))
    await send(1)
    const worker = world.client()
    const group = member({}, worker)
    let hasFailed = false
    const handler = () => {
      hasFailed = true
      world.isReachable = false
      world.cut()
      throw new Error('poison')
    }
    const run = running(group, { handler, deadLetter: { topic: 'dead' } })
    await world.until(() => hasFailed)
    await world.pass(100)
    const startMs = world.runtime.nowMs()
    await world.run(group.close({ timeoutMs: 3_000 }))
    expect(world.runtime.nowMs() - startMs).toBeLessThanOrEqual(3_000)
    await world.settle()
    expect(run.outcome).toBe('resolved')
  })

  it('a run that is closed while it looks for its dead-letter topic resolves', async () => {
    world.isReachable = false
    world.cut()
    const group = member({}, world.client())
    const run = running(group, { handler: () => {}, deadLetter: { topic: 'dead' } })
    await world.pass(10)
    await world.run(group.close())
    await world.settle()
    expect(run.outcome).toBe('resolved')
  })

  it('a signal ends a run that is still looking for its dead-letter topic', async () => {
    world.isReachable = false
    world.cut()
    const controller = new AbortController()
    const group = member({}, world.client())
    const run = running(group, { handler: () => {}, deadLetter: { topic: 'dead' }, signal: controller.signal })
    await world.pass(10)
    controller.abort(new Error('enough'))
    await world.settle()
    expect(run.outcome).toMatchObject({ error: { message: 'enough' } })
  })

  it('a run that follows leaveGroup at once is taken', async () => {
    await send(2)
    const group = member()
    const seen: string[] = []
    const handler = (record: ConsumerRecord) => void seen.push(text(record))
    running(group, { handler })
    await world.until(() => seen.length === 2)
    const left = group.leaveGroup().then(() => group.run({ handler }))
    left.catch(() => {})
    await world.until(() => assigned(group) === 0)
    await world.until(() => assigned(group) === 2)
    await send(1)
    await world.until(() => seen.length === 3)
  })

  it('a run on a consumer that is closed is refused', async () => {
    const group = member()
    await world.run(group.close())
    await expect(group.run({ handler: () => {} })).rejects.toMatchObject({ code: 'CLOSED' })
  })

  it('a membership that cannot go on is not begun anew behind the back of the run that says so', async () => {
    await send(1)
    let isRefused = false
    let joins = 0
    const worker = answeredClient({
      Heartbeat: () => (isRefused ? { errorCode: 'GROUP_AUTHORIZATION_FAILED' } : 'pass'),
      JoinGroup: () => (joins++, 'pass'),
    })
    const group = member({}, worker)
    let hasBegun = false
    const run = running(group, { handler: () => ((hasBegun = true), never()) })
    await world.until(() => hasBegun)
    const before = joins
    isRefused = true
    await expect(world.run(run.promise)).rejects.toMatchObject({ code: 'GROUP_AUTHORIZATION_FAILED' })
    await world.pass(20_000)
    expect(joins).toBe(before)
  })

  it.each(['resolves', 'rejects'] as const)(
    'leaves no alarm, and no listener, when all is closed and the run %s',
    async (how) => {
      await world.run(client.admin().createTopic({ name: 'dead', partitions: 1 }))
      await send(20, { keys: ['a', 'b', 'c', null] })
      const { set, runtime } = countedAlarms()
      const worker = world.client({ runtime })
      const group = member({ autoCommitIntervalMs: 60_000 }, worker)
      const controller = new AbortController()
      const signals = new Set<AbortSignal>()
      const run = running(group, {
        lanes: 'key',
        concurrency: 3,
        deadlineMs: 500_000,
        deadLetter: { topic: 'dead' },
        retry: { maxAttempts: 5, backoffMs: 400_000, maxBackoffMs: 400_000 },
        signal: controller.signal,
        handler: async (record) => {
          signals.add(record.signal)
          if (String(record.key) === 'a') throw new Error('again')
          if (String(record.key) === 'b') await never()
        },
      })
      await world.until(() => signals.size > 6)
      if (how === 'rejects') controller.abort(new Error('enough'))
      await world.run(worker.close())
      await world.settle()
      expect(run.outcome).toEqual(how === 'resolves' ? 'resolved' : { error: new Error('enough') })
      expect(getEventListeners(controller.signal, 'abort')).toEqual([])
      expect([...signals].filter(({ aborted }) => aborted).length).toBeGreaterThan(0)
      expect(set.size).toBe(0)
    },
  )

  it.each([
    ['patterns are looked up', [/^orders/] as const, 'Metadata'],
    ['the leader looks at topics', ['orders'] as const, 'JoinGroup'],
  ])('a consumer closed while %s leaves no alarm', async (_, topics, during) => {
    const { set, runtime } = countedAlarms()
    let isHeld = false
    const release: (() => void)[] = []
    const hold = () => {
      if (isHeld) return 'pass'
      isHeld = true
      return new Promise<'pass'>((resume) => release.push(() => resume('pass')))
    }
    let hasJoined = false
    const worker = answeredClient(
      {
        JoinGroup: () => ((hasJoined = true), 'pass'),
        Metadata: ({ topics: asked }) => {
          if (during === 'Metadata' ? asked === null : hasJoined && asked?.length === 1) return hold()
          return 'pass'
        },
      },
      { runtime },
    )
    const group = worker.groupConsumer({ groupId: 'billing', topics: [...topics] })
    group.joinGroup().catch(() => {})
    await world.until(() => isHeld)
    await world.run(group.close({ timeoutMs: 100 }))
    for (const resume of release) resume()
    await world.pass(1_000)
    await world.run(worker.close())
    await world.settle()
    expect(set.size).toBe(0)
  })
})

describe('what waits for a partition that is gone or paused', () => {
  it('a record that was taken of a partition that is revoked holds up no other', async () => {
    await send(3)
    await send(3, { partition: 1 })
    const assignors = ['cooperative-sticky']
    const first = member({ assignors })
    const held: (() => void)[] = []
    const seen: string[] = []
    running(first, {
      handler: async (record) => {
        seen.push(`${record.partition}/${text(record)}`)
        if (seen.length === 1) await new Promise<void>((resume) => held.push(resume))
      },
    })
    await world.until(() => held.length === 1)
    const kept = Number(seen[0]![0])
    const second = member({ assignors })
    await world.run(second.joinGroup())
    await world.until(() => assigned(second) === 1 || assigned(first) === 1)
    await world.pass(60_000)
    held[0]!()
    await world.pass(100)
    if (first.getAssignment()['orders']![0] === kept) expect(seen).toEqual([0, 1, 2].map((n) => `${kept}/${n}`))
    else expect(seen).toContain(`${1 - kept}/2`)
  })

  it('a record that was taken of a partition that is paused holds up no other', async () => {
    await send(3)
    await send(3, { partition: 1 })
    const group = member()
    const seen: string[] = []
    running(group, {
      handler: async (record) => {
        seen.push(`${record.partition}/${text(record)}`)
        if (seen.length === 1) group.pause('orders', 1 - record.partition)
        await sleep(10)
      },
    })
    await world.until(() => seen.length > 0)
    await world.pass(1_000)
    expect(seen).toHaveLength(3)
  })

  it.each(['paused', 'stuck'] as const)(
    'what is taken ahead of a %s partition leaves others their bytes',
    async (how) => {
      for (let i = 0; i < 8; i++) await send(40, { pad: 'x'.repeat(5_000) })
      await send(50, { partition: 1, pad: 'y'.repeat(5_000) })
      const group = member({ maxBufferedBytes: 400_000, partitionMaxBytes: 100_000 })
      let ofOther = 0
      running(group, {
        lanes: 'key',
        concurrency: 2,
        handler: async (record) => {
          if (record.partition === 1) ofOther += 1
          else if (how === 'stuck') await never()
          else if (record.offset === 0) {
            await sleep(1_000)
            group.pause('orders', 0)
          }
        },
      })
      await world.until(() => assigned(group) === 2)
      await world.pass(30_000)
      expect(ofOther).toBe(50)
    },
  )

  it('a record in hand that fills the byte budget nearly counts once: the next partition is fetched', async () => {
    for (const partition of [0, 1]) await send(1, { partition, pad: 'x'.repeat(60_000) })
    const group = member({ maxBufferedBytes: 100_000, stallTimeoutMs: Infinity })
    const begun: number[] = []
    running(group, { concurrency: 2, handler: ({ partition }) => (begun.push(partition), never()) })
    await world.until(() => assigned(group) === 2)
    await world.pass(10_000)
    expect(begun.sort()).toEqual([0, 1])
  })

  it('records in hand count in the byte budget: no more is fetched while they fill it', async () => {
    for (let i = 0; i < 20; i++) for (const partition of [0, 1]) await send(1, { partition, pad: 'x'.repeat(10_000) })
    let receivedBytes = 0
    const dial = () => {
      const wire = world.dial()
      const push = wire.push.bind(wire)
      wire.push = (chunk: Buffer | null) => {
        receivedBytes += chunk?.length ?? 0
        return push(chunk)
      }
      return wire
    }
    const group = member({ maxBufferedBytes: 100_000, partitionMaxBytes: 50_000 }, world.client({ dial }))
    const releases: (() => void)[] = []
    let begun = 0
    const handler = () => (begun++, new Promise<void>((resume) => releases.push(resume)))
    running(group, { concurrency: 2, lanes: 'key', handler })
    await world.until(() => begun === 2)
    await world.pass(10_000)
    expect(receivedBytes).toBeLessThan(115_000)
    while (begun < 40) {
      for (const release of releases.splice(0)) release()
      await world.pass(10)
    }
  })

  it('what was abandoned with its partition takes no room in the byte budget', async () => {
    for (const partition of [0, 1]) await send(1, { partition, pad: 'x'.repeat(60_000) })
    const group = member({ maxBufferedBytes: 100_000, rebalanceTimeoutMs: 6_000 })
    let begun = 0
    let isDeaf = true
    running(group, { concurrency: 2, handler: () => (begun++, isDeaf ? never() : undefined) })
    await world.until(() => begun === 2)
    const second = world.client().groupConsumer({ groupId: 'billing', topics: ['orders'] })
    await world.run(second.joinGroup())
    isDeaf = false
    await world.run(second.close())
    await world.until(() => assigned(group) === 2)
    await world.pass(30_000)
    expect(await Promise.all([0, 1].map((partition) => committed(group, partition)))).toEqual([1, 1])
  })

  it('a handler that hangs on a record of a lost partition holds no place once the partition is back', async () => {
    await send(2)
    const group = member()
    const begun: string[] = []
    running(group, {
      handler: (record) => {
        begun.push(text(record))
        return begun.length === 1 ? never() : undefined
      },
    })
    await world.until(() => begun.length === 1)
    world.isReachable = false
    world.cut()
    await world.until(() => assigned(group) === 0)
    world.isReachable = true
    await world.until(() => assigned(group) === 2)
    await world.pass(30_000)
    expect(begun).toEqual(['0', '0', '1'])
  })

  it('I20: a record that waits to be tried again when its partition is lost is not, by this ownership', async () => {
    await send(2, { keys: ['a', 'b'] })
    const group = member()
    const begun: string[] = []
    running(group, {
      lanes: 'key',
      concurrency: 3,
      retry: { maxAttempts: 5, backoffMs: 60_000, maxBackoffMs: 60_000 },
      handler: (record, { attempt }) => {
        begun.push(`${text(record)}#${attempt}`)
        if (begun.length <= 2) throw new Error('again')
      },
    })
    await world.until(() => begun.length === 2)
    world.isReachable = false
    world.cut()
    await world.until(() => assigned(group) === 0)
    world.isReachable = true
    await world.until(() => begun.length === 4)
    await world.pass(200_000)
    expect(begun).toEqual(['0#1', '1#1', '0#1', '1#1'])
  })

  it('I20: a handler that fails while its partition is given up is not called again by this member', async () => {
    await send(1)
    await send(1, { partition: 1 })
    const group = member({ rebalanceTimeoutMs: 20_000 })
    let calls = 0
    const attempts: number[] = []
    const releases: (() => void)[] = []
    running(group, {
      concurrency: 5,
      retry: { maxAttempts: 5, backoffMs: 30_000, maxBackoffMs: 30_000 },
      handler: async (_, { attempt }) => {
        calls += 1
        attempts.push(attempt)
        await new Promise<void>((_, reject) => releases.push(() => reject(new Error('again'))))
      },
    })
    await world.until(() => calls === 2)
    const second = world.client().groupConsumer({ groupId: 'billing', topics: ['orders'] })
    const joined = second.joinGroup()
    await world.pass(5_000)
    for (const release of releases) release()
    await world.run(joined)
    await world.run(second.close())
    calls = 0
    await world.until(() => assigned(group) === 2 && calls === 2)
    await world.pass(120_000)
    expect(calls).toBe(2)
    expect(new Set(attempts)).toEqual(new Set([1]))
  })

  it('seek while a record waits to be tried again: it is not, and the handler goes on from there', async () => {
    await send(5)
    const group = member()
    const seen: string[] = []
    running(group, {
      retry: { maxAttempts: 3, backoffMs: 5_000 },
      handler: (record) => {
        seen.push(text(record))
        if (record.offset === 0) throw new Error('again')
      },
    })
    await world.until(() => seen.length === 1)
    group.seek('orders', 0, 3)
    await world.pass(60_000)
    expect(seen).toEqual(['0', '3', '4'])
    expect(await committed(group)).toBe(5)
  })

  it('a partition paused while its record waits to be tried again is tried when it is resumed', async () => {
    await send(2)
    const group = member()
    const seen: string[] = []
    running(group, {
      retry: { maxAttempts: 3, backoffMs: 1_000 },
      handler: (record, { attempt }) => {
        seen.push(`${text(record)}#${attempt}`)
        if (record.offset === 0 && attempt === 1) throw new Error('again')
      },
    })
    await world.until(() => seen.length === 1)
    group.pause('orders', 0)
    await world.pass(10_000)
    expect(seen).toEqual(['0#1'])
    group.resume('orders', 0)
    await world.pass(10)
    expect(seen).toEqual(['0#1', '0#2', '1#1'])
  })
})

describe('retries', () => {
  it('go on for ever if they may, at the longest wait', async () => {
    await send(1)
    const attempts: number[] = []
    running(member(), {
      retry: { maxAttempts: Infinity, backoffMs: 0, maxBackoffMs: 0 },
      handler: (_, { attempt }) => {
        attempts.push(attempt)
        throw new Error('again')
      },
    })
    await world.until(() => attempts.length === 1_100)
    expect(attempts.at(-1)).toBe(1_100)
  })

  it('a handler that fails after its deadline, when its record is tried again already, changes nothing', async () => {
    await send(2)
    const group = member()
    const log: string[] = []
    const run = running(group, {
      deadlineMs: 1_000,
      retry: { maxAttempts: 2, backoffMs: 100 },
      autoCommitIntervalMs: 10,
      handler: async (record, { attempt }) => {
        log.push(`${text(record)}#${attempt}`)
        if (record.offset > 0) return
        await sleep(attempt === 1 ? 1_500 : 900)
        if (attempt === 1) throw new Error('too late')
      },
    })
    await world.until(() => log.length === 3)
    await world.pass(1_000)
    expect(log).toEqual(['0#1', '0#2', '1#1'])
    expect(run.outcome).toBeUndefined()
    expect(await committed(group)).toBe(2)
  })
})

describe('dead letters', () => {
  beforeEach(() => world.run(client.admin().createTopic({ name: 'dead', partitions: 1 })))

  it('a handler that heeds its signal at the deadline has its record buried once', async () => {
    await send(2)
    const group = member()
    running(group, {
      deadlineMs: 1_000,
      deadLetter: { topic: 'dead' },
      autoCommitIntervalMs: 10,
      handler: (record) =>
        new Promise((_, reject) =>
          record.signal.addEventListener('abort', () => reject(record.signal.reason as Error), { once: true }),
        ),
    })
    await world.until(() => assigned(group) === 2)
    await world.pass(5_000)
    expect(await valuesOf('dead')).toEqual(['0', '1'])
    expect(await committed(group)).toBe(2)
  })

  it('a handler that ends well while its record is being buried does not count it as finished before that is done', async () => {
    await send(1)
    let hold: (() => void) | null = null
    const worker = answeredClient({
      Produce: () => new Promise((resume) => (hold = () => resume('pass'))),
    })
    const group = member({}, worker)
    running(group, {
      deadlineMs: 1_000,
      deadLetter: { topic: 'dead' },
      autoCommitIntervalMs: 10,
      handler: () => sleep(1_500),
    })
    await world.until(() => hold !== null)
    await world.pass(2_000)
    expect(await committed(group)).toBeNull()
    hold!()
    await world.pass(1_000)
    expect(await committed(group)).toBe(1)
    expect(await valuesOf('dead')).toEqual(['0'])
  })

  it('whatever a handler throws can be buried', async () => {
    const thrown: unknown[] = [
      Object.create(null),
      undefined,
      null,
      Symbol('s'),
      { toString: () => ({}) },
      Object.assign(new Error(), { message: 7 }),
      new Error('x'.repeat(5_000)),
      { message: 'not an Error' },
    ]
    await send(thrown.length)
    const group = member()
    const run = running(group, {
      deadLetter: { topic: 'dead' },
      handler: (record) => {
        throw thrown[record.offset]
      },
    })
    await world.until(() => assigned(group) === 2)
    await world.pass(1_000)
    expect(run.outcome).toBeUndefined()
    expect(await valuesOf('dead')).toHaveLength(thrown.length)
  })

  it.each(['at once', 'later'])(
    'a record that does not fit its type, said %s, is buried with the bytes it came with',
    async (when) => {
      const bytes = Buffer.from('{"not": "what it should be"')
      const issues = { issues: [{ message: 'no' }] }
      const orders = typedTopic('orders', {
        value: {
          '~standard': {
            version: 1,
            vendor: 'test',
            validate: () => (when === 'later' ? Promise.resolve(issues) : issues),
          },
        },
        valueFormat: when === 'later' ? 'text' : 'json',
      })
      await world.run(client.producer().send({ topic: 'orders', partition: 0, key: 'k', value: bytes }))
      const group = client.groupConsumer({ groupId: 'billing', topics: [orders] })
      let calls = 0
      const run = running(group as never, {
        handler: () => void calls++,
        retry: { maxAttempts: 5, backoffMs: 30_000 },
        deadLetter: { topic: 'dead' },
      })
      await world.until(() => assigned(group as never) === 2)
      await world.pass(1_000)
      expect(run.outcome).toBeUndefined()
      expect(await valuesOf('dead')).toEqual([String(bytes)])
      expect(calls).toBe(0)
    },
  )

  it('a record that does not fit its type ends a run without dead letters, and stays the next to read', async () => {
    const orders = typedTopic('orders', {
      value: { '~standard': { version: 1, vendor: 'test', validate: () => ({ issues: [{ message: 'no' }] }) } },
    })
    await send(2)
    const group = client.groupConsumer({ groupId: 'billing', topics: [orders] })
    await expect(world.run(group.run({ handler: () => {} }))).rejects.toMatchObject({ code: 'INVALID_RECORD' })
    expect(await committed(group as never)).toBeNull()
  })
})

describe('commits', () => {
  it('a commit that is under way when partitions are given up is done before the callback is told', async () => {
    await send(3)
    let refusals = 0
    let isRefusing = true
    const worker = answeredClient({
      OffsetCommit: (request) => {
        if (!isRefusing) return 'pass'
        refusals += 1
        return refusing(request, 'COORDINATOR_LOAD_IN_PROGRESS')
      },
    })
    let atRevoke: number | null = null
    const other = member()
    const group = member(
      {
        onPartitionsRevoked: async () => {
          atRevoke = await other.fetchCommittedOffset('orders', 0)
        },
      },
      worker,
    )
    const run = running(group, { handler: () => {}, autoCommitIntervalMs: 100 })
    await world.until(() => refusals > 0)
    const joining = member().joinGroup()
    await world.pass(3_000)
    isRefusing = false
    await world.run(joining)
    expect(run.outcome).toBeUndefined()
    expect(atRevoke).toBe(3)
  })

  it.each(['REBALANCE_IN_PROGRESS', 'UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION'] as const)(
    'a commit refused with %s ends no run: what was not committed is delivered again, or committed later',
    async (errorCode) => {
      await send(3)
      let refusals = 0
      const worker = answeredClient({
        OffsetCommit: (request) => (refusals++ < 1 ? refusing(request, errorCode) : 'pass'),
      })
      const group = member({ onPartitionsRevoked: () => sleep(100) }, worker)
      const run = running(group, { handler: () => {}, autoCommitIntervalMs: 100 })
      await world.until(() => refusals > 0)
      await world.pass(30_000)
      expect(run.outcome).toBeUndefined()
      expect(await committed(group)).toBe(3)
    },
  )

  it('I4: a commit of the application that fails leaves the one before it in force', async () => {
    await send(6, { keys: ['a', 'b', 'c', 'd'] })
    let isRefusing = false
    const sent: number[] = []
    const worker = answeredClient({
      OffsetCommit: (request) => {
        if (isRefusing) return refusing(request, 'OFFSET_METADATA_TOO_LARGE')
        sent.push(request.topics[0]!.partitions[0]!.committedOffset)
        return 'pass'
      },
    })
    const group = member({}, worker)
    const held: (() => void)[] = []
    running(group, {
      lanes: 'key',
      concurrency: 2,
      autoCommitIntervalMs: 100,
      handler: async (record) => {
        if (record.offset === 2) await new Promise<void>((resume) => held.push(resume))
        if (record.offset === 3) await never()
      },
    })
    await world.until(() => held.length === 1)
    await world.run(group.commitOffset('orders', 0, 5))
    isRefusing = true
    await world.run(group.commitOffset('orders', 0, 6, 'metadata').catch(() => {}))
    isRefusing = false
    held[0]!()
    await world.pass(1_000)
    expect(sent).toContain(5)
    for (const [i, offset] of sent.slice(1).entries()) expect(offset).toBeGreaterThanOrEqual(sent[i]!)
  })

  it('I4: a commit of the application that it waits for no longer still counts', async () => {
    await send(6, { keys: ['a', 'b', 'c', 'd'] })
    let hold: (() => void) | null = null
    let isHolding = false
    const worker = answeredClient({
      OffsetCommit: () => (isHolding ? new Promise((resume) => (hold = () => resume('pass'))) : 'pass'),
    })
    const group = member({}, worker)
    const held: (() => void)[] = []
    running(group, {
      lanes: 'key',
      concurrency: 2,
      autoCommitIntervalMs: 100,
      handler: async (record) => {
        if (record.offset === 2) await new Promise<void>((resume) => held.push(resume))
        if (record.offset === 4) await never()
      },
    })
    await world.until(() => held.length === 1)
    await world.pass(500)
    isHolding = true
    const controller = new AbortController()
    const commit = group.commitOffset('orders', 0, 6, '', { signal: controller.signal })
    commit.catch(() => {})
    await world.until(() => hold !== null)
    controller.abort(new Error('no time'))
    await world.settle()
    isHolding = false
    held[0]!()
    hold!()
    await world.pass(1_000)
    expect(await committed(group)).toBe(6)
  })
})

describe('iteration beside it', () => {
  it('the signal of a record that was delivered has fired when the callback says that its partition is revoked', async () => {
    await send(1)
    let signal: AbortSignal | null = null
    let wasAborted: boolean | undefined
    const group = member({ onPartitionsRevoked: () => void (wasAborted = signal?.aborted) })
    const { value } = await world.run(group.records().next())
    signal = (value as ConsumerRecord).signal
    await world.run(member().joinGroup())
    expect(wasAborted).toBe(true)
  })

  it('an iteration begun before the run takes no record from it', async () => {
    const group = member()
    const records = group.records()
    const next = records.next()
    next.catch(() => {})
    await world.run(group.joinGroup())
    const seen: string[] = []
    running(group, { handler: (record) => void seen.push(text(record)) })
    await send(3)
    await world.pass(1_000)
    expect(seen).toEqual(['0', '1', '2'])
    await expect(world.run(next)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })
})

describe('the stall watchdog', () => {
  const events: StallEvent[] = []
  const listen = (event: unknown) => void events.push(event as StallEvent)
  beforeEach(() => {
    events.length = 0
    subscribe('goqueue:client:stall', listen)
  })
  afterEach(() => void unsubscribe('goqueue:client:stall', listen))

  it('a record that comes to a partition that was quiet for long is no stall at once', async () => {
    let isHeld = false
    let hold: (() => void) | null = null
    const worker = answeredClient({
      Fetch: () => (isHeld ? new Promise((resume) => (hold = () => resume('pass'))) : 'pass'),
    })
    const group = member({ stallTimeoutMs: 20_000 }, worker)
    const seen: string[] = []
    running(group, { handler: (record) => void seen.push(text(record)) })
    await world.until(() => assigned(group) === 2)
    await world.pass(100_000)
    isHeld = true
    await world.until(() => hold !== null)
    await send(1)
    await world.pass(10_000)
    isHeld = false
    hold!()
    await world.until(() => seen.length === 1)
    await world.pass(10_000)
    expect(events).toEqual([])
  })

  it('after a run has ended it is the application that is waited for', async () => {
    await send(2)
    const group = member({ stallTimeoutMs: 20_000 })
    const controller = new AbortController()
    const run = running(group, {
      signal: controller.signal,
      handler: async () => {
        controller.abort(new Error('enough'))
        await sleep(100)
      },
    })
    await expect(world.run(run.promise)).rejects.toThrow('enough')
    await world.pass(120_000)
    expect(events.map(({ cause }) => cause)).toEqual(['application'])
  })

  it('leaves no alarm when the consumer is left and joined and closed while it looks', async () => {
    const { set, runtime } = countedAlarms()
    await send(1)
    let hold: (() => void) | null = null
    let isHolding = false
    const worker = answeredClient(
      { ListOffsets: () => (isHolding ? new Promise((resume) => (hold = () => resume('pass'))) : 'pass') },
      { runtime },
    )
    const group = member({ stallTimeoutMs: 20_000 }, worker)
    await world.run(group.joinGroup())
    await world.pass(10_000)
    isHolding = true
    await world.until(() => hold !== null)
    group.leaveGroup().catch(() => {})
    group.joinGroup().catch(() => {})
    await world.pass(100)
    isHolding = false
    hold!()
    await world.pass(100)
    await world.run(worker.close())
    await world.settle()
    expect(set.size).toBe(0)
  })

  it('leaves no alarm when the membership has failed', async () => {
    const { set, runtime } = countedAlarms()
    let isRefused = false
    const worker = answeredClient(
      { Heartbeat: () => (isRefused ? { errorCode: 'GROUP_AUTHORIZATION_FAILED' } : 'pass') },
      { runtime },
    )
    const group = member({ heartbeatIntervalMs: 1_000 }, worker)
    const run = running(group, { handler: () => {} })
    await world.until(() => assigned(group) === 2)
    isRefused = true
    await expect(world.run(run.promise)).rejects.toMatchObject({ code: 'GROUP_AUTHORIZATION_FAILED' })
    // Connections look after themselves.
    await world.pass(30_000)
    expect(set.size).toBe(0)
  })
})
