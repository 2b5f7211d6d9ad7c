// The demo's data set: 10,000 flights of the year 2001, as the npm package vega-datasets ships them.
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** One row as a record: keyed by the airport of departure, the row itself as JSON. */
export interface Row {
  readonly key: string
  readonly value: string
}

interface Flight {
  readonly origin: string
}

/** All rows, in the file's order. */
export async function readDataSet(): Promise<Row[]> {
  const door = createRequire(import.meta.url).resolve('vega-datasets')
  const file = join(dirname(dirname(door)), 'data', 'flights-10k.json')
  const flights = JSON.parse(await readFile(file, 'utf8')) as Flight[]
  return flights.map((flight) => ({ key: flight.origin, value: JSON.stringify(flight) }))
}
