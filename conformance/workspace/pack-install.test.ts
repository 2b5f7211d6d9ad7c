// What a stranger gets: the five tarballs, installed by npm into an empty project, with the README's examples in it.
import { spawn, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { command } from './command.ts'
import { readmeExample } from './readme-examples.ts'
import { root } from './root.ts'

const MINUTES = 60_000
const project = mkdtempSync(join(tmpdir(), 'goqueue-stranger-'))
const doors = ['protocol', 'broker-core', 'broker-core/testing', 'broker-server', 'client', 'cli']
const bin = join(project, 'node_modules', '.bin')
let tarballs: string[]

// The conditions under which this test itself runs must not leak into the project.
const { NODE_OPTIONS: _, ...env } = process.env

/** The directory of a package as the workspace has it installed. */
function installed(name: string, from: string): string {
  return dirname(createRequire(join(root, from, 'package.json')).resolve(`${name}/package.json`))
}

function versionOf(directory: string): string {
  return (JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as { version: string }).version
}

/** What `npm run pack -- DIR` prints, line by line. */
async function packed(directory: string): Promise<string[]> {
  const { stdout } = await command(root, 'npm', ['run', '--silent', 'pack', '--', directory])
  return stdout.trimEnd().split('\n')
}

/** The name of the package that a tarball is of. */
function packageOf(tarball: string): string {
  return basename(tarball).replace(/^goqueue-(.+?)-\d.*$/, '@goqueue/$1')
}

async function installTarballs() {
  const sqlite = installed('better-sqlite3', 'packages/broker-core')
  const files = Object.fromEntries(tarballs.map((tarball) => [packageOf(tarball), `file:${tarball}`]))
  const manifest = {
    name: 'stranger',
    private: true,
    type: 'module',
    dependencies: files,
    devDependencies: { '@types/node': versionOf(installed('@types/node', '.')) },
    // No registry has these versions of ours, so dependencies among the five come from the tarballs too.
    overrides: { ...files, 'better-sqlite3': versionOf(sqlite) },
  }
  writeFileSync(join(project, 'package.json'), JSON.stringify(manifest))
  await command(project, 'npm', ['install', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'], env)
  // Compiling SQLite takes longer than all else here; the workspace has compiled this very version.
  cpSync(join(sqlite, 'build', 'Release'), join(project, 'node_modules', 'better-sqlite3', 'build', 'Release'), {
    recursive: true,
  })
}

beforeAll(async () => {
  tarballs = await packed(join(project, 'tarballs'))
  await installTarballs()
}, 5 * MINUTES)

afterAll(() => {
  rmSync(project, { recursive: true, force: true })
})

/** Runs `use` with the address of the installed goqueue-broker, which is stopped with SIGTERM afterwards. */
async function withInstalledBroker(use: (address: string) => Promise<void>): Promise<void> {
  const args = ['--memory', '--listen', '127.0.0.1:0']
  const broker = spawn(join(bin, 'goqueue-broker'), args, { cwd: project, env, stdio: ['ignore', 'pipe', 'inherit'] })
  const exit = new Promise<number | null>((resolve, reject) => {
    broker.once('exit', resolve)
    broker.once('error', reject)
  })
  try {
    const lines = createInterface({ input: broker.stdout })
    const [line] = await Promise.race([
      new Promise<[string]>((resolve) => lines.once('line', (text) => resolve([text]))),
      exit.then((code) => Promise.reject(new Error(`goqueue-broker ended with ${code} before it was ready`))),
    ])
    const address = /^goqueue-broker ready on (\S+)$/.exec(line)?.[1]
    if (address === undefined) throw new Error(`goqueue-broker said '${line}' instead of its ready line`)
    await use(address)
  } finally {
    broker.kill('SIGTERM')
  }
  expect(await exit).toBe(0)
}

test('npm run pack makes a tarball of each package, in a directory that it makes, and says where', () => {
  const packages = ['broker-core', 'broker-server', 'cli', 'client', 'protocol']
  expect(tarballs.map(packageOf)).toEqual(packages.map((name) => `@goqueue/${name}`))
  expect(tarballs.filter((tarball) => !existsSync(tarball))).toEqual([])
})

test('npm run pack without a directory says how it is used, with exit code 2', () => {
  const { status, stderr } = spawnSync(process.execPath, ['scripts/pack.mjs'], { cwd: root, encoding: 'utf8' })
  expect([status, stderr]).toEqual([2, expect.stringMatching(/^usage: npm run pack -- DIR /)])
})

describe('an empty project with the five tarballs', () => {
  test(
    "type-checks the README's examples and every declaration, with module nodenext",
    async () => {
      mkdirSync(join(project, 'src'), { recursive: true })
      for (const name of ['client', 'embedding']) {
        writeFileSync(join(project, 'src', `${name}.ts`), readmeExample(name))
      }
      const everyDoor = doors.map((door, index) => `export * as door${index} from '@goqueue/${door}'\n`).join('')
      writeFileSync(join(project, 'src', 'doors.ts'), everyDoor)
      const compilerOptions = {
        module: 'nodenext',
        target: 'es2022',
        lib: ['es2023', 'esnext.disposable'],
        types: ['node'],
        strict: true,
        exactOptionalPropertyTypes: true,
        skipLibCheck: false,
        outDir: 'out',
        rootDir: 'src',
      }
      writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['src'] }))
      await command(project, join(root, 'node_modules', '.bin', 'tsc'), ['--project', project], env)
    },
    2 * MINUTES,
  )

  test(
    'runs the client example against the installed goqueue-broker',
    async () => {
      await withInstalledBroker(async (address) => {
        const code = readFileSync(join(project, 'out', 'client.js'), 'utf8')
        writeFileSync(join(project, 'out', 'client.js'), code.replace('localhost:9092', address))
        const { stdout } = await command(project, process.execPath, ['out/client.js'], env, MINUTES / 2)
        expect(stdout).toMatch(/^orders\/[0-3]@0: one flat white\n$/)
        const { stdout: topics } = await command(
          project,
          join(bin, 'goqueue-admin'),
          ['--broker', address, '--output', 'json', 'list-topics'],
          env,
          MINUTES / 3,
        )
        expect(topics).toContain('orders')
      })
    },
    2 * MINUTES,
  )

  test(
    'runs the embedding example',
    async () => {
      const { stdout } = await command(project, process.execPath, ['out/embedding.js'], env)
      expect(stdout).toMatch(/partition: [0-3], offset: 0/)
    },
    MINUTES,
  )

  test.each(doors)(
    '@goqueue/%s loads by require and by import, as one and the same module',
    async (door) => {
      const program = `
        const required = require('@goqueue/${door}')
        import('@goqueue/${door}').then((imported) => {
          const names = Object.keys(imported)
          console.log(names.length > 0 && names.every((name) => imported[name] === required[name]))
        })`
      const { stdout } = await command(project, process.execPath, ['--input-type=commonjs', '--eval', program], env)
      expect(stdout).toBe('true\n')
    },
    MINUTES,
  )

  test('contains no sources, no tests and nothing that runs at installation', () => {
    for (const name of ['protocol', 'broker-core', 'broker-server', 'client', 'cli']) {
      const directory = join(project, 'node_modules', '@goqueue', name)
      const manifest = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as Record<string, object>
      expect(Object.keys(manifest['scripts'] ?? {})).not.toContain('install')
      expect(Object.keys(manifest['scripts'] ?? {})).not.toContain('postinstall')
      expect(JSON.stringify(manifest['dependencies'] ?? {})).not.toContain('workspace:')
      expect(() => readFileSync(join(directory, 'src', 'index.ts'))).toThrow('ENOENT')
      expect(readFileSync(join(directory, 'LICENSE'), 'utf8')).toContain('MIT')
    }
  })
})
