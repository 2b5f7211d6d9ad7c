// What is wrong with a command line: the parser's words turned into one sentence, with flags as they are typed.
import { nearestWord } from './edit-distance.ts'

/** The sentence for the first mistake, and where to look. `usages` has the usage line of each command, by its name. */
export function sentenceOfMistake(
  mistakes: readonly string[],
  args: readonly string[],
  usages: ReadonlyMap<string, string>,
): string {
  // The parser goes on after a mistake and finds others that come of it.
  const first = mistakes.find((mistake) => !mistake.startsWith('Too many')) ?? mistakes[0] ?? '' // which ones is said next
  const mistake = first.replace(/\s*\n\s*/g, ' ').replace(/[.:]$/, '')
  const command = args.find((argument) => usages.has(argument))
  const [, unknown] = /^Unknown arguments?: (.*)$/.exec(mistake) ?? []
  if (unknown !== undefined && command === undefined) return noSuchCommand(unknown.split(', '), args, usages)
  const said = unknown === undefined ? inOurWords(mistake, command, usages) : noPlace(unknown, args, command, usages)
  const help = ['goqueue-admin', ...(command === undefined ? [] : [command]), '--help'].join(' ')
  return `${said}. Run ${help} for what there is.`
}

function inOurWords(mistake: string, command = '', usages: ReadonlyMap<string, string>): string {
  const [, noValue] = /^Not enough arguments following: (.+)$/.exec(mistake) ?? []
  if (noValue !== undefined) return `--${noValue} needs a value`
  const [, missing] = /^Missing required arguments?: (.+)$/.exec(mistake) ?? []
  if (missing !== undefined) return `${command} needs --${missing.replaceAll(', ', ' and --')}`
  const [, name, given, choices] = /^Invalid values: Argument: (.+), Given: "(.*)", Choices: (.+)$/.exec(mistake) ?? []
  if (choices !== undefined)
    return `--${name} takes ${choices.replaceAll('"', '').replaceAll(', ', ' or ')}, not '${given}'`
  if (!mistake.startsWith('Not enough non-option arguments')) return mistake
  return `${command} needs ${usages.get(command)?.match(/<.+>/)?.[0] ?? 'an argument'}`
}

/** What a command does not know: an option as it was typed (the parser names it twice), or a word too many. */
function noPlace(unknown: string, args: readonly string[], command = '', usages: ReadonlyMap<string, string>): string {
  const names = unknown.split(', ')
  const option = args.find((argument) => isOption(argument) && names.includes(nameOf(argument)))
  if (option !== undefined) return `There is no option ${option.replace(/=.*$/s, '')}`
  return `${usages.get(command)} has no place for '${unknown}'`
}

function noSuchCommand(
  unknown: readonly string[],
  args: readonly string[],
  usages: ReadonlyMap<string, string>,
): string {
  const typed = unknown.find((name) => args.includes(name)) ?? unknown[0] ?? ''
  const guess = nearestWord(typed, usages.keys())
  const hint = guess === null ? 'Run goqueue-admin --help for what there is.' : `Did you mean ${guess}?`
  return `There is no command '${typed}'. ${hint}`
}

function isOption(argument: string): boolean {
  return /^-./.test(argument)
}

function nameOf(option: string): string {
  return option.replace(/^-+/, '').replace(/=.*$/s, '')
}
