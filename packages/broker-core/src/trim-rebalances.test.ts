// The history of rebalances in little room: what it keeps through flapping groups, failing disks, power cuts and restarts.
import { readRecords, splitBatches } from '@goqueue/protocol'
import { describe, expect, it } from 'vitest'
import type { BrokerEvent } from './broker-event.ts'
import type { RebalanceRecord } from './coordinator/rebalance-record.ts'
import { LogManager } from './log/log-manager.ts'
import type { PartitionLog } from './log/partition-log.ts'
import { RebalanceHistory } from './rebalance-history.ts'
import { MemoryFileSystem } from './storage/memory-file-system.ts'
import { StorageError } from './storage/storage-error.ts'
import { openMemoryStore } from './store/memory-store.ts'
import type { MetadataStore } from './store/metadata-store.ts'
import { REBALANCES_TOPIC } from './topics/internal-topics.ts'
import { TopicCatalog } from './topics/topic-catalog.ts'
import { VirtualRuntime } from './virtual-runtime.ts'

const ROOM_BYTES = 128 * 1024
const limits = { numPartitions: 1, maxPartitionsPerTopic: 10, maxPartitions: 10 }

interface Opened {
  readonly history: RebalanceHistory
  readonly topics: TopicCatalog
  readonly log: () => PartitionLog
  /** Has the broker look at what is free on the disk. */
  readonly look: () => Promise<unknown>
  readonly close: () => Promise<void>
}

/** A disk with a history on it, how often each group has rebalanced, and the groups that exist. */
class World {
  runtime = new VirtualRuntime()
  readonly store: MetadataStore = openMemoryStore({ randomUuid: () => this.runtime.randomUuid() })
  readonly events: BrokerEvent[] = []
  readonly generations = new Map<string, number>()
  readonly existing = new Set<string>()
  disk = new MemoryFileSystem()
  flush: 'durable' | 'os' = 'durable'
  minFreeBytes = 0

  async open(): Promise<Opened> {
    const { runtime, store } = this
    const options = { fileSystem: this.disk, directory: '/logs', runtime, report: () => {} }
    const logs = await LogManager.open({
      ...options,
      tailCacheBytes: 0,
      minFreeBytes: this.minFreeBytes,
      config: { flush: this.flush },
    }) // what is read is read from the disk
    const snapshot = await store.load()
    const topics = await TopicCatalog.load({ snapshot, store, logs, runtime, limits, report: () => {} })
    const history = new RebalanceHistory({
      topics,
      runtime,
      report: (event) => this.events.push(event),
      existingGroups: () => this.existing,
      roomBytes: ROOM_BYTES,
    })
    return {
      history,
      topics,
      log: () => topics.byName(REBALANCES_TOPIC)!.logs[0]!,
      look: () => logs.freeBytes(),
      close: async () => {
        await history.close()
        await logs.close()
      },
    }
  }

  /** The next rebalance of a group, a second after the last one of any. */
  rebalance({ history }: Opened, groupId: string): Promise<void> {
    this.runtime.advance(1_000)
    const generationId = (this.generations.get(groupId) ?? 0) + 1
    this.generations.set(groupId, generationId)
    this.existing.add(groupId)
    history.record(recordOf(groupId, generationId, this.runtime.wallClockMs()))
    return history.settled()
  }

  /** The same again, on a disk of its own. */
  copy(): World {
    const { store, generations, existing } = this
    const disk = this.disk.clone()
    return Object.assign(new World(), { store, disk, generations: new Map(generations), existing: new Set(existing) })
  }

  async flap(opened: Opened, times: number, groupId = 'flapping'): Promise<void> {
    for (let time = 0; time < times; time += 1) await this.rebalance(opened, groupId)
  }
}

/** The next records but one or two make it larger than its room. */
async function almostFull(): Promise<World> {
  const world = new World()
  const opened = await world.open()
  await world.flap(opened, 3, 'calm')
  while (opened.log().sizeBytes <= ROOM_BYTES - 300) await world.flap(opened, 1)
  await opened.close()
  return world
}

