// Packs the five packages as they would be published, and tells where the tarballs are.
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/**
 * Packs every package into `destination`. The packages must be built.
 * @param {string} destination a directory that exists
 * @returns {{ name: string, directory: string, tarball: string }[]}
 */
export function packAll(destination) {
  return readdirSync(join(root, 'packages')).map((folder) => {
    const directory = join(root, 'packages', folder)
    const { name, version } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'))
    const pnpm = join(root, 'node_modules', '.bin', 'pnpm')
    const args = ['pack', '--pack-destination', destination]
    const result = spawnSync(pnpm, args, { cwd: directory, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
    if (result.status !== 0) throw new Error(`pnpm pack ${name} failed:\n${result.stdout}${result.stderr}`)
    return { name, directory, tarball: join(destination, `${name.slice(1).replace('/', '-')}-${version}.tgz`) }
  })
}
