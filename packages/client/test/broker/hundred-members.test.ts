// A hundred members, one of which dies: what the others deliver meanwhile, and when the dead one's partitions flow again.
import { afterEach, expect, it } from 'vitest'
import type { Client, GroupConsumer, Runtime } from '../../src/index.ts'
import { rebalancesOf, type Rebalance } from '../rebalances-of.ts'
import { World } from '../world.ts'

const MEMBERS = 100
const PARTITIONS = Array.from({ length: 2 * MEMBERS }, (_, partition) => partition)
const SESSION_MS = 2_000
const HEARTBEAT_MS = 100
/** What is promised from the session's deadline on, besides one heartbeat interval. */
const MARGIN_MS = 200
/** How late the alarms of the latest member ring: heartbeats of a hundred processes do not come at the same instant. */
const LATEST_MS = 9
/** Requests follow each other from the heartbeat that tells of the rebalance to the first record: all at one instant. */
const ROUNDS = 40

let world: World
afterEach(() => world.close())

/** The world's clock for a process whose alarms always ring a little late. */
function lateRuntime(runtime: Runtime, lateMs: number): Runtime {
  return {
    nowMs: () => runtime.nowMs(),
    wallClockMs: () => runtime.wallClockMs(),
    setAlarm: (delayMs, callback) => runtime.setAlarm(delayMs + lateMs, callback),
    random: () => runtime.random(),
  }
}

interface Delivery {
  readonly partition: number
  readonly offset: number
  readonly sentMs: number
  readonly deliveredMs: number
}

/** A member in a process of its own that delivers whatever it gets. */
class Member {
  readonly group: GroupConsumer
  readonly kill: () => void
  readonly delivered: Delivery[] = []
  /** The signal of every partition that it has delivered something of. */
  readonly signals = new Map<number, AbortSignal>()
  lastHeartbeatMs = -Infinity
  isDead = false

  constructor(index: number) {
    const runtime = lateRuntime(world.runtime, index % (LATEST_MS + 1))
    const mortal = world.mortalClient({ runtime }, (name) => {
      if (name === 'Heartbeat') this.lastHeartbeatMs = world.runtime.nowMs()
    })
    this.group = mortal.client.groupConsumer({
      groupId: 'billing',
      topics: ['orders'],
      assignors: ['cooperative-sticky'],
      sessionTimeoutMs: SESSION_MS,
      heartbeatIntervalMs: HEARTBEAT_MS,
    })
    this.kill = () => {
      this.isDead = true
      mortal.kill()
    }
  }

  get partitions(): number[] {
    return this.group.getAssignment()['orders'] ?? []
  }

  async deliver(): Promise<void> {
    for await (const { partition, offset, value, signal } of this.group) {
      if (this.isDead) return
      this.signals.set(partition, signal)
      const deliveredMs = world.runtime.nowMs()
      this.delivered.push({ partition, offset, sentMs: Number(value), deliveredMs })
    }
  }
}

/** The group, balanced and delivering. */
async function deliveringGroup(client: Client): Promise<Member[]> {
  await world.run(client.admin().createTopic({ name: 'orders', partitions: PARTITIONS.length }))
  const members = Array.from({ length: MEMBERS }, (_, index) => new Member(index))
  await world.run(Promise.all(members.map(({ group }) => group.joinGroup())))
  await world.until(() => members.every(({ partitions }) => partitions.length === 2))
  for (const member of members) void member.deliver()
  await world.pass(2 * HEARTBEAT_MS)
  return members
}

/** Sends a record to every partition again and again while time passes. */
async function sendFor(client: Client, durationMs: number, everyMs: number): Promise<void> {
  const producer = client.producer()
  const endMs = world.runtime.nowMs() + durationMs
  while (world.runtime.nowMs() < endMs) {
    const value = String(world.runtime.nowMs())
    await world.run(producer.send(PARTITIONS.map((partition) => ({ topic: 'orders', partition, value }))))
    await world.pass(Math.min(everyMs, endMs - world.runtime.nowMs()))
  }
}

it.each([['follower'], ['leader']])(
  'a %s of a hundred members dies: no other partition pauses, and its own flow again within a heartbeat of the session deadline',
  async (role) => {
    world = await World.open({ groupMinSessionTimeoutMs: SESSION_MS, rounds: ROUNDS })
    const client = world.client()
    const members = await deliveringGroup(client)
    const leaderId = (await lastRebalance(client)).causes[0]!.memberId
    const dead = members.find(({ group }) => (group.memberId === leaderId) === (role === 'leader'))!
    const survivors = members.filter((member) => member !== dead)
    const moving = dead.partitions
    await sendFor(client, 3 * HEARTBEAT_MS, 100)
    dead.kill()
    const deadlineMs = dead.lastHeartbeatMs + SESSION_MS
    await sendFor(client, deadlineMs - 50 - world.runtime.nowMs(), 100)
    await sendFor(client, 50 + HEARTBEAT_MS + MARGIN_MS, 10)

    const { causes, settledMs, tookMs } = await lastRebalance(client)
    expect(causes.map(({ kind }) => kind)).toEqual(['sessionTimeout'])
    expect(settledMs - tookMs).toBe(world.runtime.wallClockMs() - world.runtime.nowMs() + deadlineMs)

    const delivered = survivors.flatMap((member) => member.delivered)
    const ofUnmoved = delivered.filter(({ partition }) => !moving.includes(partition))
    expect(ofUnmoved.filter(({ sentMs, deliveredMs }) => sentMs !== deliveredMs)).toEqual([])
    const aborted = survivors.flatMap(({ signals }) => [...signals.values()].filter((signal) => signal.aborted))
    expect(aborted).toEqual([])
    const ends = await endOffsets(client)
    for (const partition of PARTITIONS) {
      const ofPartition = delivered.filter((record) => record.partition === partition)
      expect(ofPartition.map(({ offset }) => offset)).toEqual(Array.from({ length: ends[partition]! }, (_, at) => at))
      if (!moving.includes(partition)) continue
      const flowsAgainMs = ofPartition[0]!.deliveredMs - deadlineMs
      expect(flowsAgainMs).toBeGreaterThanOrEqual(0)
      // So that the margin is all left for what time stands still for here: the network, and the machine.
      expect(flowsAgainMs).toBeLessThanOrEqual(HEARTBEAT_MS + LATEST_MS)
    }
  },
)

async function lastRebalance(client: Client): Promise<Rebalance> {
  return (await world.run(rebalancesOf(client, 'billing'))).at(-1)!
}

async function endOffsets(client: Client): Promise<number[]> {
  const all = PARTITIONS.map((partition) => ({ topic: 'orders', partition }))
  return (await world.run(client.admin().listOffsets(all, 'latest'))).map(({ offset }) => offset)
}
