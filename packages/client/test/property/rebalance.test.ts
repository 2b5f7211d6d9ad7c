// Row I1 with real members: cooperative, eager and changing over, whatever joins, leaves, dies or breaks, and whenever.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { GroupConsumer } from '../../src/index.ts'
import { World } from '../world.ts'

const TOPIC = 'orders'
const PARTITIONS = 5
const SESSION_MS = 6_000
const KINDS = [['cooperative-sticky'], ['cooperative-sticky', 'range'], ['range']]
/** How long a member takes for what it gives up, and between heartbeats: the quick wait for the slow. */
const DELAYS_MS = [0, 500, 2_500]

interface Running {
  readonly member: GroupConsumer
  /** Ends the process that the member lives in. */
  kill(): void
  /** Was cut off from the group: its callbacks, one at a time, may come later than what they tell. */
  isLate: boolean
  /** Left, killed, or refused by the group. */
  isOver: boolean
}

const action = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('join' as const), count: fc.nat({ max: 11 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('leave' as const), count: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('kill' as const), count: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('cut' as const), count: fc.constant(0) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('away' as const), count: fc.integer({ min: 1, max: 9_000 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('turns' as const), count: fc.integer({ min: 1, max: 8 }) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('pass' as const), count: fc.integer({ min: 1, max: 3_000 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('send' as const), count: fc.constant(0) }) },
)

it('I1, I3, I17, I20: a partition has one owner at every turn, by its callbacks and by what is delivered, and in the end all have one', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(action, { minLength: 5, maxLength: 30 }),
      fc.integer({ min: 1, max: 1_000_000 }),
      async (actions, seed) => {
        const world = await World.open({ seed })
        const group = new Group(world)
        try {
          const admin = world.client().admin()
          await world.run(admin.createTopic({ name: TOPIC, partitions: PARTITIONS }))
          group.watch()
          for (const { do: what, count } of actions) {
            if (what === 'join') group.join(KINDS[count % 3]!, DELAYS_MS[count >> 2]!)
            else if (what === 'leave') group.pick(count)?.leave()
            else if (what === 'kill') group.pick(count)?.kill()
            else if (what === 'cut') world.cut()
            else if (what === 'away') await group.away(count)
            else if (what === 'pass') await world.pass(count)
            else if (what === 'send') await group.send()
            else for (let i = 0; i < count; i++) await new Promise((resume) => setImmediate(resume))
          }
          await world.pass(5 * SESSION_MS)
          group.check()
          const living = group.living()
          const covered = living.flatMap(({ member }) => member.getAssignment()[TOPIC] ?? []).sort()
          if (living.length > 0) expect(covered).toEqual(Array.from({ length: PARTITIONS }, (_, i) => i))
          for (const { member } of living) {
            const share = member.getAssignment()[TOPIC]?.length ?? 0
            expect(share).toBeGreaterThanOrEqual(Math.floor(PARTITIONS / living.length))
            expect(share).toBeLessThanOrEqual(Math.ceil(PARTITIONS / living.length))
          }
        } finally {
          group.isWatched = false
          await world.close()
        }
      },
    ),
    { numRuns: 60 },
  )
}, 120_000)

/** The members of one group, and what they say they own. */
class Group {
  isWatched = false
  private readonly world: World
  private readonly members: Running[] = []
  /** By partition, as the callbacks tell it. */
  private readonly owners = new Map<number, Running>()
  private readonly wrongs: string[] = []

  constructor(world: World) {
    this.world = world
  }

  join(assignors: readonly string[], delayMs: number): void {
    const { world } = this
    const { client, kill } = world.mortalClient()
    const member = client.groupConsumer({
      groupId: 'billing',
      topics: [TOPIC],
      assignors,
      sessionTimeoutMs: SESSION_MS,
      heartbeatIntervalMs: 1_000 + delayMs,
      onPartitionsAssigned: ({ [TOPIC]: partitions }) => {
        for (const partition of partitions!) {
          const owner = this.owners.get(partition)
          if (running.isLate && !member.getAssignment()[TOPIC]?.includes(partition)) continue
          if (owner !== undefined && !owner.isLate) this.wrongs.push(`${partition} is assigned while it has an owner`)
          this.owners.set(partition, running)
        }
      },
      onPartitionsRevoked: async ({ [TOPIC]: partitions }) => {
        if (delayMs > 0) await new Promise<void>((resume) => void world.runtime.setAlarm(delayMs, resume))
        await Promise.allSettled(partitions!.map((partition) => member.commitOffset(TOPIC, partition, 0)))
        this.give(running, partitions!)
      },
      onPartitionsLost: ({ [TOPIC]: partitions }) => this.give(running, partitions!),
    })
    const running: Running = { member, kill, isLate: false, isOver: false }
    this.members.push(running)
    void this.read(running)
  }

  pick(count: number): { leave(): void; kill(): void } | null {
    const living = this.living()
    const running = living[count % living.length]
    if (running === undefined) return null
    return {
      leave: () => {
        running.isOver = true
        running.member.leaveGroup().catch(() => {})
      },
      kill: () => {
        running.isLate = running.isOver = true
        running.kill()
      },
    }
  }

  living(): Running[] {
    return this.members.filter(({ isOver }) => !isOver)
  }

  /** Nobody reaches the broker for a while. */
  async away(durationMs: number): Promise<void> {
    for (const running of this.members) running.isLate = true
    this.world.isReachable = false
    this.world.cut()
    await this.world.pass(durationMs)
    this.world.isReachable = true
  }

  async send(): Promise<void> {
    const producer = this.world.client().producer()
    const records = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic: TOPIC, partition, value: 'x' }))
    await this.world.run(producer.send(records))
  }

  /** Checks in every turn of the event loop until `isWatched` is false. */
  watch(): void {
    this.isWatched = true
    const look = () => {
      if (!this.isWatched) return
      this.look()
      setImmediate(look)
    }
    look()
  }

  check(): void {
    expect(this.wrongs).toEqual([])
  }

  private look(): void {
    const seen = new Set<number>()
    for (const { member } of this.members) {
      for (const partition of member.getAssignment()[TOPIC] ?? []) {
        if (seen.has(partition)) this.wrongs.push(`${partition} is held by two`)
        seen.add(partition)
      }
    }
  }

  private give(running: Running, partitions: readonly number[]): void {
    for (const partition of partitions) {
      if (this.owners.get(partition) === running) this.owners.delete(partition)
      else if (!running.isLate) this.wrongs.push(`${partition} is given up by one that has it not`)
    }
  }

  private async read(running: Running): Promise<void> {
    try {
      for await (const record of running.member) {
        const isOwner = this.owners.get(record.partition) === running
        if (!isOwner || record.signal.aborted) this.wrongs.push(`${record.partition} is delivered to another`)
        await running.member.commit(record).catch(() => {})
      }
    } catch {
      // [cooperative-sticky] and [range] have nothing in common: whoever comes later is refused.
      running.isOver = true
    }
  }
}
