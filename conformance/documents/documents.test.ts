// A generated document that no longer says what the code does fails here.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../workspace/root.ts'
import { apisDocument } from './apis.ts'

test('docs/apis.md is what the registry says (npm run docs writes it)', async () => {
  expect(readFileSync(join(root, 'docs', 'apis.md'), 'utf8')).toBe(await apisDocument(root))
})
