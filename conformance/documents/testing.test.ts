// The code of docs/testing.md is that of an example, which runs as a test.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../workspace/root.ts'
import { codeBlocks } from './blocks/code-block.ts'

const read = (path: string) => readFileSync(join(root, path), 'utf8')
const blocks = codeBlocks('docs/testing.md', read('docs/testing.md')).filter(({ marks }) => marks.has('checked by'))

test('docs/testing.md shows the worker and its test as they are in examples/08-vitest-worker', () => {
  const files = ['worker.ts', 'worker.test.ts'].map((name) => read(`examples/08-vitest-worker/${name}`))
  expect(blocks.map(({ code }) => `${code.join('\n')}\n`)).toEqual(files)
})
