// npm run sim: many seeded schedules; SEED=n runs one, SCHEDULES=n says how many. A failure prints the line that replays it.
import { runSchedule } from './schedule.ts'

const DEFAULT_SCHEDULES = 10_000
const PROGRESS_EVERY_MS = 5000

async function main(): Promise<void> {
  const onlySeed = process.env.SEED
  const first = onlySeed === undefined ? 1 : Number(onlySeed)
  const schedules = onlySeed === undefined ? Number(process.env.SCHEDULES ?? DEFAULT_SCHEDULES) : 1
  if (!Number.isSafeInteger(first) || !Number.isSafeInteger(schedules) || schedules < 1) {
    process.stderr.write('SEED and SCHEDULES are whole numbers\n')
    process.exitCode = 2
    return
  }
  const startedMs = performance.now()
  let steps = 0
  let commits = 0
  let reportedMs = startedMs
  for (let seed = first; seed < first + schedules; seed += 1) {
    const outcome = await runSchedule(seed)
    steps += outcome.steps
    commits += outcome.commitsBesideHeldJoins
    if (outcome.violation !== null) {
      process.stdout.write(`SIM=membership SEED=${seed} npm run sim   # ${outcome.violation}\n`)
      process.exitCode = 1
      return
    }
    if (performance.now() - reportedMs < PROGRESS_EVERY_MS) continue
    reportedMs = performance.now()
    process.stdout.write(`membership: ${seed - first + 1} of ${schedules} schedules\n`)
  }
  const seconds = (performance.now() - startedMs) / 1000
  process.stdout.write(
    `membership: ${schedules} schedules, ${steps} steps, ${commits} commits beside a held JoinGroup, no violation; ` +
      `${seconds.toFixed(1)} s, ${Math.round(schedules / seconds)} schedules/s\n`,
  )
}

await main()
