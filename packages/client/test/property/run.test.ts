// group.run with handlers of every kind while members join, leave, are cut off, pause and seek: nothing is lost, passed over or out of order.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { GoQueueError, type ConsumerRecord, type GroupConsumer } from '../../src/index.ts'
import { answeringWire } from '../answering-wire.ts'
import { World } from '../world.ts'

const TOPIC = 'orders'
const DEAD = 'orders.dead'
const PARTITIONS = 3
const KEYS = ['a', 'b', null]
const DEADLINE_MS = 700
const MAX_ATTEMPTS = 2
const CLOSE_MS = 5_000
const UNREACHABLE = new Set<unknown>(['CONNECTION_FAILED', 'REQUEST_TIMEOUT'])

/** What a handler does with a record. Whatever it is, a record has an end: it is handled, or it is buried. */
const HABITS = ['ends', 'ends', 'ends', 'takes its time', 'fails once', 'fails', 'heeds its signal', 'hangs', 'is late']

const action = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('join' as const), count: fc.nat({ max: 15 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('leave' as const), count: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('close' as const), count: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cut' as const), count: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('away' as const), count: fc.integer({ min: 1, max: 9_000 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('seek' as const), count: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('pause' as const), count: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('resume' as const), count: fc.nat() }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('pass' as const), count: fc.integer({ min: 1, max: 2_500 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('send' as const), count: fc.integer({ min: 1, max: 6 }) }) },
)

it('I3, I4, I20: every record is handled or buried, commits pass over none, lanes keep their order, and closing ends in time', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(action, { minLength: 4, maxLength: 18 }),
      fc.integer({ min: 1, max: 1_000_000 }),
      async (actions, seed) => {
        const world = await World.open({ seed })
        try {
          const group = new Group(world, seed)
          await group.open()
          group.join(seed)
          for (const { do: what, count } of actions) await group.act(what, count)
          await group.finish()
          expect(group.wrongs).toEqual([])
        } finally {
          await world.close()
        }
      },
    ),
    { numRuns: 40 },
  )
}, 120_000)

class Group {
  readonly wrongs: string[] = []
  private readonly world: World
  readonly seed: number
  private readonly workers: Worker[] = []
  private readonly producer
  private readonly sent = Array.from({ length: PARTITIONS }, () => 0)
  /** As far as each partition has ever been committed: seeking back from there skips nothing. */
  readonly committed = Array.from({ length: PARTITIONS }, () => 0)
  /** `partition/offset` of what was handled well, or has failed for good and is to be buried. */
  readonly done = new Set<string>()

  constructor(world: World, seed: number) {
    this.world = world
    this.seed = seed
    this.producer = world.client().producer()
  }

  async open(): Promise<void> {
    const admin = this.world.client().admin()
    await this.world.run(admin.createTopic({ name: TOPIC, partitions: PARTITIONS }))
    await this.world.run(admin.createTopic({ name: DEAD, partitions: 1 }))
    await this.send(5)
  }

  async act(what: string, count: number): Promise<void> {
    const living = this.workers.filter(({ isOver }) => !isOver)
    const worker = living[count % Math.max(1, living.length)]
    if (what === 'join') this.join(count)
    else if (what === 'pass') await this.world.pass(count)
    else if (what === 'send') await this.send(count)
    else if (what === 'cut') this.world.cut()
    else if (what === 'away') {
      this.world.isReachable = false
      this.world.cut()
      await this.world.pass(count)
      this.world.isReachable = true
    } else if (what === 'leave') worker?.leave()
    else if (what === 'close') worker?.close()
    else worker?.steer(what, count)
  }

  join(count: number): void {
    this.workers.push(new Worker(this.world, this, count))
  }

  /** What the handler does with a record: the same whoever has it, and each time. */
  habitOf({ partition, offset }: ConsumerRecord): string {
    const mixed = Math.imul(this.seed ^ Math.imul(partition * 1_000 + offset + 1, 0x9e3779b1), 0x85ebca6b) >>> 8
    return HABITS[mixed % HABITS.length]!
  }

  /** No commit may name an offset before which something is not done. */
  checkCommit(partition: number, offset: number): void {
    this.committed[partition] = Math.max(this.committed[partition]!, offset)
    for (let earlier = 0; earlier < offset; earlier++) {
      if (!this.done.has(`${partition}/${earlier}`)) this.wrongs.push(`${partition}@${offset} passes over ${earlier}`)
    }
  }