function recordOf(groupId: string, generationId: number, settledMs: number): RebalanceRecord {
  return {
    groupId,
    generationId,
    state: 'Stable',
    settledMs,
    tookMs: 1,
    protocolType: 'consumer',
    assignor: 'range',
    memberCount: 1,
    causes: [],
    causeCount: 0,
    moved: [],
    movedCount: 0,
  }
}

/** The generations of each group as they stand in the log, twice where they stand there twice, each with its time. */
async function generationsIn(log: PartitionLog): Promise<Map<string, number[]>> {
  const found = new Map<string, number[]>()
  let offset = log.logStartOffset
  while (offset < log.highWatermark) {
    const outcome = await log.read(offset, 1_000_000)
    if (outcome.errorCode !== 'NONE') throw new Error(outcome.errorCode)
    for (const { batch } of splitBatches(outcome.records)) {
      for (const record of readRecords(batch)) {
        const { groupId, generationId, settledMs } = JSON.parse(String(record.value)) as RebalanceRecord
        expect([String(record.key), record.timestampMs]).toEqual([groupId, settledMs])
        const first = record.headers.find(([name]) => name === 'offset')
        if (first !== undefined) expect(Number(String(first[1]))).toBeLessThan(record.offset)
        found.set(groupId, [...(found.get(groupId) ?? []), generationId])
        offset = record.offset + 1
      }
    }
  }
  return found
}

const upTo = (last: number, count: number) => Array.from({ length: count }, (_, index) => last - count + 1 + index)
const ascending = (numbers: readonly number[] = []) => [...numbers].sort((a, b) => a - b)

