// Reads the examples out of README.md, so that what a stranger copies is what the tests run.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './root.ts'

/** The code under `<!-- example: NAME -->` in README.md. Throws when there is none. */
export function readmeExample(name: string): string {
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  const code = new RegExp(`<!-- example: ${name} -->\\s+\`\`\`ts\\n(.*?)\`\`\``, 's').exec(readme)?.[1]
  if (code === undefined) throw new Error(`README.md has no example '${name}'`)
  return code
}
