// Checks the tarballs that would be published: publint for the manifests, arethetypeswrong for the types.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { packAll } from './pack.mjs'

const bin = join(dirname(dirname(fileURLToPath(import.meta.url))), 'node_modules', '.bin')

/** Runs a checker; what it prints is shown only when it complains. */
function passes(name, command, args) {
  const result = spawnSync(join(bin, command), args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  if (result.status === 0) return true
  process.stderr.write(`${command} does not accept ${name}:\n${result.stdout}${result.stderr}\n`)
  return false
}

const scratch = mkdtempSync(join(tmpdir(), 'goqueue-pack-'))
try {
  const outcomes = packAll(scratch).flatMap(({ name, tarball }) => [
    passes(name, 'publint', [tarball, '--strict']),
    passes(name, 'attw', [tarball, '--profile', 'esm-only', '--no-color', '--no-emoji']),
  ])
  process.exitCode = outcomes.every(Boolean) ? 0 : 1
} finally {
  rmSync(scratch, { recursive: true })
}