describe('the history of rebalances', () => {
  it('keeps the newest 100 of each group, however long another one flaps, and stays within its room', async () => {
    const world = new World()
    const opened = await world.open()
    await world.flap(opened, 3, 'calm')
    await world.flap(opened, 130, 'once-busy')
    await world.flap(opened, 3_000)
    const found = await generationsIn(opened.log())
    expect(found.get('calm')).toEqual([1, 2, 3])
    expect(ascending(found.get('once-busy'))).toEqual(upTo(130, 100))
    expect(ascending(found.get('flapping')).slice(-100)).toEqual(upTo(3_000, 100))
    expect(opened.log().sizeBytes).toBeLessThan(1.5 * ROOM_BYTES)
    expect(opened.log().logStartOffset).toBeGreaterThan(2_000)
    expect(world.events).toEqual([])
    await opened.close()
  })

  it('goes on so after restarts', async () => {
    const world = new World()
    for (let start = 0; start < 8; start += 1) {
      const opened = await world.open()
      await world.flap(opened, 2, 'calm')
      await world.flap(opened, 250)
      await opened.close()
    }
    const opened = await world.open()
    const found = await generationsIn(opened.log())
    expect(ascending(found.get('calm'))).toEqual(upTo(16, 16))
    expect(opened.log().logStartOffset).toBeGreaterThan(1_000)
    await opened.close()
  })

  it('forgets groups that are gone, after a while', async () => {
    const world = new World()
    const opened = await world.open()
    await world.flap(opened, 5, 'gone')
    world.existing.delete('gone')
    await world.flap(opened, 100)
    expect((await generationsIn(opened.log())).get('gone')).toEqual(upTo(5, 5))
    await world.flap(opened, 500)
    expect((await generationsIn(opened.log())).has('gone')).toBe(false)
    await opened.close()
  })

  it('grows with its groups where their newest fill the room, and writes each record a few times at most', async () => {
    const world = new World()
    const opened = await world.open()
    const groups = Array.from({ length: 20 }, (_, index) => `group-${index}`)
    for (let round = 0; round < 150; round += 1) for (const group of groups) await world.rebalance(opened, group)
    const found = await generationsIn(opened.log())
    for (const group of groups) expect(ascending(found.get(group)).slice(-100)).toEqual(upTo(150, 100))
    const live = 20 * 100
    expect([...found.values()].flat().length).toBeLessThan(2.5 * live)
    expect(opened.log().logEndOffset).toBeLessThan(2.5 * 20 * 150)
    await opened.close()
  })

  it('does not write a history again at each start that is large because its groups are many', async () => {
    const world = new World()
    const groups = Array.from({ length: 20 }, (_, index) => `group-${index}`)
    const first = await world.open()
    for (let round = 0; round < 100; round += 1) for (const group of groups) await world.rebalance(first, group)
    const { logEndOffset } = first.log()
    await first.close()
    for (let start = 1; start <= 5; start += 1) {
      const opened = await world.open()
      await world.rebalance(opened, 'group-0')
      expect(opened.log().logEndOffset).toBe(logEndOffset + 2 * start - 1)
      // It was looked through once, and is not at each of the next.
      let reads = 0
      world.disk.onOperation = ({ name }) => {
        if (name === 'read') reads += 1
      }
      await world.rebalance(opened, 'group-0')
      world.disk.onOperation = undefined
      expect(reads).toBe(0)
      await opened.close()
    }
  })

  it('writes down what thousands of groups do at once, and so much and no more waits for a disk that stands still', async () => {
    const world = new World()
    const opened = await world.open()
    const rebalances = Array.from({ length: 5_000 }, (_, index) => world.rebalance(opened, `group-${index}`))
    await Promise.all(rebalances)
    expect((await generationsIn(opened.log())).size).toBe(5_000)
    expect(world.events).toEqual([])

    let release = () => {}
    const held = new Promise<void>((resolve) => (release = resolve))
    world.disk.onOperation = ({ name }) => (name === 'write' ? held : undefined)
    const wide = { ...recordOf('wide', 1, 0), assignor: 'x'.repeat(400_000) }
    for (let count = 0; count < 100; count += 1) opened.history.record(wide)
    const refused = 100 - Math.floor((32 * 1024 * 1024) / 400_500)
    expect(world.events).toHaveLength(refused)
    expect(world.events[0]).toMatchObject({
      kind: 'rebalanceNotRecorded',
      message: expect.stringMatching(/is not kept: 33554432 bytes of others wait to be written$/) as string,
    })
    world.disk.onOperation = undefined
    release()
    await opened.history.settled()
    await world.rebalance(opened, 'after')
    expect((await generationsIn(opened.log())).get('after')).toEqual([1])
    await opened.close()
  })

  it('takes what was written last for the newest, and keeps what is dated far in the future, when the clock was ahead', async () => {
    const world = new World()
    world.runtime = new VirtualRuntime({ wallClockMs: 2_082_758_400_000 }) // the year 2036
    const wrong = await world.open()
    await world.flap(wrong, 120, 'calm')
    await wrong.close()
    world.runtime = new VirtualRuntime()
    const opened = await world.open()
    await world.flap(opened, 50, 'calm')
    await world.flap(opened, 2_000)
    expect(ascending((await generationsIn(opened.log())).get('calm'))).toEqual(upTo(170, 100))
    expect(opened.log().logStartOffset).toBeGreaterThan(170)
    expect(world.events).toEqual([])
    await opened.close()
  })

  it('keeps nothing longer than the topic is told to, whatever is written again', async () => {
    const world = new World()
    const opened = await world.open()
    await world.flap(opened, 3, 'calm')
    await world.flap(opened, 10)
    const hour = new Map([['retention.ms', '3600000']])
    const altered = await opened.topics.alterConfigs(REBALANCES_TOPIC, (configs) => new Map([...configs, ...hour]))
    expect(altered.errorCode).toBe('NONE')
    await world.flap(opened, 2_000) // a second each: more than half an hour
    expect((await generationsIn(opened.log())).get('calm')).toEqual([1, 2, 3])
    await world.flap(opened, 2_500)
    expect((await generationsIn(opened.log())).has('calm')).toBe(false)
    await opened.close()
  })

  it("loses nothing of what is kept to a power cut with flush 'os', only the newest", async () => {
    const world = new World()
    world.flush = 'os'
    await world.disk.syncDirectory('/')
    const opened = await world.open()
    await world.flap(opened, 3, 'calm')
    while (opened.log() === undefined || opened.log().logStartOffset === 0) await world.flap(opened, 1)
    world.disk = world.disk.crash({ kind: 'lose' })
    const again = await world.open()
    expect((await generationsIn(again.log())).get('calm')).toEqual([1, 2, 3])
    await again.close()
  })

  it('says so when it cannot make room, loses nothing, and tries again later', async () => {
    const world = new World()
    const opened = await world.open()
    await world.flap(opened, 3, 'calm')
    world.disk.onOperation = ({ name, path }) => {
      if (name === 'read') throw new StorageError(name, path, new Error('EIO'))
    }
    await world.flap(opened, 600)
    expect(world.events[0]).toMatchObject({
      kind: 'rebalancesNotTrimmed',
      level: 'warn',
      message: expect.stringMatching(
        /no room could be made in it: offset 0 could not be read: KAFKA_STORAGE_ERROR/,
      ) as string,
    })
    expect(world.events.length).toBeLessThan(10)
    world.disk.onOperation = undefined
    expect((await generationsIn(opened.log())).get('flapping')).toEqual(upTo(600, 600))
    await world.flap(opened, 600)
    expect((await generationsIn(opened.log())).get('calm')).toEqual([1, 2, 3])
    await opened.close()
  })

  it('leaves it as it is while the disk has no room for what must be written again', async () => {
    const world = new World()
    let free = 1_000_000
    Object.assign(world.disk, { freeBytes: () => Promise.resolve(free) })
    world.minFreeBytes = 200_000
    const opened = await world.open()
    await world.flap(opened, 100, 'calm')
    free = 120_000 // the broker itself may go down to half of the reserve
    await opened.look()
    await world.flap(opened, 450)
    expect(world.events[0]).toMatchObject({
      kind: 'rebalancesNotTrimmed',
      message: expect.stringMatching(
        /the disk has no room for the \d+ bytes that must be written again first$/,
      ) as string,
    })
    expect(opened.log().logStartOffset).toBe(0)
    free = 1_000_000
    await opened.look()
    await world.flap(opened, 200)
    expect(opened.log().logStartOffset).toBeGreaterThan(0)
    expect(ascending((await generationsIn(opened.log())).get('calm'))).toEqual(upTo(100, 100))
    await opened.close()
  })

  it('closes in the midst of it without waiting for the end, and loses nothing', async () => {
    const prepared = await almostFull()
    const flapped = prepared.generations.get('flapping')!
    const starts: number[] = []
    for (let turns = 0; turns < 20; turns += 1) {
      const world = prepared.copy()
      const opened = await world.open()
      const recorded = world.flap(opened, 1).then(() => world.flap(opened, 1))
      for (let turn = 0; turn < turns; turn += 1) await new Promise((resume) => setImmediate(resume))
      await opened.close()
      await recorded
      const again = await world.open()
      starts.push(again.log().logStartOffset)
      expect(world.events).toEqual([])
      const found = await generationsIn(again.log())
      expect([turns, found.get('calm')]).toEqual([turns, [1, 2, 3]])
      expect(found.get('flapping')?.at(-1)).toBeGreaterThanOrEqual(flapped)
      await again.close()
    }
    expect(starts[0]).toBe(0)
    expect(starts.at(-1)).toBeGreaterThan(0)
  })

  it('whenever the power is cut while it makes room, nothing is lost that it keeps', async () => {
    const prepared = await almostFull()
    const whole = prepared.copy()
    const trimmed = await whole.open()
    const before = whole.disk.operationCount
    await whole.flap(trimmed, 3)
    const operations = whole.disk.operationCount - before
    expect(trimmed.log().logStartOffset).toBeGreaterThan(0)
    await trimmed.close()
    expect(operations).toBeGreaterThan(10)

    for (let nth = 1; nth <= operations; nth += 1) {
      const world = prepared.copy()
      const dying = await world.open()
      world.disk.dieAtOperation(nth)
      await world.flap(dying, 3)
      await dying.close()
      world.disk = world.disk.crash({ kind: 'lose' })
      const survived = await world.open()
      const found = await generationsIn(survived.log())
      expect([nth, ascending([...new Set(found.get('calm'))])]).toEqual([nth, [1, 2, 3]])
      const flapped = prepared.generations.get('flapping')!
      const last = Math.max(...found.get('flapping')!)
      expect(last).toBeGreaterThanOrEqual(flapped)
      expect(ascending([...new Set(found.get('flapping'))]).slice(-100)).toEqual(upTo(last, 100))
      // What stands there twice goes the next time.
      await world.flap(survived, 250, 'another')
      expect((await generationsIn(survived.log())).get('calm')).toEqual([1, 2, 3])
      await survived.close()
    }
  })
})
