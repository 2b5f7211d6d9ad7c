// Builds the package in whose directory it runs: JavaScript by esbuild, declarations by tsc, both into dist/.
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { build } from 'esbuild'
import ts from 'typescript'

const directory = process.cwd()
const source = join(directory, 'src')
const output = join(directory, 'dist')
const scratch = join(directory, `dist.building-${process.pid}`)

/** A fault in the package, told in full by its message. */
class BuildError extends Error {}

/** The sources behind the package's doors: what `exports` names, and src/main.ts where there is a command. */
function entryPoints() {
  const manifest = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'))
  const doors = Object.values(manifest.exports).map((door) => join(directory, door['@goqueue/source']))
  return manifest.bin ? [...doors, join(source, 'main.ts')] : doors
}

/** Code shared by several doors becomes one chunk, and a dynamic import stays lazy: a default start loads little. */
async function bundle(entries) {
  await build({
    entryPoints: entries,
    outdir: scratch,
    outbase: source,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    packages: 'external',
    sourcemap: true,
    chunkNames: '[name]-[hash]',
    logLevel: 'warning',
  })
}

/** A worker's entry cannot be bundled: it is loaded by its address, beside the code that starts it. */
function copyWorkers() {
  for (const entry of readdirSync(source, { recursive: true, encoding: 'utf8' })) {
    if (!entry.endsWith('-worker.js')) continue
    copyFileSync(join(source, entry), join(scratch, basename(entry)))
  }
}

function emitDeclarations(entries) {
  const configFile = join(directory, 'tsconfig.json')
  const host = { ...ts.sys, onUnRecoverableConfigFileDiagnostic: report }
  const config = ts.getParsedCommandLineOfConfigFile(
    configFile,
    {
      // Without the source condition other packages are seen as users see them, so nothing of theirs is emitted here.
      customConditions: [],
      noEmit: false,
      declaration: true,
      emitDeclarationOnly: true,
      checkJs: false,
      rootDir: source,
      outDir: scratch,
      newLine: ts.NewLineKind.LineFeed,
    },
    host,
  )
  const program = ts.createProgram(entries, config.options)
  const { diagnostics } = program.emit(undefined, undefined, undefined, true, {
    afterDeclarations: [pointAtJavaScript],
  })
  const problems = [...ts.getPreEmitDiagnostics(program), ...diagnostics]
  if (problems.length > 0) report(...problems)
}

/** Makes './x.ts' './x.js' in declarations: tsc does so in the JavaScript it emits, but not here. */
function pointAtJavaScript(context) {
  const visit = (node) => {
    const hasSpecifier = ts.isImportDeclaration(node) || ts.isExportDeclaration(node) || ts.isImportTypeNode(node)
    return ts.visitEachChild(node, hasSpecifier ? visitSpecifier : visit, context)
  }
  const visitSpecifier = (node) => {
    if (ts.isLiteralTypeNode(node)) return ts.visitEachChild(node, visitSpecifier, context)
    if (!ts.isStringLiteral(node) || !/^\.\.?\/.*\.ts$/.test(node.text)) return visit(node)
    return context.factory.createStringLiteral(node.text.replace(/\.ts$/, '.js'), true)
  }
  return (file) => ts.visitNode(file, visit)
}

function report(...diagnostics) {
  const host = { getCanonicalFileName: (name) => name, getCurrentDirectory: () => directory, getNewLine: () => '\n' }
  throw new BuildError(ts.formatDiagnostics(diagnostics, host))
}

async function main() {
  const entries = entryPoints()
  const missing = entries.find((entry) => !existsSync(entry))
  if (missing !== undefined) throw new BuildError(`${missing} does not exist, but package.json names it`)
  mkdirSync(scratch)
  try {
    await bundle(entries)
    copyWorkers()
    emitDeclarations(entries)
    rmSync(output, { recursive: true, force: true })
    renameSync(scratch, output)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

try {
  await main()
} catch (error) {
  // esbuild has printed its errors by now.
  if (error instanceof BuildError) process.stderr.write(`${error.message}\n`)
  else if (!Array.isArray(error.errors)) throw error
  process.exitCode = 1
}
