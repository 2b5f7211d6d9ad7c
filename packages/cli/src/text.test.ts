// Counted things read well, and names from elsewhere cannot speak to the terminal.
import { expect, it } from 'vitest'
import { count, printable } from './text.ts'

it('numbers are grouped, and nouns agree with them', () => {
  expect([count(0, 'record'), count(1, 'record'), count(12_345, 'record')]).toEqual([
    '0 records',
    '1 record',
    '12,345 records',
  ])
})

it('N16: control characters in names are shown, never sent to the terminal', () => {
  expect(printable('a\x1b[2Jb\r\n\x7f\u009b')).toBe('a\\x1b[2Jb\\x0d\\x0a\\x7f\\x9b')
  expect(printable('naïve-名前')).toBe('naïve-名前')
})
