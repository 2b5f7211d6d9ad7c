// Reads the committed vectors of conformance/golden-java: one JSON file with a line that says who captured it.
import { readFileSync } from 'node:fs'

/** The vectors of `golden/<name>.json`. */
export function goldenVectors<Vector>(name: string): Vector[] {
  const text = readFileSync(new URL(`./${name}.json`, import.meta.url), 'utf8')
  return (JSON.parse(text) as { vectors: Vector[] }).vectors
}
