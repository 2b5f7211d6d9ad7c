// Programs as TypeScript reads them: every line of code has the number that it has in the document.
import { join } from 'node:path'
import ts from 'typescript'
import { root } from '../../workspace/root.ts'
import type { Program } from './chain.ts'

/** Packages are found from here, those that only examples have too; nothing is written here. */
export const programDirectory = join(root, 'examples')

/** A name that no other program has. */
export function programName({ block, parts }: Program): string {
  return `${block.document.replaceAll('/', '+')}.${parts[0]?.line}`
}

export function programPath(program: Program): string {
  return join(programDirectory, `${programName(program)}.ts`)
}

/** Its code on the lines of the document; all other lines are empty. */
export function programSource({ parts }: Program): string {
  const lines: string[] = []
  for (const { line, code } of parts) {
    for (const [index, text] of code.entries()) lines[line - 1 + index] = text
  }
  return [...Array.from(lines, (text) => text ?? ''), 'export {}', ''].join('\n')
}

/** What tsc says of all the programs, as DOCUMENT:LINE: MESSAGE. */
export function typeErrors(programs: readonly Program[]): string[] {
  const sources = new Map(programs.map((program) => [programPath(program), program]))
  const { config } = ts.readConfigFile(join(root, 'tsconfig.base.json'), (path) => ts.sys.readFile(path)) as {
    config: { compilerOptions: object }
  }
  const loose = { noUnusedLocals: false, noUnusedParameters: false, noUncheckedIndexedAccess: false, noEmit: true }
  const parsed = ts.parseJsonConfigFileContent(
    { compilerOptions: { ...config.compilerOptions, ...loose }, files: [...sources.keys()] },
    ts.sys,
    root,
  )
  const host = ts.createCompilerHost(parsed.options)
  const { readFile, fileExists } = host
  host.fileExists = (path) => sources.has(path) || fileExists.call(host, path)
  host.readFile = (path) => {
    const program = sources.get(path)
    return program === undefined ? readFile.call(host, path) : programSource(program)
  }
  const checked = ts.createProgram(parsed.fileNames, parsed.options, host)
  return [...sources].flatMap(([path, { block }]) => {
    const file = checked.getSourceFile(path)
    const found = [...checked.getSyntacticDiagnostics(file), ...checked.getSemanticDiagnostics(file)]
    return found.map(({ start = 0, messageText }) => {
      const line = (file?.getLineAndCharacterOfPosition(start).line ?? 0) + 1
      return `${block.document}:${line}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`
    })
  })
}
