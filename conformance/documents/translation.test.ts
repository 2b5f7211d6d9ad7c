// README.zh-CN.md is README.md in Chinese: the same code, the same links, the same build. What it says in words no test can read.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../workspace/root.ts'
import { codeBlocks } from './blocks/code-block.ts'

const documents = ['README.md', 'README.zh-CN.md'] as const
const read = (name: string) => readFileSync(join(root, name), 'utf8')

/** Without comments, which are translated. */
function code(name: string): string[] {
  return codeBlocks(name, read(name)).map(({ language, code }) =>
    [language, ...code.map((line) => line.replace(/\s+(?:#|\/\/) .*$/, ''))].join('\n'),
  )
}

/** Where links lead, but for the way to the other language. */
function links(name: string): string[] {
  const targets = [...read(name).matchAll(/\]\((?<target>[^)]+)\)/g)].map(({ groups }) => groups?.['target'] ?? '')
  return targets.filter((target) => !(documents as readonly string[]).includes(target)).sort()
}

/** The kinds of its lines: headings of each level, items of lists, rows of tables. */
function build(name: string): string[] {
  return [...read(name).matchAll(/^(?:#+ |- |\|)/gm)].map(([kind]) => kind)
}

test.each([
  ['code', code],
  ['links', links],
  ['headings, items and rows', build],
])('the README has the same %s in both languages', (_, part) => {
  const [english, chinese] = documents.map(part)
  expect(chinese).toEqual(english)
})

test('each leads to the other', () => {
  expect(read('README.md')).toContain('(README.zh-CN.md)')
  expect(read('README.zh-CN.md')).toContain('(README.md)')
})
