// npm run docs: writes the documents that are generated from the code.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../workspace/root.ts'
import { apisDocument } from './apis.ts'

writeFileSync(join(root, 'docs', 'apis.md'), await apisDocument(root))
