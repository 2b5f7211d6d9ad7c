// Runs a TypeScript entry from the sources of all packages, without a build: node scripts/run.mjs FILE [argument…].
import { spawn } from 'node:child_process'
import { constants } from 'node:os'

const [file, ...args] = process.argv.slice(2)
if (file === undefined) {
  process.stderr.write('usage: node scripts/run.mjs FILE [argument…]\n')
  process.exit(2)
}
const tsx = import.meta.resolve('tsx')
const child = spawn(process.execPath, ['--conditions=@goqueue/source', '--import', tsx, file, ...args], {
  stdio: 'inherit',
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
child.on('error', (error) => {
  throw error
})
child.on('exit', (code, signal) => {
  process.exitCode = code ?? 128 + (signal === null ? 0 : constants.signals[signal])
})
