// Links between documents lead to a file that is there, and to a heading that it has.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../workspace/root.ts'

const documents = [
  '.',
  'docs',
  'docs/decisions',
  ...readdirSync(join(root, 'packages')).map((name) => `packages/${name}`),
]
  .flatMap((directory) => readdirSync(join(root, directory)).map((name) => join(directory, name)))
  .filter((name) => name.endsWith('.md') && !name.endsWith('CHANGELOG.md'))

/** The text of a document outside its code. */
function prose(path: string): string {
  return readFileSync(join(root, path), 'utf8').replace(/^ *```[\s\S]*?^ *```/gm, '')
}

/** What GitHub makes of headings. */
function anchors(path: string): string[] {
  const headings = [...prose(path).matchAll(/^#+ (?<text>.*)$/gm)].map(({ groups }) => groups?.['text'] ?? '')
  return headings.map((text) =>
    text
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(' ', '-'),
  )
}

test.each(documents)('the links of %s', (document) => {
  for (const { groups } of prose(document).matchAll(/\]\((?<target>[^)\s]+)\)/g)) {
    const target = groups?.['target'] ?? ''
    if (/^[a-z]+:/.test(target)) continue
    const [path = '', anchor] = target.split('#')
    const file = path === '' ? document : join(dirname(document), path)
    expect(existsSync(join(root, file)), target).toBe(true)
    if (anchor !== undefined && file.endsWith('.md')) expect(anchors(file), target).toContain(anchor)
  }
})
