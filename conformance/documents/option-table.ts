// A table of options that can be read at a glance: the last cell has the first sentence, and the rest stands below the table.

/** What a reader takes in without losing the line. */
const CELL_LENGTH = 130

/** Markdown. What a row means is its last cell, which name it is about its first. */
export function optionTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const more: string[] = []
  const shortened = rows.map((cells) => {
    const [name = '', meaning = ''] = [cells[0], cells.at(-1)]
    const { first, rest } = short(meaning)
    if (rest !== '') more.push(`- ${name}: ${rest.replaceAll('\\|', '|')}`)
    return [...cells.slice(0, -1), first]
  })
  const lines = [head, head.map(() => '---'), ...shortened].map((cells) => `| ${cells.join(' | ')} |`)
  return [lines.join('\n'), ...(more.length === 0 ? [] : [more.join('\n')])].join('\n\n')
}

/** What is longer is cut: behind its first sentence, and that at its first colon or semicolon. */
function short(text: string): { first: string; rest: string } {
  if (text.length <= CELL_LENGTH) return { first: text, rest: '' }
  // The dot of an abbreviation ends no sentence.
  const [first, others] = cut(text, /(?<!\be\.g|\bi\.e)(\.\)?) (?=[A-Z(`'])/g)
  if (first.length <= CELL_LENGTH) return { first, rest: others }
  const [clause, rest] = cut(first, /([:;]) /g)
  if (rest === '') return { first, rest: others }
  const sentence = `${rest.charAt(0).toUpperCase()}${rest.slice(1)}`
  return { first: `${clause.slice(0, -1)}.`, rest: [sentence, others].filter((part) => part !== '').join(' ') }
}

/** `text` up to and with the first match that is not in code, and what stands behind it. */
function cut(text: string, end: RegExp): [string, string] {
  for (const { index, 0: match, 1: kept = '' } of text.matchAll(end)) {
    const isInCode = (text.slice(0, index).split('`').length - 1) % 2 === 1
    if (!isInCode) return [text.slice(0, index) + kept, text.slice(index + match.length)]
  }
  return [text, '']
}
