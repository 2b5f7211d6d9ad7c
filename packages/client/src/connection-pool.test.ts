// Which connections are shared, which are made anew, and how long after a failure.
import { VirtualRuntime } from '@goqueue/broker-core/testing'
import { beforeEach, expect, it } from 'vitest'
import { ScriptedBroker } from '../test/scripted-broker.ts'
import { ConnectionPool } from './connection-pool.ts'

const address = { host: 'b', port: 9092 }
const turns = async () => {
  for (let i = 0; i < 8; i++) await new Promise((resume) => setImmediate(resume))
}

let runtime: VirtualRuntime
let broker: ScriptedBroker
let isDead: boolean
let dials: number
let lost: number
let pool: ConnectionPool

beforeEach(() => {
  runtime = new VirtualRuntime()
  broker = new ScriptedBroker({})
  isDead = false
  dials = 0
  lost = 0
  const dial = () => {
    dials += 1
    if (isDead) throw new Error('refused')
    return broker.dial()
  }
  pool = new ConnectionPool({ dial, clientId: 'test', runtime, timeoutMs: 1_000 }, () => (lost += 1))
})

it('one connection for each purpose, however many ask at once', async () => {
  const [one, two, other] = await Promise.all([
    pool.get(address, 'call'),
    pool.get(address, 'call'),
    pool.get(address, 'produce'),
  ])
  expect(one).toBe(two)
  expect(other).not.toBe(one)
  expect(dials).toBe(2)
})

it('one that broke is made anew, and whoever relied on the broker is told', async () => {
  const first = await pool.get(address, 'call')
  first.close()
  expect(lost).toBe(1)
  expect(await pool.get(address, 'call')).not.toBe(first)
})

it('after a failure the next attempt waits, longer each time', async () => {
  isDead = true
  const pauses: number[] = []
  for (let attempt = 0; attempt < 5; attempt++) {
    const startMs = runtime.nowMs()
    const failing = pool.get(address, 'call').catch(() => {})
    await turns()
    while (dials === attempt) {
      runtime.advance(1)
      await turns()
    }
    await failing
    pauses.push(runtime.nowMs() - startMs)
  }
  expect(pauses[0]).toBe(0)
  for (let i = 2; i < pauses.length; i++) expect(pauses[i]).toBeGreaterThan(pauses[i - 1]!)
  expect(pauses.at(-1)).toBeGreaterThanOrEqual(300)
})

it('close ends every wait and every connection', async () => {
  const connection = await pool.get(address, 'call')
  const pausing = pool.pause(60_000)
  const outcome = expect(pausing).rejects.toMatchObject({ code: 'CLOSED' })
  await pool.close()
  await outcome
  expect(connection.isOpen).toBe(false)
  await expect(pool.get(address, 'call')).rejects.toMatchObject({ code: 'CLOSED' })
  expect(runtime.alarmCount).toBe(0)
})
