// On what a run was measured.
import { availableParallelism, cpus, release, totalmem, type } from 'node:os'

export interface Machine {
  readonly node: string
  readonly system: string
  readonly processor: string
  readonly processors: number
  readonly memoryGib: number
}

export function describeMachine(): Machine {
  return {
    node: process.version,
    system: `${type()} ${release()} ${process.arch}`,
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    processors: availableParallelism(),
    memoryGib: Math.round(totalmem() / 1024 ** 3),
  }
}