  async finish(): Promise<void> {
    const { world } = this
    await world.pass(10_000)
    if (this.workers.every(({ isOver }) => isOver)) this.join(3)
    for (const worker of this.workers) worker.steer('resume', 0)
    const all = this.sent.flatMap((count, partition) => Array.from({ length: count }, (_, i) => `${partition}/${i}`))
    await world.until(() => all.every((place) => this.done.has(place)))
    await world.pass(30_000)
    for (const { outcome } of this.workers) if (outcome !== null) this.wrongs.push(`a run rejects: ${outcome}`)
    const offsets = await world.run(world.client().admin().groupOffsets('billing'))
    const committed = this.sent.map((_, partition) => offsets.find((one) => one.partition === partition)?.offset ?? 0)
    expect(committed).toEqual(this.sent)
    await this.checkDead()
    for (const worker of this.workers) worker.close()
    await world.pass(CLOSE_MS + 100)
    for (const { isEnded } of this.workers) if (!isEnded) this.wrongs.push('a close, or its run, does not end')
  }

  /** What has failed for good and was handled well by nobody is in the dead-letter topic. */
  private async checkDead(): Promise<void> {
    const reader = this.world.client().consumer()
    reader.assign([{ topic: DEAD, partition: 0, offset: 0 }])
    const dead = new Set<string>()
    void (async () => {
      for await (const { headers } of reader) {
        const [partition, offset] = [1, 2].map((at) => String(headers[at]![1]))
        dead.add(`${partition}/${offset}`)
      }
    })()
    await this.world.pass(1_000)
    for (const place of this.done) {
      const isHandled = this.workers.some(({ handled }) => handled.has(place))
      if (!isHandled && !dead.has(place)) this.wrongs.push(`${place} is neither handled nor buried`)
    }
  }

  private async send(count: number): Promise<void> {
    const records = this.sent.flatMap((_, partition) =>
      Array.from({ length: count }, (__, i) => ({
        topic: TOPIC,
        partition,
        key: KEYS[(i + partition) % KEYS.length]!,
        value: 'x',
      })),
    )
    await this.world.run(this.producer.send(records))
    for (let partition = 0; partition < PARTITIONS; partition++) this.sent[partition]! += count
  }
}

/** One partition of one worker, from when it is assigned, or sought in, on. */
interface Tenure {
  committed: number
  /** A commit from before a seek may still be on its way until then. */
  readonly isInOrderFromMs: number
  /** By lane: the record begun last, and what it is at work at. */
  readonly lanes: Map<string, { offset: number; attempt: number; atWork: AbortSignal | null }>
}

class Worker {
  readonly handled = new Set<string>()
  isOver = false
  isEnded = false
  outcome: string | null = null
  private readonly world: World
  private readonly group: Group
  private readonly lanes: 'partition' | 'key'
  private readonly concurrency: number
  private readonly member: GroupConsumer
  private readonly run: Promise<void>
  private tenures = new Map<number, Tenure>()
  private readonly atWork = new Set<AbortSignal>()

  constructor(world: World, group: Group, count: number) {
    this.world = world
    this.group = group
    this.lanes = count % 2 === 0 ? 'partition' : 'key'
    this.concurrency = [1, 2, 5, 20][(count >> 1) % 4]!
    const client = world.client({
      dial: () => answeringWire(world.dial(), { OffsetCommit: (sent) => this.committing(sent) }),
    })
    const forget = ({ [TOPIC]: partitions }: Record<string, number[]>) => {
      for (const partition of partitions!) this.tenures.delete(partition)
    }
    this.member = client.groupConsumer({
      groupId: 'billing',
      topics: [TOPIC],
      // A group that has several kinds of members is another test's.
      assignors: [['range'], ['cooperative-sticky']][group.seed % 2]!,
      sessionTimeoutMs: 6_000,
      rebalanceTimeoutMs: 8_000,
      stallTimeoutMs: Infinity,
      onPartitionsRevoked: forget,
      onPartitionsLost: forget,
    })
    this.run = this.member.run({
      handler: (record, { attempt }) => this.handle(record, attempt),
      lanes: this.lanes,
      concurrency: this.concurrency,
      deadlineMs: DEADLINE_MS,
      retry: { maxAttempts: MAX_ATTEMPTS, backoffMs: 200 },
      deadLetter: { topic: DEAD },
      autoCommitIntervalMs: 300,
    })
    this.run.catch((error: unknown) => {
      // One that finds no broker for so long that it gives up is begun again by the application.
      if (error instanceof GoQueueError && UNREACHABLE.has(error.code)) this.isOver = true
      else this.outcome = String(error)
    })
  }

