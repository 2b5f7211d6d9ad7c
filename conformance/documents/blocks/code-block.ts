// The code blocks of a Markdown document, with the marks that stand in HTML comments above them.

/** What a comment `<!-- WORD -->` or `<!-- WORD: TEXT -->` above a block says of it. */
const WORDS = [
  'example',
  'continues',
  'same broker',
  'setup',
  'file',
  'prints',
  'stays',
  'checked by',
  'prettier-ignore',
] as const
export type MarkWord = (typeof WORDS)[number]

export interface CodeBlock {
  /** The document's path from the root of the repository. */
  readonly document: string
  /** The line of the document in which the block opens. */
  readonly line: number
  /** As written after the backticks; empty when nothing is. */
  readonly language: string
  /** Its lines, of which the first is line `line + 1` of the document. */
  readonly code: readonly string[]
  readonly marks: ReadonlyMap<MarkWord, Mark>
}

export interface Mark {
  readonly text: string
  /** The line of the document in which the text begins. */
  readonly line: number
}

/** Where a block is, for the title of a test. */
export function place({ document, line }: CodeBlock): string {
  return `${document}:${line}`
}

/** All blocks of a document, in order. Throws for a mark that nobody knows and a block that does not end. */
export function codeBlocks(document: string, markdown: string): CodeBlock[] {
  const lines = markdown.split('\n')
  const blocks: CodeBlock[] = []
  let marks = new Map<MarkWord, Mark>()
  for (let index = 0; index < lines.length; index++) {
    const text = lines[index] ?? ''
    const fence = /^(?<indent> *)(?<ticks>`{3,})(?<language>[\w-]*)\s*$/.exec(text)?.groups
    if (fence !== undefined) {
      const { indent = '', ticks = '', language = '' } = fence
      const end = lines.findIndex((line, at) => at > index && line.trim() === ticks)
      if (end < 0) throw new Error(`${document}:${index + 1}: the block does not end`)
      const code = lines
        .slice(index + 1, end)
        .map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line))
      blocks.push({ document, line: index + 1, language, code, marks })
      marks = new Map()
      index = end
    } else if (text.trimStart().startsWith('<!--')) {
      const end = lines.findIndex((line, at) => at >= index && line.includes('-->'))
      if (end < 0) throw new Error(`${document}:${index + 1}: the comment does not end`)
      const [word, mark] = readMark(lines.slice(index, end + 1).join('\n'), `${document}:${index + 1}`)
      marks.set(word, { text: mark, line: index + 1 })
      index = end
    } else if (text.trim() !== '') {
      if (marks.size > 0) throw new Error(`${document}:${index + 1}: a comment marks a block, and here is none`)
    }
  }
  if (marks.size > 0) throw new Error(`${document}: the comment at the end marks nothing`)
  return blocks
}

function readMark(comment: string, where: string): [MarkWord, string] {
  const content = comment.trim().slice('<!--'.length, -'-->'.length)
  for (const word of WORDS) {
    if (content.trim() === word) return [word, '']
    const match = new RegExp(`^\\s*${word}:[ ]?`).exec(content)
    if (match !== null) return [word, content.slice(match[0].length).trimEnd()]
  }
  throw new Error(`${where}: no mark '${content.trim()}'; the marks are ${WORDS.join(', ')}`)
}
