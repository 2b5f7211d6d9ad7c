// docs/architecture.md names each file of the client once, in the room where it belongs, and no file that is not there.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../workspace/root.ts'

const document = readFileSync(join(root, 'docs', 'architecture.md'), 'utf8')
const [, rooms = ''] = /^## The rooms of the client$([^]*?)^## /m.exec(document) ?? []

test('every file of the client has one room', () => {
  const named = [...rooms.matchAll(/^\| [^|]+\| (`.*) \|$/gm)].flatMap(
    ([, files = '']) => files.match(/[\w-]+(?:\.ts|\/)/g) ?? [],
  )
  const there = readdirSync(join(root, 'packages', 'client', 'src'), { withFileTypes: true })
    .filter((entry) => !entry.name.endsWith('.test.ts'))
    .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
  expect(named.toSorted()).toEqual(there.toSorted())
})

test('every file that is named with its package is there', () => {
  const named = [...document.matchAll(/`((?:client|protocol|broker-core|broker-server|cli)\/src\/[\w./-]+\.ts)`/g)]
  expect(named.length).toBeGreaterThan(5)
  for (const [, path = ''] of named) expect(existsSync(join(root, 'packages', path)), path).toBe(true)
})
