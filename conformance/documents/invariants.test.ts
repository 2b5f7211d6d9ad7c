// docs/invariants.md against the tests: every row that is promised there is named by a test, and no test names another.
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))

function promisedRows(): string[] {
  const document = readFileSync(join(root, 'docs/invariants.md'), 'utf8')
  return [...document.matchAll(/^\|\s*([ISN]\d+)\s*\|/gm)].map((match) => match[1] ?? '')
}

function testFiles(): string[] {
  return ['packages', 'conformance'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.test.ts') && !file.includes('node_modules'))
      .map((file) => join(root, folder, file)),
  )
}

/** Rows in the titles of tests, as in `it('S1 S4: …')` or `it('… (I2)')`. */
function namedRows(): Set<string> {
  const titles = /\b(?:it|test|describe)(?:\.\w+)*\(\s*([`'"].*)|^\s*\]\)\(\s*([`'"].*)|^\s*\)\(\s*([`'"].*)/gm
  const rows = new Set<string>()
  for (const file of testFiles()) {
    for (const match of readFileSync(file, 'utf8').matchAll(titles)) {
      const title = match.slice(1).find((group) => group !== undefined) ?? ''
      for (const row of title.matchAll(/\b[ISN]\d+\b/g)) rows.add(row[0])
    }
  }
  return rows
}

it('each promised row is named by a test', () => {
  const named = namedRows()
  expect(promisedRows().filter((row) => !named.has(row))).toEqual([])
})

it('each row that a test names is a promise', () => {
  const promised = new Set(promisedRows())
  expect([...namedRows()].filter((row) => !promised.has(row))).toEqual([])
})
