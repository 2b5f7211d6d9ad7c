// The simulator's own tests: a short run, a replay, past failures, and a fault planted in each of many places.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { faults, type Fault } from './faults.ts'
import { runSchedule } from './schedule.ts'

const replayOf = (seed: number) => `SIM=membership SEED=${seed} npm run sim`

async function firstViolation(fault: Fault, firstSeed: number, schedules: number): Promise<string | null> {
  for (let seed = firstSeed; seed < firstSeed + schedules; seed += 1) {
    const { violation } = await runSchedule(seed, fault)
    if (violation !== null) return violation
  }
  return null
}

describe('simulated members of a simulated group', () => {
  it('keep I1, I3, I4 and I17 to I20 in 300 seeded schedules, and commit while others hold a JoinGroup', async () => {
    let commitsBesideHeldJoins = 0
    for (let seed = 1_000_001; seed <= 1_000_300; seed += 1) {
      const outcome = await runSchedule(seed)
      expect(outcome.violation, replayOf(seed)).toBeNull()
      commitsBesideHeldJoins += outcome.commitsBesideHeldJoins
    }
    expect(commitsBesideHeldJoins).toBeGreaterThan(300)
  }, 120_000)

  it('replay a schedule exactly from its seed', async () => {
    for (const seed of [1, 388, 10_000]) {
      const once = await runSchedule(seed)
      expect(await runSchedule(seed)).toEqual(once)
      expect(once.steps).toBeGreaterThan(0)
    }
    expect((await runSchedule(1)).traceHash).not.toBe((await runSchedule(2)).traceHash)
  })

  it('meet in every scenario', async () => {
    const scenarios = new Set<string>()
    for (let seed = 1; seed <= 30; seed += 1) scenarios.add((await runSchedule(seed)).scenario)
    expect([...scenarios].sort()).toEqual(['mixed', 'rolling', 'steady'])
  })

  it('pass every seed that has failed before', async () => {
    const lines = readFileSync(new URL('./seeds.txt', import.meta.url), 'utf8').split('\n')
    const seeds = lines.filter((line) => /^\d/.test(line)).map((line) => Number.parseInt(line, 10))
    expect(seeds.length).toBeGreaterThan(0)
    for (const seed of seeds) expect((await runSchedule(seed)).violation, replayOf(seed)).toBeNull()
  })
})

describe('a planted fault is caught', () => {
  for (const [name, { fault, caughtBy, firstSeed = 1 }] of faults) {
    it(
      name,
      async () => {
        expect(await firstViolation(fault, firstSeed, 4_000)).toMatch(caughtBy)
      },
      120_000,
    )
  }
})
