// Bundles goqueue-broker, and programs that use our packages, from the sources into a directory of its own, so that a test starts it as fast as a user does.
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build, type Plugin } from 'esbuild'
import { root } from '../workspace/root.ts'

const SERVER = join(root, 'packages', 'broker-server')
const WORKER = join(root, 'packages', 'broker-core', 'src', 'store', 'sqlite-worker.js')

/** Third parties stay where they are: the bundle names the file that each was found in, so it can lie anywhere. */
const thirdPartiesByPath: Plugin = {
  name: 'third-parties-by-path',
  setup({ onResolve, resolve }) {
    onResolve({ filter: /^[^./]/ }, async ({ path, importer, kind, resolveDir, pluginData }) => {
      const isOurs = path.startsWith('@goqueue/') || path.startsWith('node:') || kind === 'entry-point'
      if (isOurs || pluginData === thirdPartiesByPath) return null
      const found = await resolve(path, { importer, kind, resolveDir, pluginData: thirdPartiesByPath })
      return found.errors.length > 0 ? { errors: found.errors } : { path: found.path, external: true }
    })
  },
}

/** Puts the broker into `directory`; the path of the module to run. */
export async function bundleBroker(directory: string): Promise<string> {
  await bundle(directory, {})
  return join(directory, 'dist', 'main.js')
}

/** Puts the broker and `more` entry points into `directory`, as dist/NAME.js; what they have in common is there once. */
export async function bundle(
  directory: string,
  more: Readonly<Record<string, string>>,
  plugins: readonly Plugin[] = [],
): Promise<void> {
  await build({
    entryPoints: { main: join(SERVER, 'src', 'main.ts'), 'sqlite-worker': WORKER, ...more },
    outdir: join(directory, 'dist'),
    bundle: true,
    splitting: true, // a dynamic import stays lazy
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    conditions: ['@goqueue/source'],
    plugins: [...plugins, thirdPartiesByPath],
    sourcemap: true,
    logLevel: 'warning',
  })
  await copyFile(join(SERVER, 'package.json'), join(directory, 'package.json')) // --version reads it, and node its type
}
