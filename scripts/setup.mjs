// Brings a clone to where tests, examples and the two commands run: dependencies installed, native code compiled, packages built.
// Plain Node without dependencies, because it runs before there are any. Does nothing when nothing has changed.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const packages = join(root, 'packages')
const stampFile = join(root, 'node_modules', '.goqueue-setup.json')
const lockFile = join(root, '.setup-lock')
const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const installOnly = process.argv.includes('--install-only')

/** Paths of all files under `directory`, in one order on every machine. */
function filesUnder(directory) {
  if (!existsSync(directory)) return []
  return readdirSync(directory, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(directory, entry.name)
      return entry.isDirectory() ? filesUnder(path) : [path]
    })
}

function hashOf(files, ...facts) {
  const hash = createHash('sha256').update(JSON.stringify(facts))
  for (const file of files) {
    if (!existsSync(file)) continue
    hash.update(`\0${relative(root, file)}\0`).update(readFileSync(file))
  }
  return hash.digest('hex')
}

/** What the installed dependencies and the build were made from. Equal stamps mean that there is nothing to do. */
function wantedStamp() {
  const workspaces = [
    '.',
    'examples',
    'bench',
    'conformance',
    ...readdirSync(packages).map((name) => join('packages', name)),
  ]
  const install = hashOf(
    [
      join(root, 'pnpm-lock.yaml'),
      join(root, 'pnpm-workspace.yaml'),
      ...workspaces.map((name) => join(root, name, 'package.json')),
    ],
    process.versions.modules,
    process.platform,
    process.arch,
  )
  const sources = readdirSync(packages)
    .flatMap((name) => [...filesUnder(join(packages, name, 'src')), join(packages, name, 'tsconfig.json')])
    .filter((file) => !file.endsWith('.test.ts'))
  const tools = ['scripts/build.mjs', 'turbo.json', 'tsconfig.base.json'].map((name) => join(root, name))
  return { install, build: hashOf([...sources, ...tools], install) }
}

function readStamp() {
  try {
    return JSON.parse(readFileSync(stampFile, 'utf8'))
  } catch {
    return {} // absent, or cut short by a crash: then everything is done again
  }
}

function isInstalled(wanted) {
  return readStamp().install === wanted.install && existsSync(join(root, 'node_modules', '.bin', 'goqueue-broker'))
}

function isBuilt(wanted) {
  return (
    readStamp().build === wanted.build &&
    readdirSync(packages).every((name) => existsSync(join(packages, name, 'dist', 'index.js')))
  )
}

function fail(message) {
  throw new SetupError(message)
}

class SetupError extends Error {}

/** Runs a command. What it prints is shown when it fails, on stderr: a compiler that goes well is of no interest. */
function run(stage, command, args, options = {}) {
  process.stderr.write(`setup: ${stage}…\n`)
  const started = performance.now()
  const directory = mkdtempSync(join(tmpdir(), 'goqueue-setup-'))
  const output = join(directory, 'output')
  const file = openSync(output, 'w')
  const result = spawnSync(command, args, { cwd: root, stdio: ['ignore', file, file], ...options })
  closeSync(file)
  if (result.status !== 0) process.stderr.write(readFileSync(output))
  rmSync(directory, { recursive: true, force: true })
  if (result.error) fail(`${stage}: ${command} could not be started: ${result.error.message}`)
  if (result.status !== 0) fail(`${stage}: ${command} ${args.join(' ')} ended with ${result.signal ?? result.status}`)
  process.stderr.write(`setup: ${stage}: done in ${((performance.now() - started) / 1000).toFixed(1)} s\n`)
}

/** Runs the pinned pnpm in `directory`. */
function pnpm(stage, args, directory = root) {
  const env = { ...process.env, CI: 'true', npm_config_yes: 'true' }
  // node-gyp would download Node's headers; a Node that was installed with them needs no download.
  const prefix = dirname(dirname(realpathSync(process.execPath)))
  if (!env.npm_config_nodedir && existsSync(join(prefix, 'include', 'node', 'node.h'))) env.npm_config_nodedir = prefix
  // Started outside the clone: inside, npx would take the clone's own pnpm, which an install may replace under its feet.
  run(stage, 'npx', ['--yes', packageManager, '--dir', directory, ...args], { cwd: tmpdir(), env })
}

function canLoadSqlite() {
  const program = "new (require('better-sqlite3'))(':memory:').close()"
  const options = { cwd: join(packages, 'broker-core'), encoding: 'utf8', stdio: ['ignore', 'ignore', 'pipe'] }
  const result = spawnSync(process.execPath, ['--input-type=commonjs', '--eval', program], options)
  return result.status === 0 ? null : (/^.*Error: .*$/m.exec(result.stderr)?.[0] ?? result.stderr)
}

function install() {
  pnpm('install dependencies (the first time it is compiling SQLite, a few minutes on a slow machine)', [
    'install',
    '--frozen-lockfile',
    '--prod=false',
  ])
  // pnpm calls an install complete whose build script it skipped, or whose binary was made for another Node.
  if (canLoadSqlite() !== null) pnpm('compile SQLite', ['rebuild', 'better-sqlite3'], join(packages, 'broker-core'))
  const problem = canLoadSqlite()
  if (problem !== null) {
    fail(`better-sqlite3 does not load: ${problem}\nIt needs a C++ toolchain (g++, make, python3) and Node's headers.`)
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

/** Waits until no other run of this script works in this clone. */
function acquireLock() {
  const pause = new Int32Array(new SharedArrayBuffer(4))
  for (let announced = false; ; announced = true) {
    try {
      writeFileSync(lockFile, String(process.pid), { flag: 'wx' })
      return
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
    }
    const owner = readLockOwner()
    if (owner === null) continue
    if (!isAlive(owner.pid) && owner.ageMs > 1000) rmSync(lockFile, { force: true })
    else if (!announced)
      process.stderr.write(`setup: waiting for process ${owner.pid}, which is setting up this clone\n`)
    Atomics.wait(pause, 0, 0, 200)
  }
}

/** The pid in the lock file and its age; null when the lock has just been released. */
function readLockOwner() {
  try {
    return { pid: Number(readFileSync(lockFile, 'utf8')) || -1, ageMs: Date.now() - statSync(lockFile).mtimeMs }
  } catch (error) {
    if (error.code === 'ENOENT') return null
    throw error
  }
}

function setUp() {
  if (isInstalled(wantedStamp()) && (installOnly || isBuilt(wantedStamp()))) return
  acquireLock()
  try {
    const wanted = wantedStamp()
    if (!isInstalled(wanted)) {
      rmSync(stampFile, { force: true })
      install()
      saveStamp({ install: wanted.install })
    }
    if (!installOnly && !isBuilt(wanted)) {
      run('build', process.execPath, [join(root, 'scripts', 'turbo.mjs'), 'run', 'build', '--output-logs=errors-only'])
      saveStamp(wanted)
    }
  } finally {
    rmSync(lockFile, { force: true })
  }
}

function saveStamp(stamp) {
  mkdirSync(dirname(stampFile), { recursive: true })
  writeFileSync(stampFile, JSON.stringify(stamp))
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {})
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`setup: GoQueue needs Node 20.19 or newer; this is ${process.versions.node}\n`)
  process.exit(1)
}
try {
  setUp()
} catch (error) {
  if (!(error instanceof SetupError)) throw error
  process.stderr.write(`setup failed: ${error.message}\n`)
  process.exitCode = 1
}
