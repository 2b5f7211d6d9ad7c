// Text for people: counted things, and names from elsewhere that must not play tricks on a terminal.

const number = new Intl.NumberFormat('en-US')

/** 12,345 */
export function grouped(value: number): string {
  return number.format(value)
}

/** '1 record', '2 records' */
export function count(amount: number, noun: string): string {
  return `${grouped(amount)} ${noun}${amount === 1 ? '' : 's'}`
}

const TIME_UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
  ['ms', 1],
] as const

/** A length of time by its two largest units, less than a second in ms: '350 ms', '12 s', '2 h 5 min'. null stays null. */
export function timeSpan(durationMs: number | null): string | null {
  if (durationMs === null) return null
  const first = TIME_UNITS.findIndex(([, unitMs]) => durationMs >= unitMs)
  const shown = first < 0 ? [TIME_UNITS[4]] : TIME_UNITS.slice(first, first + 2)
  let leftMs = durationMs
  const parts = shown.flatMap(([unit, unitMs], index) => {
    const amount = Math.floor(leftMs / unitMs)
    leftMs -= amount * unitMs
    const isNoise = index > 0 && (amount === 0 || unit === 'ms')
    return isNoise ? [] : [`${grouped(amount)} ${unit}`]
  })
  return parts.join(' ')
}

/**
 * Names are chosen by others: control characters, ends of lines, and marks that turn the direction of text are shown as
 * \\x1b or \\u202e, so that none reaches the terminal.
 */
export function printable(name: string): string {
  return name.replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, (character) => {
    const code = character.charCodeAt(0)
    return code > 0xff ? `\\u${code.toString(16).padStart(4, '0')}` : `\\x${code.toString(16).padStart(2, '0')}`
  })
}

/** The line in pieces of so many columns, cut between words; the pieces behind the first are indented. */
export function wrapped(line: string, columns: number): string {
  const [first = '', ...words] = line.split(/(?<=\S) +/)
  const lines = [first]
  for (const word of words) {
    const longer = `${lines.at(-1)} ${word}`
    if (longer.length <= columns) lines[lines.length - 1] = longer
    else lines.push(`    ${word}`)
  }
  return lines.join('\n')
}
