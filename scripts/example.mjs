// Runs one of the examples: node scripts/example.mjs NAME [argument…]. One that needs a broker gets its own, unless
// GOQUEUE_BROKER names one.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const examples = join(root, 'examples')
const names = readdirSync(examples).filter((name) => /^\d\d-/.test(name))
const [name = '', ...args] = process.argv.slice(2)
if (!names.includes(name)) {
  process.stderr.write(`usage: npm run example -- NAME, where NAME is one of\n  ${names.join('\n  ')}\n`)
  process.exit(2)
}

/** Starts node and gives its exit code. */
async function run(args, env = {}) {
  const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } })
  const [code] = await once(child, 'exit')
  return code ?? 1
}

async function withBroker(work) {
  const dataDir = mkdtempSync(join(tmpdir(), 'goqueue-example-'))
  const bin = join(root, 'packages', 'broker-server', 'bin', 'goqueue-broker.js')
  const flags = ['--data-dir', dataDir, '--listen', '127.0.0.1:0', '--log-level', 'error']
  const broker = spawn(process.execPath, [bin, ...flags], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(broker, 'exit')
  try {
    const [line] = await Promise.race([once(createInterface(broker.stdout), 'line'), exited])
    if (typeof line !== 'string') throw new Error('goqueue-broker ended before it was ready')
    return await work(line.replace('goqueue-broker ready on ', ''))
  } finally {
    broker.kill('SIGTERM')
    await exited
    rmSync(dataDir, { recursive: true, force: true })
  }
}

const main = join(examples, name, 'main.ts')
const command = [join(root, 'scripts', 'run.mjs'), main, ...args]
if (!existsSync(main)) {
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
  process.exitCode = await run([vitest, 'run', join('examples', name), '--reporter=verbose', ...args])
} else if (process.env.GOQUEUE_BROKER !== undefined || !readFileSync(main, 'utf8').includes('GOQUEUE_BROKER')) {
  process.exitCode = await run(command)
} else {
  process.exitCode = await withBroker((address) => run(command, { GOQUEUE_BROKER: address }))
}
