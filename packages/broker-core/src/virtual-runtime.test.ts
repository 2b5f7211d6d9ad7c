// The virtual runtime: time in order, and the same chance for the same seed.
import { expect, it } from 'vitest'
import { VirtualRuntime } from './virtual-runtime.ts'

it('rings alarms in order of time, then of setting, with the clock at their time', () => {
  const runtime = new VirtualRuntime()
  const rung: string[] = []
  const ring = (name: string) => () => rung.push(`${name}@${runtime.nowMs()}`)
  runtime.setAlarm(20, ring('b'))
  runtime.setAlarm(10, () => {
    ring('a')()
    runtime.setAlarm(10, ring('c'))
  })
  runtime.setAlarm(5, ring('cancelled')).cancel()
  runtime.setAlarm(Infinity, ring('never'))
  runtime.advance(19)
  expect(rung).toEqual(['a@10'])
  runtime.advance(1)
  expect(rung).toEqual(['a@10', 'b@20', 'c@20'])
  expect(runtime.alarmCount).toBe(0)
  expect(runtime.wallClockMs()).toBe(1_767_225_600_020)
})

it('tells the wall clock in whole milliseconds, whatever parts of one have passed', () => {
  const runtime = new VirtualRuntime({ wallClockMs: 1_000 })
  runtime.advance(2_000 / 3)
  expect([runtime.nowMs(), runtime.wallClockMs()]).toEqual([2_000 / 3, 1_666])
})

it('gives the same numbers and valid uuids for the same seed, others for another', () => {
  const draw = (seed: number) => {
    const runtime = new VirtualRuntime({ seed })
    return [runtime.random(), runtime.randomUuid()]
  }
  expect(draw(7)).toEqual(draw(7))
  expect(draw(7)).not.toEqual(draw(8))
  expect(draw(7)[1]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/)
})
