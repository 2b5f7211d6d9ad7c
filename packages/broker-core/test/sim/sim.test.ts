// The simulator's own tests: a short run, a replay, past failures, and a fault planted in each of many places.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { faults } from './faults.ts'
import { runSchedule } from './schedule.ts'
import type { Step } from './schedule.ts'

function firstViolation(step: Step, schedules: number): string | null {
  for (let seed = 1; seed <= schedules; seed += 1) {
    const { violation } = runSchedule(seed, step)
    if (violation !== null) return violation
  }
  return null
}

describe('the simulated classic group', () => {
  it('keeps I1, I2 and I5 to I12 in 1,000 seeded schedules', () => {
    for (let seed = 1_000_001; seed <= 1_001_000; seed += 1) {
      expect(runSchedule(seed).violation, `SIM=group SEED=${seed} npm run sim`).toBeNull()
    }
  }, 60_000)

  it('replays a schedule exactly from its seed', () => {
    for (const seed of [1, 388, 20_000]) {
      const once = runSchedule(seed)
      expect(runSchedule(seed)).toEqual(once)
      expect(once.steps).toBeGreaterThan(0)
    }
    expect(runSchedule(1).traceHash).not.toBe(runSchedule(2).traceHash)
  })

  it('passes every seed that has failed before', () => {
    const lines = readFileSync(new URL('./seeds.txt', import.meta.url), 'utf8').split('\n')
    const seeds = lines.filter((line) => /^\d/.test(line)).map((line) => Number.parseInt(line, 10))
    expect(seeds.length).toBeGreaterThan(0)
    for (const seed of seeds) expect(runSchedule(seed).violation, `SIM=group SEED=${seed} npm run sim`).toBeNull()
  })
})

describe('a planted fault is caught', () => {
  for (const [name, { step, caughtBy }] of faults) {
    it(
      name,
      () => {
        expect(firstViolation(step, 2000)).toMatch(caughtBy)
      },
      60_000,
    )
  }
})
