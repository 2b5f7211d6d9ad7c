// The five packages are versioned together, whatever a change touches.
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { command } from './command.ts'
import { root } from './root.ts'

function versions(clone: string): Map<string, string> {
  const manifests = readdirSync(join(clone, 'packages')).map(
    (name) =>
      JSON.parse(readFileSync(join(clone, 'packages', name, 'package.json'), 'utf8')) as {
        name: string
        version: string
      },
  )
  return new Map(manifests.map(({ name, version }) => [name, version]))
}

test('changeset version bumps all five packages to one version', { timeout: 60_000 }, async () => {
  const scratch = mkdtempSync(join(tmpdir(), 'goqueue-version-'))
  try {
    await command(root, 'git', ['clone', '--quiet', root, join(scratch, 'clone')])
    const clone = join(scratch, 'clone')
    symlinkSync(join(root, 'node_modules'), join(clone, 'node_modules'))
    writeFileSync(
      join(clone, '.changeset', 'one.md'),
      "---\n'@goqueue/protocol': patch\n---\n\nA change in one package.\n",
    )
    const before = versions(clone)

    await command(clone, join(root, 'node_modules', '.bin', 'changeset'), ['version'])

    const after = versions(clone)
    expect([...after.keys()].sort()).toEqual([
      '@goqueue/broker-core',
      '@goqueue/broker-server',
      '@goqueue/cli',
      '@goqueue/client',
      '@goqueue/protocol',
    ])
    expect(new Set(after.values()).size).toBe(1)
    for (const [name, version] of after) expect(version).not.toBe(before.get(name))
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
})
