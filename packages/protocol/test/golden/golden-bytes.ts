// Reads the committed bytes of other clients: a comment line that says who wrote them, then hex.
import { readFileSync } from 'node:fs'

/** The bytes of `golden/<name>.hex`. */
export function goldenBytes(name: string): Buffer {
  const text = readFileSync(new URL(`./${name}.hex`, import.meta.url), 'utf8')
  return Buffer.from(text.replace(/^#.*$/gm, '').replace(/\s+/g, ''), 'hex')
}
