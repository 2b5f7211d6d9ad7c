// docs/from-kafkajs.md holds line by line: each line of its tables is a line of the program below it, in its column's language.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../workspace/root.ts'

/** Sections whose tables are programs side by side. The others say what is different in words. */
const SIDE_BY_SIDE = ['Produce', 'Consume: eachMessage', 'Offsets', 'Admin']

const spaced = (code: string) => code.replace(/\s+/g, ' ')
const document = readFileSync(join(root, 'docs', 'from-kafkajs.md'), 'utf8')
const sections = new Map(document.split(/^## /m).map((text) => [text.slice(0, text.indexOf('\n')), text]))

test.each(SIDE_BY_SIDE)('%s: what stands side by side is in the two programs', (title) => {
  const section = sections.get(title) ?? ''
  const programs = [...section.matchAll(/```ts\n([^]*?)```/g)].map(([, code = '']) => spaced(code))
  const rows = [...section.matchAll(/^\| (.+?) +\| (.+?) +\|$/gm)].slice(2)
  expect(programs).toHaveLength(2)
  expect(rows.length).toBeGreaterThan(4)
  for (const [, ...cells] of rows) {
    for (const [column, cell] of cells.entries()) {
      if (cell.startsWith('nothing')) continue
      expect(programs[column]).toContain(spaced(cell.replace(/^`|`$/g, '')))
    }
  }
})
