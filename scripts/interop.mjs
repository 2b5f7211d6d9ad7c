// Runs the tests against clients that npm does not bring. A client that is missing is installed; the tests of one that cannot be fail by its name.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** Each client: a command that succeeds where it is installed, and the Debian package that brings it. */
const clients = [
  { probe: ['kcat', '-V'], debianPackage: 'kcat' },
  { probe: ['/usr/bin/python3', '-c', 'import confluent_kafka'], debianPackage: 'python3-confluent-kafka' },
  { probe: ['/usr/bin/python3', '-c', 'import kafka'], debianPackage: 'python3-kafka' },
  { probe: ['mvn', '-version'], debianPackage: 'maven' },
]

function succeeds([command, ...args], options = {}) {
  return spawnSync(command, args, { stdio: ['ignore', 2, 2], ...options }).status === 0
}

const missing = () => clients.filter(({ probe }) => !succeeds(probe, { stdio: 'ignore' }))

function install(packages) {
  const asRoot = process.getuid?.() === 0 ? [] : ['sudo', '-n']
  const apt = (...args) => succeeds([...asRoot, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', ...args])
  process.stderr.write(`interop: not installed: ${packages.join(', ')}: trying apt-get\n`)
  return apt('update') && apt('install', '--yes', '--no-install-recommends', ...packages)
}

const names = () => missing().map(({ debianPackage }) => debianPackage)

const wanted = names()
if (wanted.length > 0) install(wanted)
for (const name of names()) {
  process.stderr.write(`interop: ${name} is missing and could not be installed: its tests will fail\n`)
}

// One Maven at a time: the tests, side by side, would run two that write to one local repository.
const interop = join(root, 'conformance', 'interop')
for (const { name } of readdirSync(interop, { withFileTypes: true }).filter((entry) => entry.isDirectory())) {
  const cwd = join(interop, name)
  if (!existsSync(join(cwd, 'pom.xml')) || existsSync(join(cwd, 'target', 'class-path.txt'))) continue
  process.stderr.write(`interop: fetching the jars of ${name} with Maven\n`)
  if (succeeds(['mvn', '-B', '-q', 'dependency:build-classpath'], { cwd })) continue
  process.stderr.write(`interop: the jars of ${name} could not be fetched: its tests will try again\n`)
}

const vitest = join(root, 'node_modules', '.bin', 'vitest')
const args = ['run', '--config', join(root, 'vitest.interop.config.ts'), ...process.argv.slice(2)]
const { status } = spawnSync(vitest, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
process.exitCode = status ?? 1
