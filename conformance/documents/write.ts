// npm run docs: writes the documents that are generated from the code.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../workspace/root.ts'
import { generatedDocuments } from './generated.ts'

for (const [name, generate] of generatedDocuments) writeFileSync(join(root, 'docs', name), await generate(root))
