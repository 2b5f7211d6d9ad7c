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

/** Names are chosen by others: control characters are shown as \\x1b, so that none reaches the terminal. */
export function printable(name: string): string {
  return name.replace(/\p{Cc}/gu, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`)
}
