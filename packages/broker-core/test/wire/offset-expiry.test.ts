// How long committed offsets are kept when nobody is in their group any more, on the virtual clock.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openBroker, type Broker, type BrokerEvent } from '../../src/index.ts'
import { VirtualRuntime } from '../../src/virtual-runtime.ts'
import { commit, committed, groupIds, joinAlone, NO_MEMBER, passed, type WireMember } from './group-fixture.ts'
import { WireClient } from './wire-client.ts'
import { createTopic } from './wire-fixture.ts'

const MINUTE_MS = 60_000
const RETENTION_MS = 60 * MINUTE_MS
const SWEEP_MS = MINUTE_MS

let broker: Broker
let runtime: VirtualRuntime
let client: WireClient
let events: BrokerEvent[]

beforeEach(async () => {
  runtime = new VirtualRuntime()
  events = []
  broker = await openBroker({
    memory: true,
    runtime,
    report: (event) => events.push(event),
    offsetsRetentionMinutes: RETENTION_MS / MINUTE_MS,
    offsetsRetentionCheckIntervalMs: SWEEP_MS,
    connectionsMaxIdleMs: 100 * RETENTION_MS,
  })
  client = new WireClient(broker)
  await createTopic(client, 'orders', 3)
})

afterEach(() => broker.close())

const pass = (delayMs: number) => passed(broker, runtime, delayMs)

/** Keeps a member's session alive for `delayMs`. */
async function stayFor(delayMs: number, groupId: string, member: WireMember): Promise<void> {
  for (let goneMs = 0; goneMs < delayMs; goneMs += 9_000) {
    runtime.advance(9_000)
    expect(await client.request('Heartbeat', 3, { groupId, ...member })).toMatchObject({ errorCode: 'NONE' })
  }
}

const leave = (groupId: string, memberId: string) => client.request('LeaveGroup', 1, { groupId, memberId })

describe('I14: offsets that are in use do not expire', () => {
  it('I14: not while the group has a member, however old they are', async () => {
    const member = await joinAlone(broker, runtime, 'billing')
    await commit(client, 'billing', { 0: 5 }, member)
    await stayFor(3 * RETENTION_MS, 'billing', member)
    expect(await committed(client, 'billing')).toEqual({ 'orders-0': 5 })
  })

  it('I14: not while the group rebalances, nor while somebody is on the way in', async () => {
    await commit(client, 'billing', { 0: 5 })
    await pass(RETENTION_MS - 50)
    const joining = new WireClient(broker)
    joining.send('JoinGroup', 4, {
      groupId: 'billing',
      sessionTimeoutMs: 1_800_000,
      rebalanceTimeoutMs: 1_800_000,
      memberId: '',
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: Buffer.alloc(0) }],
    })
    // MEMBER_ID_REQUIRED: its id waits for it for as long as its session would last.
    await joining.frame()
    await pass(2 * SWEEP_MS)
    expect(await committed(client, 'billing')).toEqual({ 'orders-0': 5 })
  })

  it('I14: retention counts from the moment when the last member left, not from the commit', async () => {
    const member = await joinAlone(broker, runtime, 'billing')
    await commit(client, 'billing', { 0: 5 }, member)
    await stayFor(2 * RETENTION_MS, 'billing', member)
    await leave('billing', member.memberId)
    await pass(RETENTION_MS - 1)
    expect(await committed(client, 'billing')).toEqual({ 'orders-0': 5 })
  })

  it('I14: a member that comes back in time stops the clock', async () => {
    const first = await joinAlone(broker, runtime, 'billing')
    await commit(client, 'billing', { 0: 5 }, first)
    await leave('billing', first.memberId)
    await pass(RETENTION_MS - 1_000)
    const second = await joinAlone(broker, runtime, 'billing')
    await stayFor(RETENTION_MS, 'billing', second)
    await leave('billing', second.memberId)
    await pass(RETENTION_MS - 1_000)
    expect(await committed(client, 'billing')).toEqual({ 'orders-0': 5 })
  })

  it('I14: what is committed for a group without members has its own full time', async () => {
    const member = await joinAlone(broker, runtime, 'billing')
    await commit(client, 'billing', { 0: 5, 1: 6 }, member)
    await leave('billing', member.memberId)
    await pass(RETENTION_MS / 2)
    await commit(client, 'billing', { 1: 0 })
    await pass(RETENTION_MS / 2 + SWEEP_MS)
    expect(await committed(client, 'billing')).toEqual({ 'orders-1': 0 })
  })

  it('I14: a retention time of -1 means the broker’s, not the past', async () => {
    await commit(client, 'billing', { 0: 5 }, NO_MEMBER, -1)
    await pass(RETENTION_MS - 1)
    expect(await committed(client, 'billing')).toEqual({ 'orders-0': 5 })
  })
})

describe('I15: offsets that nobody uses expire', () => {
  it('I15: those of a group that emptied are gone by retention and one sweep, and the group with them', async () => {
    const member = await joinAlone(broker, runtime, 'billing')
    await commit(client, 'billing', { 0: 5, 2: 7 }, member)
    await leave('billing', member.memberId)
    await pass(RETENTION_MS + SWEEP_MS)
    expect(await committed(client, 'billing')).toEqual({})
    expect(await groupIds(client)).toEqual([])
    expect(events.at(-1)).toMatchObject({ kind: 'offsetsExpired', level: 'info', groupId: 'billing', count: 2 })
  })

  it('I15: those of one whose members just vanished too, from the end of the last session on', async () => {
    const member = await joinAlone(broker, runtime, 'billing')
    await commit(client, 'billing', { 0: 5 }, member)
    await pass(10_000)
    await pass(RETENTION_MS - 1)
    expect(await committed(client, 'billing')).toEqual({ 'orders-0': 5 })
    await pass(SWEEP_MS + 1)
    expect(await groupIds(client)).toEqual([])
  })

  it('I15: without members ever, each offset goes retention after its own commit', async () => {
    await commit(client, 'billing', { 0: 5 })
    await pass(RETENTION_MS / 2)
    await commit(client, 'billing', { 1: 6 })
    await pass(RETENTION_MS / 2 + SWEEP_MS)
    expect(await committed(client, 'billing')).toEqual({ 'orders-1': 6 })
    await pass(RETENTION_MS / 2)
    expect(await groupIds(client)).toEqual([])
  })

  it('I15: a retention time of the client’s own counts instead of the broker’s', async () => {
    await commit(client, 'short', { 0: 5 }, NO_MEMBER, 10 * MINUTE_MS)
    await commit(client, 'long', { 0: 5 }, NO_MEMBER, 3 * RETENTION_MS)
    await pass(10 * MINUTE_MS + SWEEP_MS)
    expect(await groupIds(client)).toEqual(['long'])
    await pass(2 * RETENTION_MS)
    expect(await groupIds(client)).toEqual(['long'])
    await pass(RETENTION_MS)
    expect(await groupIds(client)).toEqual([])
  })
})
