// Guards the guard against circular imports.
import { describe, expect, test } from 'vitest'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findCycles, importGraph } from '../../scripts/lint/cycles.mjs'

describe('circular imports', () => {
  test('a cycle of three is found, a diamond is none', () => {
    const cycle = new Map([
      ['a', ['b']],
      ['b', ['c']],
      ['c', ['a']],
    ])
    expect(findCycles(cycle)).toEqual([['a', 'b', 'c', 'a']])
    const diamond = new Map([
      ['a', ['b', 'c']],
      ['b', ['d']],
      ['c', ['d']],
      ['d', []],
    ])
    expect(findCycles(diamond)).toEqual([])
  })

  test('type-only imports and re-exports count', () => {
    const directory = mkdtempSync(join(tmpdir(), 'goqueue-cycles-'))
    try {
      writeFileSync(join(directory, 'a.ts'), "import type { B } from './b.ts'\nexport type A = B\n")
      writeFileSync(join(directory, 'b.ts'), "export type { A as B } from './a.ts'\n")
      expect(findCycles(importGraph(directory))).toHaveLength(1)
    } finally {
      rmSync(directory, { recursive: true })
    }
  })
})
