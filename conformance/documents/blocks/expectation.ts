// Compares what a block printed with what the document says it prints; `…` stands for whatever comes there.
import { isDeepStrictEqual } from 'node:util'
import type { Expected } from './chain.ts'

const escaped = (text: string) => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')

/** Whether `output` is what is expected. Space at the end of a line, and of all, does not count. */
export function isExpected({ language, text }: Expected, output: string): boolean {
  if (language === 'json') return isJsonExpected(text, output)
  const lines = text.trim().split('\n')
  const pattern = lines.map((line) =>
    line.trim() === '…' ? '(?:.*\\n)*' : `${line.trimEnd().split('…').map(escaped).join('.*')}[ \\t]*\\n`,
  )
  return new RegExp(`^${pattern.join('')}$`).test(`${output.trim()}\n`)
}

function isJsonExpected(text: string, output: string): boolean {
  try {
    return isDeepStrictEqual(JSON.parse(text), withEllipses(JSON.parse(output), JSON.parse(text)))
  } catch {
    return false
  }
}

/** `value` with `…` wherever the expectation has it. */
function withEllipses(value: unknown, expected: unknown): unknown {
  if (expected === '…') return '…'
  if (typeof value !== 'object' || value === null || typeof expected !== 'object' || expected === null) return value
  if (Array.isArray(value)) return value.map((item, index) => withEllipses(item, (expected as unknown[])[index]))
  const entries = Object.entries(value).map(([key, item]) => {
    return [key, withEllipses(item, (expected as Record<string, unknown>)[key])]
  })
  return Object.fromEntries(entries)
}