  leave(): void {
    this.isOver = true
    void this.member.leaveGroup().catch(() => {})
  }

  close(): void {
    this.isOver = true
    void Promise.allSettled([this.member.close(), this.run]).then(() => (this.isEnded = true))
  }

  /** Pauses, resumes or seeks back. */
  steer(what: string, count: number): void {
    if (this.isOver) return
    const partitions = this.member.getAssignment()[TOPIC] ?? []
    const partition = partitions[count % Math.max(1, partitions.length)]
    if (partition === undefined) return
    if (what === 'pause') this.member.pause(TOPIC, partition)
    else if (what === 'resume') this.member.resume(TOPIC)
    else {
      const isInOrderFromMs = this.world.runtime.nowMs() + CLOSE_MS
      this.tenures.set(partition, { committed: 0, isInOrderFromMs, lanes: new Map() })
      this.member.seek(TOPIC, partition, count % (this.group.committed[partition]! + 1))
    }
  }

  private tenureOf(partition: number): Tenure {
    const tenure = this.tenures.get(partition) ?? { committed: 0, isInOrderFromMs: 0, lanes: new Map() }
    this.tenures.set(partition, tenure)
    return tenure
  }

  private committing({ topics }: { topics: { partitions: { partitionIndex: number; committedOffset: number }[] }[] }) {
    for (const { partitionIndex: partition, committedOffset } of topics.flatMap(({ partitions }) => partitions)) {
      this.group.checkCommit(partition, committedOffset)
      const tenure = this.tenureOf(partition)
      if (committedOffset < tenure.committed) this.wrong(`a commit of ${partition} goes back to ${committedOffset}`)
      if (this.world.runtime.nowMs() > tenure.isInOrderFromMs) tenure.committed = committedOffset
    }
    return 'pass' as const
  }

  private async handle(record: ConsumerRecord, attempt: number): Promise<void> {
    const { partition, offset, key, signal } = record
    const place = `${partition}/${offset}`
    if (signal.aborted) this.wrong(`${place} begins with its signal fired`)
    if (!this.member.getAssignment()[TOPIC]?.includes(partition)) this.wrong(`${place} begins where it is not ours`)
    const { lanes } = this.tenureOf(partition)
    const lane = this.lanes === 'partition' ? '' : key === null ? place : String(key)
    const before = lanes.get(lane)
    if (before !== undefined) {
      if (before.atWork?.aborted === false) this.wrong(`${place} begins beside ${before.offset} in its lane`)
      const isNext = attempt === 1 ? offset > before.offset : offset === before.offset && attempt === before.attempt + 1
      if (!isNext) this.wrong(`${place}#${attempt} begins after ${before.offset}#${before.attempt}`)
    }
    const entry = { offset, attempt, atWork: signal as AbortSignal | null }
    lanes.set(lane, entry)
    this.atWork.add(signal)
    if ([...this.atWork].filter(({ aborted }) => !aborted).length > this.concurrency) this.wrong('too many are at work')
    try {
      await this.behave(record, attempt)
      this.handled.add(place)
      this.group.done.add(place)
    } catch (error) {
      if (attempt === MAX_ATTEMPTS) this.group.done.add(place)
      throw error
    } finally {
      entry.atWork = null
      this.atWork.delete(signal)
    }
  }

  private async behave(record: ConsumerRecord, attempt: number): Promise<void> {
    const { signal } = record
    const habit = this.group.habitOf(record)
    if (habit === 'fails' || (habit === 'fails once' && attempt === 1)) throw new Error('cannot')
    if (habit === 'takes its time') await this.sleep(300)
    if (habit === 'is late') await this.sleep(DEADLINE_MS + 200)
    if (habit === 'heeds its signal' || habit === 'hangs') {
      await new Promise<void>((_, reject) =>
        signal.addEventListener('abort', () => {
          if (habit === 'heeds its signal') reject(signal.reason as Error)
          // A deaf one never says so: its deadline does.
          else if (attempt === MAX_ATTEMPTS) this.group.done.add(`${record.partition}/${record.offset}`)
        }),
      )
    }
  }

  private sleep(delayMs: number): Promise<void> {
    return new Promise((resume) => void this.world.runtime.setAlarm(delayMs, resume))
  }

  private wrong(what: string): void {
    this.group.wrongs.push(what)
  }
}
