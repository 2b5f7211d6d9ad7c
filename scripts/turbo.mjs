// Runs turbo for the npm scripts: no telemetry, no daemon, nothing that a build without a network would miss.
import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const bin = join(root, 'node_modules', '.bin')
const env = {
  ...process.env,
  TURBO_TELEMETRY_DISABLED: '1',
  DO_NOT_TRACK: '1',
  TURBO_NO_UPDATE_NOTIFIER: '1',
  // turbo starts the package manager that package.json names, and looks for it on the PATH.
  PATH: `${bin}:${process.env.PATH ?? ''}`,
}
const result = spawnSync(join(bin, 'turbo'), [...process.argv.slice(2), '--ui=stream'], {
  cwd: root,
  env,
  stdio: ['ignore', 'inherit', 'inherit'],
})
if (result.error) throw result.error
process.exitCode = result.status ?? 1
