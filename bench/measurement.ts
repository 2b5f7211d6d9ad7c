// What a measurement is and what it gives: figures, what they have to reach, and what the bare machine reached beside them.

export type Unit = 'records/s' | 'commits/s' | 'MB/s' | 'ms' | 'MiB' | 'times'

export type Target = { readonly atLeast: number } | { readonly below: number }

/** One number that a measurement gives. */
export interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: Unit
  readonly target?: Target
  /** The same work without GoQueue, measured between its rounds, in the same unit: it says how fast the machine was then. */
  readonly bare?: { readonly name: string; readonly value: number }
  /** Whatever helps to read the number: CPU time, rounds, spread. */
  readonly notes?: Readonly<Record<string, number>>
}

export interface Run {
  /** How long the measured part lasts in all; what surrounds it comes on top. */
  readonly seconds: number
  /** An empty directory on the disk to be measured. It is removed afterwards. */
  readonly directory: string
}

export interface Measurement {
  /** For --only. */
  readonly name: string
  readonly title: string
  run(run: Run): Promise<Figure[]>
}
