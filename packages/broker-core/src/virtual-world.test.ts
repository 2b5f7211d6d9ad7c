// The virtual world: whatever waits for time gets it, as much as it takes and no more.
import { once } from 'node:events'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { VirtualWorld } from './virtual-world.ts'

let world: VirtualWorld

beforeEach(async () => {
  world = await VirtualWorld.open()
})

afterEach(() => world.close())

const alarm = (delayMs: number) => new Promise<void>((ring) => world.runtime.setAlarm(delayMs, ring))

it('lets exactly so much time pass as it is told, and what each alarm starts has its own', async () => {
  const rungMs: number[] = []
  void (async () => {
    for (;;) {
      await alarm(30)
      rungMs.push(world.runtime.nowMs())
    }
  })()
  await world.pass(100)
  expect([rungMs, world.runtime.nowMs()]).toEqual([[30, 60, 90], 100])
})

it('gives the outcome of a call at the moment when it has one', async () => {
  const call = async () => {
    await alarm(1_000)
    await alarm(500)
    return 'done'
  }
  expect(await world.run(call())).toBe('done')
  expect(world.runtime.nowMs()).toBe(1_500)
})

it('rejects with what the call rejects with', async () => {
  const call = async () => {
    await alarm(1_000)
    throw new Error('no')
  }
  await expect(world.run(call())).rejects.toThrow('no')
})

it('waits until a condition is true, and no time where it is true already', async () => {
  let isLight = false
  world.runtime.setAlarm(7_000, () => (isLight = true))
  await world.until(() => isLight)
  await world.until(() => isLight)
  expect(world.runtime.nowMs()).toBe(7_000)
})

it('says when nothing will ever settle a call, or make a condition true', async () => {
  await expect(world.run(new Promise(() => {}))).rejects.toThrow('nothing settles the call')
  await expect(world.until(() => false)).rejects.toThrow('the condition does not become true')
})

it('breaks the connections of a line that is cut, and of no other', async () => {
  const line = world.line()
  const [cut, other] = [line.dial(), world.dial()]
  const closed = once(cut, 'close')
  line.cut()
  await closed
  expect(other.destroyed).toBe(false)
  expect(() => line.dial()).toThrow('this line is cut')
  expect(world.line().dial().destroyed).toBe(false)
})

it('closes what it is given before the broker, with the time that it takes', async () => {
  const own = await VirtualWorld.open()
  let isOpen = true
  own
    .dial()
    .resume()
    .once('end', () => (isOpen = false))
  const order: string[] = []
  const client = (name: string) => ({
    close: async () => {
      await new Promise<void>((ring) => own.runtime.setAlarm(1_000, ring))
      order.push(`${name}, broker ${isOpen ? 'open' : 'closed'}`)
    },
  })
  await own.close(client('first'), client('second'))
  expect(order).toEqual(['first, broker open', 'second, broker open'])
  await own.settle()
  expect([isOpen, own.runtime.nowMs()]).toEqual([false, 2_000])
})
