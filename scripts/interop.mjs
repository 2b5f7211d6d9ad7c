// Runs the tests against clients that npm does not bring. A client that is missing is installed; one that cannot be fails by name.
import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

function succeeds(command, args, options = {}) {
  return spawnSync(command, args, { stdio: ['ignore', 2, 2], ...options }).status === 0
}

const isInstalled = (command) => succeeds(command, ['-V'], { stdio: 'ignore' })

function installKcat() {
  const asRoot = process.getuid?.() === 0 ? [] : ['sudo', '-n']
  const apt = (...args) => {
    const [command, ...rest] = [...asRoot, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', ...args]
    return succeeds(command, rest)
  }
  process.stderr.write('interop: kcat is not installed: trying apt-get\n')
  return apt('update') && apt('install', '--yes', '--no-install-recommends', 'kcat')
}

if (!isInstalled('kcat') && !(installKcat() && isInstalled('kcat'))) {
  process.stderr.write('interop: kcat is missing and could not be installed (Debian: apt-get install kcat)\n')
  process.exit(1)
}
const vitest = join(root, 'node_modules', '.bin', 'vitest')
const args = ['run', '--config', join(root, 'vitest.interop.config.ts'), ...process.argv.slice(2)]
const { status } = spawnSync(vitest, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
process.exitCode = status ?? 1
