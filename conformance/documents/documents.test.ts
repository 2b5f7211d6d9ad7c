// A generated document that no longer says what the code does fails here.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../workspace/root.ts'
import { generatedDocuments } from './generated.ts'

test.each(generatedDocuments)('docs/%s is what the code says (npm run docs writes it)', async (name, generate) => {
  expect(readFileSync(join(root, 'docs', name), 'utf8')).toBe(await generate(root))
})
