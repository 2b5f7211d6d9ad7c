// All measurements, in the order in which they run: first those that a busy machine disturbs least.
import type { Measurement } from '../measurement.ts'
import { commits } from './commits.ts'
import { failureDetection } from './failure-detection.ts'
import { fetchOf } from './fetch.ts'
import { idleMemory } from './idle-memory.ts'
import { importTime } from './import-time.ts'
import { lanes } from './lanes.ts'
import { latency } from './latency.ts'
import { memberDeath } from './member-death.ts'
import { produceEach } from './produce-each.ts'
import { produceOf } from './produce.ts'
import { startUp } from './start-up.ts'

export const measurements: readonly Measurement[] = [
  importTime,
  startUp,
  idleMemory,
  produceOf(100, { atLeast: 200_000 }),
  produceEach,
  produceOf(1_024),
  fetchOf(100),
  fetchOf(1_024),
  commits,
  latency,
  failureDetection,
  memberDeath,
  lanes,
]
