// `npm run setup` costs nothing when nothing has changed: demo and test call it every time.
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { command } from './command.ts'
import { root } from './root.ts'

test('a second set-up does nothing and says nothing', { timeout: 300_000 }, async () => {
  const setUp = () => command(root, process.execPath, ['scripts/setup.mjs'])
  const stamp = join(root, 'node_modules', '.goqueue-setup.json')
  const built = join(root, 'packages', 'protocol', 'dist', 'index.js')
  await setUp()
  const before = [readFileSync(stamp, 'utf8'), statSync(stamp).mtimeMs, statSync(built).mtimeMs]

  expect(await setUp()).toEqual({ stdout: '', stderr: '' })

  expect([readFileSync(stamp, 'utf8'), statSync(stamp).mtimeMs, statSync(built).mtimeMs]).toEqual(before)
})

test('the commands are linked at the root', () => {
  for (const name of ['goqueue-broker', 'goqueue-admin']) {
    expect(statSync(join(root, 'node_modules', '.bin', name)).isFile()).toBe(true)
  }
})
