// Every arrow and every ban of the lint is broken here once, so that a rule cannot die unnoticed.
import { join } from 'node:path'
import { ESLint } from 'eslint'
import tseslint from 'typescript-eslint'
import { describe, expect, test } from 'vitest'
import { brokerCoreArrows, brokerCoreFoundations, moduleRooms, packageArrows } from '../../scripts/lint/rooms.mjs'
import { root } from './root.ts'

const CORE = 'packages/broker-core/src'

// Virtual files belong to no TypeScript project: rules that need types are tried apart, on a file that exists.
const untyped = new ESLint({ cwd: root, overrideConfig: tseslint.configs.disableTypeChecked })
const typed = new ESLint({ cwd: root })

async function rulesBroken(eslint: ESLint, file: string, code: string): Promise<string[]> {
  const [result] = await eslint.lintText(`// A virtual file.\n${code}\n`, { filePath: join(root, file) })
  return (result?.messages ?? []).map(({ ruleId, message }) => ruleId ?? message)
}

const broken = (file: string, code: string) => rulesBroken(untyped, file, code)

describe('packages', () => {
  const names = Object.keys(packageArrows) as (keyof typeof packageArrows)[]

  test.each(names)('%s imports what its arrows allow and nothing else', async (from) => {
    for (const to of names.filter((name) => name !== from)) {
      const allowed = (packageArrows[from] as readonly string[]).includes(to)
      const code = `export { thing } from '@goqueue/${to}'`
      expect(await broken(`packages/${from}/src/virtual.ts`, code), to).toEqual(allowed ? [] : ['goqueue/arrows'])
      expect(await broken(`packages/${from}/src/virtual.test.ts`, code), to).toEqual([])
      expect(await broken('examples/virtual.ts', code), to).toEqual([])
    }
  })

  test('client and broker never meet, in either direction', () => {
    expect(packageArrows.client).toEqual(['protocol'])
    expect(packageArrows['broker-core']).toEqual(['protocol'])
    expect(packageArrows['broker-server']).not.toContain('client')
  })

  test.each([
    ["export { x } from '@goqueue/protocol/src/reader.ts'", 'packages/client/src/virtual.ts'],
    ["export { x } from '@goqueue/protocol/src/reader.ts'", 'examples/virtual.ts'],
    ["export { x } from '@goqueue/protocol/dist/index.js'", 'conformance/virtual.test.ts'],
    ["export { x } from '../../protocol/src/reader.ts'", 'packages/client/src/virtual.ts'],
    ["export { x } from '../../protocol/src/reader.ts'", 'packages/client/src/virtual.test.ts'],
    ["export { x } from '../packages/client/src/index.ts'", 'examples/virtual.ts'],
    ["export { x } from '@goqueue/client'", 'packages/client/src/virtual.ts'],
    ["export { x } from '@goqueue/nobody'", 'examples/virtual.ts'],
    ["export { x } from '@goqueue/broker-core/testing'", 'packages/broker-server/src/virtual.ts'],
    ["export const x = await import('@goqueue/broker-core')", 'packages/client/src/virtual.ts'],
    ["export type X = import('@goqueue/broker-core').Broker", 'packages/client/src/virtual.ts'],
    ["import type { Broker } from '@goqueue/broker-core'\nexport type X = Broker", 'packages/client/src/virtual.ts'],
  ])('%s is refused in %s', async (code, file) => {
    expect(await broken(file, code)).toEqual(['goqueue/arrows'])
  })

  test.each(['examples/virtual.ts', 'packages/client/src/virtual.test.ts', 'packages/broker-core/test/sim/virtual.ts'])(
    'the testing door is open to %s',
    async (file) => {
      const code = `export { VirtualRuntime } from '${file.includes('broker-core') ? '../../src/testing.ts' : '@goqueue/broker-core/testing'}'`
      expect(await broken(file, code)).toEqual([])
    },
  )
})

describe('rooms of broker-core', () => {
  const rooms = Object.keys(brokerCoreArrows) as (keyof typeof brokerCoreArrows)[]
  const fileIn = (room: string, name: string) =>
    room === 'shell' ? `${name}.ts` : room.endsWith('.ts') ? room : `${room}/${name}.ts`

  test.each(rooms)('%s imports what its arrows allow and nothing else', async (from) => {
    const arrows = brokerCoreArrows[from] as 'all' | readonly string[]
    const file = fileIn(from, 'virtual')
    for (const to of rooms.filter((room) => room !== from)) {
      const code = `export { thing } from '${file.includes('/') ? '..' : '.'}/${fileIn(to, 'thing')}'`
      const expected = arrows === 'all' || arrows.includes(to) ? [] : ['goqueue/arrows']
      expect(await broken(`${CORE}/${file}`, code), to).toEqual(expected)
    }
  })

  test('the group machines and the storage import no other room', () => {
    expect(brokerCoreArrows).toMatchObject({ 'classic-group': [], 'wire-v1-group': [], storage: [] })
  })

  test('a foundation is open to every room and imports none', async () => {
    for (const foundation of brokerCoreFoundations) {
      expect(await broken(`${CORE}/log/virtual.ts`, `export { x } from '../${foundation}'`)).toEqual([])
      expect(await broken(`${CORE}/${foundation}`, "export { log } from './log/log.ts'")).toEqual(['goqueue/arrows'])
    }
  })

  test('classic-group takes only types from protocol', async () => {
    const file = `${CORE}/classic-group/virtual.ts`
    expect(await broken(file, "export { errors } from '@goqueue/protocol'")).toEqual(['goqueue/arrows'])
    expect(await broken(file, "export type { ErrorCode } from '@goqueue/protocol'")).toEqual([])
  })
})

