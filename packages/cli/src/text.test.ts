// Counted things read well, and names from elsewhere cannot speak to the terminal.
import { expect, it } from 'vitest'
import { count, printable, timeSpan, wrapped } from './text.ts'

it('numbers are grouped, and nouns agree with them', () => {
  expect([count(0, 'record'), count(1, 'record'), count(12_345, 'record')]).toEqual([
    '0 records',
    '1 record',
    '12,345 records',
  ])
})

it('lengths of time show their two largest units', () => {
  const spans = [0, 0.4, 350, 12_345, 60_000, 200_000, 7_500_000, 97_200_000, 10 ** 11]
  expect(spans.map(timeSpan)).toEqual([
    '0 ms',
    '0 ms',
    '350 ms',
    '12 s',
    '1 min',
    '3 min 20 s',
    '2 h 5 min',
    '1 d 3 h',
    '1,157 d 9 h',
  ])
  expect(timeSpan(null)).toBeNull()
})

it('N16: control characters in names are shown, never sent to the terminal', () => {
  expect(printable('a\x1b[2Jb\r\n\x7f\u009b')).toBe('a\\x1b[2Jb\\x0d\\x0a\\x7f\\x9b')
  expect(printable('naïve-名前')).toBe('naïve-名前')
})

it('N16: marks that turn the direction of what follows are shown', () => {
  const marks = '\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029'
  const shown = Array.from(marks, (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`)
  expect(printable(marks)).toBe(shown.join(''))
  expect(printable('a\u202etxt.exe')).toBe('a\\u202etxt.exe')
  expect(printable('مجموعة 👩\u200d💻')).toBe('مجموعة 👩\u200d💻')
})

it('a line that is too long is cut between words, and one that has no place to be cut is not', () => {
  const line = '  moved: orders 0, 1: nobody → consumer-1'
  expect(wrapped(line, 80)).toBe(line)
  expect(wrapped(line, line.length)).toBe(line)
  expect(wrapped(line, 20)).toBe('  moved: orders 0,\n    1: nobody →\n    consumer-1')
  expect(wrapped('consumer-1', 5)).toBe('consumer-1')
})
