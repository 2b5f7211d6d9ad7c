// Where the programs of documents are made runnable: one bundle, and the commands that shell blocks call.
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Plugin } from 'esbuild'
import { bundle } from '../../support/broker-bundle.ts'
import { root } from '../../workspace/root.ts'
import type { Program } from './chain.ts'
import { programDirectory, programName, programSource } from './program-source.ts'

/** What a shell block may call by these names, and in `npx` by these names and by those of the packages. */
const COMMANDS = { 'goqueue-broker': '@goqueue/broker-server', 'goqueue-admin': '@goqueue/cli' }
/** Where a document's broker listens, under whatever name: the block gets the chain's own broker instead. */
const WRITTEN_ADDRESS = /\b[\w.-]+:9092\b/g

export class Workshop {
  private readonly directory: string

  private constructor(directory: string) {
    this.directory = directory
  }

  static async open(programs: readonly Program[]): Promise<Workshop> {
    const directory = await mkdtemp(join(tmpdir(), 'goqueue-documents-'))
    const sources = new Map(programs.map((program) => [`block:${programName(program)}`, programSource(program)]))
    const plugin: Plugin = {
      name: 'blocks',
      setup({ onResolve, onLoad }) {
        onResolve({ filter: /^block:/ }, ({ path }) => ({ path, namespace: 'block' }))
        onLoad({ filter: /^block:/, namespace: 'block' }, ({ path }) => {
          return { contents: sources.get(path) ?? '', loader: 'ts', resolveDir: programDirectory }
        })
      },
    }
    const entryPoints = Object.fromEntries(programs.map(programName).map((name) => [name, `block:${name}`]))
    await bundle(directory, { ...entryPoints, admin: join(root, 'packages', 'cli', 'src', 'main.ts') }, [plugin])
    return new Workshop(directory)
  }

  /** Makes a program that meets the broker at `address`; the module to run. */
  async program(program: Program, address: string): Promise<string> {
    const code = await readFile(this.dist(programName(program)), 'utf8')
    const path = this.dist(`${programName(program)}.${address.replace(':', '.')}`)
    await writeFile(path, withAddress(code, address))
    return path
  }

  /** A directory with the commands that lines of a shell block may call, by which they meet the broker at `address`. */
  async commands(address: string, files: ReadonlyMap<string, Program>): Promise<string> {
    const bin = await mkdtemp(join(this.directory, 'bin-'))
    const node = `exec '${process.execPath}' --enable-source-maps`
    const cases: string[] = []
    for (const [file, program] of files) cases.push(`${file}) ${node} '${await this.program(program, address)}' ;;`)
    const runFile = `case "$1" in\n${cases.join('\n')}\n*) echo "no block is the file $1" >&2; exit 2 ;;\nesac`
    const named = Object.entries(COMMANDS).map(
      ([name, packageName]) => `${name}|${packageName}) shift; exec ${name} "$@" ;;`,
    )
    const npx = `case "$1" in\n${named.join('\n')}\ntsx) shift; exec node "$@" ;;\n*) echo "npx $1: unknown" >&2; exit 2 ;;\nesac`
    const scripts = {
      // Of two --listen the last one counts.
      'goqueue-broker': `${node} '${this.dist('main')}' "$@" --listen 127.0.0.1:0`,
      'goqueue-admin': `case " $* " in *' --broker'*) ${node} '${this.dist('admin')}' "$@" ;; esac
${node} '${this.dist('admin')}' --broker ${address} "$@"`,
      node: runFile,
      npx,
    }
    await Promise.all(
      Object.entries(scripts).map(async ([name, script]) => {
        await writeFile(join(bin, name), `#!/bin/sh\n${script}\n`)
        await chmod(join(bin, name), 0o755)
      }),
    )
    return bin
  }

  /** A working directory. */
  async workingDirectory(): Promise<string> {
    const work = join(this.directory, 'work')
    await mkdir(work, { recursive: true })
    return mkdtemp(join(work, 'chain-'))
  }

  close(): Promise<void> {
    return rm(this.directory, { recursive: true, force: true })
  }

  private dist(name: string): string {
    return join(this.directory, 'dist', `${name}.js`)
  }
}

/** `text` with the chain's broker in place of the one that a reader would have. */
export function withAddress(text: string, address: string): string {
  return text.replace(WRITTEN_ADDRESS, address)
}
