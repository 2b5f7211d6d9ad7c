// Puts the blocks of a document together into chains: what shares a broker and a directory, step by step.
import { place, type CodeBlock } from './code-block.ts'

/** A TypeScript program out of one block, or of several that continue each other. */
export interface Program {
  readonly kind: 'program'
  /** The first of its blocks. */
  readonly block: CodeBlock
  readonly parts: Part[]
  /** Whether it goes on when it has printed what is expected. */
  stays: boolean
  /** The file that a reader saves it in: then it is not run by itself, but by the commands that name it. */
  readonly file: string | null
}

/** Lines of a program, of which the first has the number `line` in the document. */
export interface Part {
  readonly line: number
  readonly code: readonly string[]
}

/** Commands of a shell. */
export interface Commands {
  readonly kind: 'commands'
  readonly block: CodeBlock
  readonly stays: boolean
}

/** A file that commands read. */
export interface DataFile {
  readonly kind: 'file'
  readonly block: CodeBlock
  readonly file: string
}

export type Step = (Program | Commands | DataFile) & {
  /** What it prints: the text block below it, its `prints` mark, or null for whatever it likes. */
  expected: Expected | null
}

export interface Expected {
  readonly language: 'text' | 'json'
  readonly text: string
}

/** Steps against one broker, in one directory. */
export type Chain = Step[]

/** The chains of a document, and a sentence on each block that nothing would check. */
export function chainsOf(blocks: readonly CodeBlock[]): { chains: Chain[]; unchecked: string[] } {
  const chains: Chain[] = []
  const unchecked: string[] = []
  let last: Step | null = null
  for (const block of blocks) {
    if (block.marks.has('checked by') || isDrawing(block)) continue
    try {
      last = take(block, last, chains)
    } catch (error) {
      unchecked.push(`${place(block)}: ${(error as Error).message}`)
    }
  }
  for (const chain of chains) unchecked.push(...unused(chain))
  return { chains, unchecked }
}

/** Adds a block to the chains; the step that it belongs to. Throws when nothing would check it. */
function take(block: CodeBlock, last: Step | null, chains: Chain[]): Step {
  const { language, marks } = block
  if (isOutput(block, last)) {
    if (last === null) throw new Error('text is the output of the block above, and there is none')
    if (last.expected !== null) throw new Error('the output of the block above is said already')
    last.expected = { language: language === 'json' ? 'json' : 'text', text: block.code.join('\n') }
    return last
  }
  if (marks.has('continues')) {
    if (last?.kind !== 'program' || !isProgram(block)) throw new Error('only a ts block continues, and only one above')
    last.parts.push(...setupOf(block), partOf(block))
    last.stays ||= marks.has('stays')
    last.expected ??= printed(block)
    return last
  }
  const step = { ...stepOf(block), expected: printed(block) }
  if (!marks.has('same broker')) chains.push([])
  const chain = chains.at(-1)
  if (chain === undefined) throw new Error('no block above has a broker')
  if (step.kind === 'commands' && marks.has('setup')) {
    chain.push({ kind: 'program', block, parts: setupOf(block), stays: false, file: null, expected: null })
  }
  chain.push(step)
  return step
}

/** A block in no language is nobody's to run, unless it shows a terminal. */
function isDrawing({ language, code }: CodeBlock): boolean {
  return language === '' && !code.some((line) => line.startsWith('$ '))
}

function isProgram({ language }: CodeBlock): boolean {
  return language === 'ts' || language === 'js'
}

function isOutput({ language, marks }: CodeBlock, last: Step | null): boolean {
  return language === 'text' || (language === 'json' && !marks.has('file') && last !== null && last.kind !== 'file')
}

function stepOf(block: CodeBlock): Program | Commands | DataFile {
  const file = block.marks.get('file')?.text ?? null
  const stays = block.marks.has('stays')
  if (isProgram(block)) return { kind: 'program', block, parts: [...setupOf(block), partOf(block)], stays, file }
  if (block.language === 'sh') return { kind: 'commands', block, stays }
  if ((block.language === 'json' || block.language === 'yaml') && file !== null) return { kind: 'file', block, file }
  throw new Error(
    `nothing checks a block in '${block.language}'. Mark it <!-- file: NAME --> for commands that read it, ` +
      'or <!-- checked by: TEST --> with a test that reads this document',
  )
}

function partOf({ line, code }: CodeBlock): Part {
  return { line: line + 1, code }
}

function setupOf({ marks }: CodeBlock): Part[] {
  const setup = marks.get('setup')
  return setup === undefined ? [] : [{ line: setup.line, code: setup.text.split('\n') }]
}

function printed({ marks }: CodeBlock): Expected | null {
  const mark = marks.get('prints')
  return mark === undefined ? null : { language: 'text', text: mark.text.trim() }
}

/** Files that no command of their chain names: nothing would read them. */
function unused(chain: Chain): string[] {
  const commands = chain.flatMap((step) => (step.kind === 'commands' ? step.block.code : []))
  return chain.flatMap((step) => {
    if (step.kind === 'commands' || step.file === null) return []
    const { block, file } = step
    return commands.some((line) => line.includes(file))
      ? []
      : [`${place(block)}: no sh block of its chain uses ${file}`]
  })
}