describe('third parties have one room each', () => {
  const modules = moduleRooms.flatMap(({ modules, files }) => modules.map((name) => [name, files] as const))

  test.each(modules)('%s', async (name, files) => {
    const code = `import thing from '${name}'\nexport { thing }`
    const [home = ''] = files
    const inside = home.endsWith('/') ? `${home}virtual.ts` : home
    expect(await broken(inside, code)).not.toContain('goqueue/arrows')
    expect(await broken(`${CORE}/handlers/virtual.ts`, code)).toContain('goqueue/arrows')
    expect(await broken(`${CORE}/handlers/virtual.test.ts`, code)).not.toContain('goqueue/arrows')
  })

  test('a name without node: and a lazy require do not slip through', async () => {
    const file = `${CORE}/log/virtual.ts`
    expect(await broken(file, "export { open } from 'fs'")).toEqual(['goqueue/arrows'])
    expect(await broken(file, "export const fs = require('node:fs')")).toEqual(['goqueue/arrows'])
  })
})

describe('pure rooms', () => {
  const files = [
    'packages/protocol/src/virtual.ts',
    'packages/protocol/src/assignment/virtual.ts',
    `${CORE}/classic-group/virtual.ts`,
    `${CORE}/log/producer-state.ts`,
    'packages/client/src/membership.ts',
    'packages/client/src/batch-accumulator.ts',
  ]
  const sins: [code: string, rule: string][] = [
    ['export const now = Date.now()', 'no-restricted-globals'],
    ['export const now = new Date()', 'no-restricted-globals'],
    ['export const now = performance.now()', 'no-restricted-globals'],
    ['setTimeout(() => {}, 1)', 'no-restricted-globals'],
    ['setInterval(() => {}, 1)', 'no-restricted-globals'],
    ['setImmediate(() => {})', 'no-restricted-globals'],
    ['export const id = crypto.randomUUID()', 'no-restricted-globals'],
    ['export const id = process.pid', 'no-restricted-globals'],
    ['export const all = Promise.all([])', 'no-restricted-globals'],
    ['export const dice = Math.random()', 'no-restricted-properties'],
    ['export async function wait() {}', 'no-restricted-syntax'],
    ['export const wait = async () => {}', 'no-restricted-syntax'],
    ["import { EventEmitter } from 'node:events'\nexport { EventEmitter }", 'no-restricted-syntax'],
    ["export { EventEmitter } from 'node:events'", 'no-restricted-syntax'],
  ]
  test.each(files)('%s has no clock, no dice, no I/O and no waiting', async (file) => {
    for (const [code, rule] of sins) expect(await broken(file, code), code).toContain(rule)
  })

  test('a type that waits is refused too', async () => {
    const code = 'export type Reply = Promise<void>'
    expect(await broken('packages/protocol/src/virtual.ts', code)).toContain('no-restricted-syntax')
  })

  test('Buffer is allowed', async () => {
    expect(await broken('packages/protocol/src/virtual.ts', 'export const none = Buffer.alloc(0)')).toEqual([])
  })
})

describe('broker-core', () => {
  test.each(['virtual.ts', 'handlers/virtual.ts', 'log/virtual.test.ts'])(
    'has no clock and no dice of its own in %s',
    async (name) => {
      const file = `${CORE}/${name}`
      expect(await broken(file, 'export const now = Date.now()')).toContain('no-restricted-globals')
      expect(await broken(file, 'export const dice = Math.random()')).toContain('no-restricted-properties')
      expect(await broken(file, 'setTimeout(() => {}, 1)')).toContain('no-restricted-globals')
      expect(await broken(file, 'setInterval(() => {}, 1)')).toContain('no-restricted-globals')
    },
  )

  test('runtime.ts alone has them', async () => {
    expect(await broken(`${CORE}/runtime.ts`, 'export const now = Date.now() + Math.random()')).toEqual([])
  })

  test.each([
    'export const rows = (db, id) => db.prepare(`SELECT * FROM topics WHERE id = ${id}`)',
    "export const rows = (db, id) => db.exec('DELETE FROM topics WHERE id = ' + id)",
  ])('SQL is never built from values: %s', async (code) => {
    expect(await broken(`${CORE}/store/sqlite-worker.js`, code)).toContain('no-restricted-syntax')
  })
})

// The first of these loads the types of a whole package.
describe('rules that need types', { timeout: 60_000 }, () => {
  const file = `${CORE}/runtime.ts`
  test.each([
    ['@typescript-eslint/no-floating-promises', 'export function f(p: Promise<void>) { p }'],
    ['@typescript-eslint/no-misused-promises', 'export function f(p: Promise<boolean>) { if (p) return 1; return 0 }'],
    ['@typescript-eslint/no-explicit-any', 'export let x: any'],
    [
      '@typescript-eslint/switch-exhaustiveness-check',
      "export function f(x: 'a' | 'b') { switch (x) { case 'a': return 1 } return 0 }",
    ],
    [
      '@typescript-eslint/consistent-type-imports',
      "import { StorageError } from './storage/storage-error.ts'\nexport type X = StorageError",
    ],
    ['@typescript-eslint/only-throw-error', "export function f() { throw 'text' }"],
  ])('%s is alive', async (rule, code) => {
    expect(await rulesBroken(typed, file, code)).toContain(rule)
  })

  test('any is allowed where declarations are compiled', async () => {
    expect(await rulesBroken(typed, 'packages/protocol/src/schema.ts', 'export let x: any')).toEqual([])
  })
})
