// Packs the five packages as they would be published: for a project elsewhere (`npm run pack -- DIR`), and for the checks of the tarballs.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
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

/** Prints the tarballs that it made on stdout, one a line, and how to use them on stderr. */
function main([directory, ...others]) {
  if (directory === undefined || others.length > 0 || directory.startsWith('-')) {
    console.error('usage: npm run pack -- DIR (the tarballs of the five packages are put there)')
    process.exitCode = 2
    return
  }
  const destination = resolve(directory)
  mkdirSync(destination, { recursive: true })
  for (const { tarball } of packAll(destination)) console.log(tarball)
  console.error(`In a project of yours: npm install ${join(destination, 'goqueue-*.tgz')}`)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(process.argv.slice(2))
