// When a member that fell silent is found out: by its group, and, cut off but alive, by itself.
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Client, GroupConsumerOptions } from '../../src/index.ts'
import { rebalancesOf } from '../rebalances-of.ts'
import { World } from '../world.ts'

const SESSION_MS = 6_000
const HEARTBEAT_MS = 100

let world: World
let client: Client

beforeEach(async () => {
  world = await World.open()
  client = world.client()
  await world.run(client.admin().createTopic({ name: 'orders', partitions: 4 }))
})
afterEach(() => world.close())

/** Two members, one of which falls silent so long after a heartbeat of its own. */
async function silenced(afterHeartbeatMs: number, options: Partial<GroupConsumerOptions>) {
  let lastHeartbeatMs = -Infinity
  const silent = world.mortalClient({}, (name) => {
    if (name === 'Heartbeat') lastHeartbeatMs = world.runtime.nowMs()
  })
  const times = { sessionTimeoutMs: SESSION_MS, heartbeatIntervalMs: HEARTBEAT_MS }
  const all = { groupId: 'billing', topics: ['orders'], ...times, ...options }
  const survivor = client.groupConsumer(all)
  await world.run(survivor.joinGroup())
  const member = silent.client.groupConsumer({ ...all, consumerId: options.consumerId && `${options.consumerId}-2` })
  await world.run(member.joinGroup())
  await world.until(() => [survivor, member].every((each) => each.getAssignment()['orders']?.length === 2))
  await world.pass(5 * HEARTBEAT_MS)
  const before = lastHeartbeatMs
  await world.until(() => lastHeartbeatMs > before)
  await world.pass(afterHeartbeatMs)
  silent.kill()
  return { survivor, member, deadlineMs: lastHeartbeatMs + SESSION_MS }
}

const kinds: [string, Partial<GroupConsumerOptions>][] = [
  ['dynamic, eager', { assignors: ['roundrobin'] }],
  ['dynamic, cooperative', { assignors: ['cooperative-sticky'] }],
  ['static, eager', { assignors: ['roundrobin'], consumerId: 'consumer' }],
  ['static, cooperative', { assignors: ['cooperative-sticky'], consumerId: 'consumer' }],
]
const moments = [0, 1, HEARTBEAT_MS / 2, HEARTBEAT_MS - 1]

it.each(kinds.flatMap(([kind, options]) => moments.map((afterMs) => [kind, afterMs, options] as const)))(
  'a member (%s) silent from %d ms after its last heartbeat is found out at its session deadline, to the millisecond',
  async (_, afterMs, options) => {
    const { survivor, deadlineMs } = await silenced(afterMs, options)
    await world.pass(deadlineMs - 1 - world.runtime.nowMs())
    const { state } = await world.run(client.admin().describeGroup('billing'))
    expect(state).toBe('Stable')
    await world.until(() => survivor.getAssignment()['orders']?.length === 4)
    expect(world.runtime.nowMs()).toBeLessThanOrEqual(deadlineMs + HEARTBEAT_MS)
    await world.pass(0)
    const { causes, settledMs, tookMs } = (await world.run(rebalancesOf(client, 'billing'))).at(-1)!
    expect(causes.map(({ kind }) => kind)).toEqual(['sessionTimeout'])
    expect(settledMs - tookMs).toBe(world.runtime.wallClockMs() - world.runtime.nowMs() + deadlineMs)
  },
)

it.each(kinds)(
  'I19: a member (%s) that was cut off has given up its partitions by the deadline',
  async (_, options) => {
    const { member, deadlineMs } = await silenced(HEARTBEAT_MS / 2, options)
    await world.pass(deadlineMs - 1 - world.runtime.nowMs())
    expect(member.getAssignment()['orders']).toHaveLength(2)
    await world.pass(1)
    expect(member.getAssignment()).toEqual({})
  },
)
