// npm run sim: every simulator of this repository, one after another; SIM=name runs that one alone.
import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const simulators = {
  group: 'packages/broker-core/test/sim/main.ts',
  membership: 'packages/client/test/sim/main.ts',
}

const { SIM: only } = process.env
if (only !== undefined && !Object.hasOwn(simulators, only)) {
  process.stderr.write(`SIM is one of: ${Object.keys(simulators).join(', ')}\n`)
  process.exit(2)
}
for (const [name, file] of Object.entries(simulators)) {
  if (only !== undefined && only !== name) continue
  const { status } = spawnSync(process.execPath, [join(root, 'scripts/run.mjs'), file], { cwd: root, stdio: 'inherit' })
  if (status !== 0) process.exitCode = status ?? 1
}
