// Keeps etc/<package>.api.md, the public API of every package as one reviewable text. `--check` fails when one is stale.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const committed = join(root, 'etc')
const isCheck = process.argv.includes('--check')

/** Every door of every package: where its declarations are, and the name of its report. */
function doors() {
  return readdirSync(join(root, 'packages')).flatMap((name) => {
    const directory = join(root, 'packages', name)
    const { exports } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'))
    return Object.entries(exports).map(([door, { types }]) => ({
      directory,
      declarations: join(directory, types),
      report: `${name}${door.slice(1).replaceAll('/', '-')}.api.md`,
    }))
  })
}

/** Writes the report of one door into `folder`. What the compiler already checks is not reported again. */
function extract({ directory, declarations, report }, folder, scratch) {
  const silent = { default: { logLevel: ExtractorLogLevel.None } }
  const configObject = {
    projectFolder: directory,
    mainEntryPointFilePath: declarations,
    apiReport: {
      enabled: true,
      reportFileName: basename(report, '.api.md'),
      reportFolder: folder,
      reportTempFolder: scratch,
      includeForgottenExports: true,
    },
    docModel: { enabled: false },
    dtsRollup: { enabled: false },
    tsdocMetadata: { enabled: false },
    newlineKind: 'lf',
    compiler: {
      overrideTsconfig: {
        compilerOptions: {
          target: 'es2022',
          lib: ['es2023', 'esnext.disposable'],
          module: 'nodenext',
          moduleResolution: 'nodenext',
          types: ['node'],
          strict: true,
          skipLibCheck: true,
        },
        files: [declarations],
      },
    },
    messages: { compilerMessageReporting: silent, extractorMessageReporting: silent, tsdocMessageReporting: silent },
  }
  const config = ExtractorConfig.prepare({
    configObject,
    configObjectFullPath: undefined,
    packageJsonFullPath: join(directory, 'package.json'),
  })
  const result = Extractor.invoke(config, {
    localBuild: true,
    messageCallback: (message) => {
      message.handled = message.logLevel !== ExtractorLogLevel.Error
    },
  })
  if (result.errorCount > 0) throw new Error(`${report}: the API cannot be extracted`)
}

/** True when the committed report equals the fresh one; otherwise prints how they differ. */
function isCurrent(report, fresh) {
  const path = join(committed, report)
  if (!existsSync(path)) process.stderr.write(`etc/${report} does not exist\n`)
  const args = ['--no-pager', 'diff', '--no-index', '--', existsSync(path) ? path : '/dev/null', join(fresh, report)]
  return spawnSync('git', args, { stdio: ['ignore', 2, 2] }).status === 0
}

const scratch = mkdtempSync(join(tmpdir(), 'goqueue-api-'))
try {
  const folder = isCheck ? join(scratch, 'fresh') : committed
  mkdirSync(folder, { recursive: true })
  const all = doors()
  for (const door of all) extract(door, folder, scratch)
  const stale = isCheck ? all.filter(({ report }) => !isCurrent(report, folder)) : []
  if (stale.length > 0) {
    const names = stale.map(({ report }) => `etc/${report}`).join(', ')
    process.stderr.write(`The public API has changed: ${names}. Run \`npm run api\` and commit the difference.\n`)
    process.exitCode = 1
  }
} finally {
  rmSync(scratch, { recursive: true })
}
