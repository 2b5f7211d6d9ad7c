// What a run leaves behind, as JSON.
import type { Figure } from '../measurement.ts'
import type { Machine } from './machine.ts'

export interface MeasuredFigures {
  readonly name: string
  readonly title: string
  readonly figures: readonly Figure[]
}

export interface Results {
  /** ISO 8601. */
  readonly started: string
  readonly seconds: number
  readonly machine: Machine
  /** Load averages over 1, 5 and 15 minutes: above the number of processors, figures say little. */
  readonly load: { readonly before: readonly number[]; readonly after: readonly number[] }
  readonly measurements: readonly MeasuredFigures[]
}
