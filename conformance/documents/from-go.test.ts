// docs/from-go.md holds line by line: each TypeScript cell is a line of the program below its table, and each sentence has a test.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../workspace/root.ts'

const document = readFileSync(join(root, 'docs', 'from-go.md'), 'utf8')
const tests = readFileSync(join(root, 'packages', 'client', 'test', 'broker', 'from-go.test.ts'), 'utf8')
const sections = document.split(/^(?=##+ )/m)

/** The cells of a table's rows, without its head. */
function rows(section: string, head: RegExp): string[][] {
  const lines = section.split('\n')
  const start = lines.findIndex((line) => head.test(line))
  if (start < 0) return []
  const end = lines.findIndex((line, index) => index > start && !line.startsWith('|'))
  return lines.slice(start + 2, end).map((line) =>
    line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

const spaced = (code: string) => code.replace(/\s+/g, ' ')

test('each line of TypeScript beside a line of Go is in the program below', () => {
  const lines = sections.flatMap((section) => {
    const program = spaced(section.split('```ts\n')[1]?.split('```')[0] ?? '')
    return rows(section, /^\| Go +\| TypeScript/).map(([, cell = '']) => ({ cell, program }))
  })
  expect(lines.length).toBeGreaterThan(40)
  for (const { cell, program } of lines) {
    if (cell.startsWith('nothing:')) continue
    expect(program).toContain(spaced(cell.replace(/^(`+) ?/, '').replace(/ ?`+$/, '')).replaceAll('\\|', '|'))
  }
})

test('each sentence of the original has a test of its name', () => {
  const sentences = sections.flatMap((section) => [
    ...rows(section, /^\| Go Queue (?:says|advises|plans) /).map(([first]) => first),
    ...rows(section, /^\| `errorCode` +\| Go Queue says/).map(([, second]) => second),
  ])
  expect(sentences.length).toBeGreaterThan(25)
  expect(sentences.filter((sentence) => !tests.includes(`it('${sentence}'`))).toEqual([])
})
