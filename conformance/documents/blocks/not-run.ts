// Commands of documents that no test can run, each with the reason and with what is checked instead.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../../workspace/root.ts'

interface NotRun {
  readonly pattern: RegExp
  readonly reason: string
  /** Throws when the command cannot be right. */
  readonly check: (match: RegExpExecArray) => void
}

interface Manifest {
  readonly name: string
  readonly scripts?: Record<string, string>
  readonly dependencies?: Record<string, string>
  readonly devDependencies?: Record<string, string>
}

/** What `npm run pack` makes. */
const OUR_TARBALLS = /^\S+\/goqueue-\*\.tgz$/

function manifest(directory: string): Manifest {
  return JSON.parse(readFileSync(join(root, directory, 'package.json'), 'utf8')) as Manifest
}

function mustBeInstallable(names: string): void {
  const packages = readdirSync(join(root, 'packages')).map((name) => manifest(`packages/${name}`))
  const known = new Set(packages.map(({ name }) => name))
  for (const { dependencies, devDependencies } of [manifest('.'), ...packages]) {
    for (const name of Object.keys({ ...dependencies, ...devDependencies })) known.add(name)
  }
  for (const name of names.split(/\s+/)) {
    const isKnown = known.has(name) || OUR_TARBALLS.test(name)
    if (!name.startsWith('-') && !isKnown) throw new Error(`${name} is neither ours nor among our dependencies`)
  }
}

export const notRun: readonly NotRun[] = [
  {
    pattern: /^(?:pnpm add|npm install|npm i) (.+)$/,
    reason: 'what is not published yet cannot be installed by name; pack-install.test.ts installs the tarballs',
    check: ([, names = '']) => mustBeInstallable(names),
  },
  {
    pattern: /^npm (?:run )?([\w:]+)(?: -- .+)?$/,
    reason: 'the command runs these very tests, or is a stage of .ci/run',
    check: ([, script = '']) => {
      if (manifest('.').scripts?.[script] === undefined) throw new Error(`package.json has no script '${script}'`)
    },
  },
]

/** Whether a command is one of those; throws when it is, and cannot be right. */
export function isNotRun(command: string): boolean {
  for (const { pattern, check } of notRun) {
    const match = pattern.exec(command)
    if (match === null) continue
    check(match)
    return true
  }
  return false
}
