// npm run sim: many seeded schedules; SEED=n runs one, SCHEDULES=n says how many. A failure prints the line that replays it.
import { runSchedule } from './schedule.ts'

const DEFAULT_SCHEDULES = 20_000
const PROGRESS_EVERY_MS = 5000

function main(): void {
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
  let reportedMs = startedMs
  for (let seed = first; seed < first + schedules; seed += 1) {
    const outcome = runSchedule(seed)
    steps += outcome.steps
    if (outcome.violation !== null) {
      process.stdout.write(`SIM=group SEED=${seed} npm run sim   # ${outcome.violation.split('\n').join(' ')}\n`)
      process.exitCode = 1
      return
    }
    if (performance.now() - reportedMs < PROGRESS_EVERY_MS) continue
    reportedMs = performance.now()
    process.stdout.write(`group: ${seed - first + 1} of ${schedules} schedules\n`)
  }
  const seconds = (performance.now() - startedMs) / 1000
  const perSecond = Math.round(schedules / seconds)
  process.stdout.write(
    `group: ${schedules} schedules, ${steps} steps, no violation; ${seconds.toFixed(1)} s, ${perSecond} schedules/s\n`,
  )
}

main()
