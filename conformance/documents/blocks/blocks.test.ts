// Every code block of the documents does what the document says: it is compiled, run against a broker, and compared.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { root } from '../../workspace/root.ts'
import { generatedDocuments } from '../generated.ts'
import { chainsOf, type Chain, type Program, type Step } from './chain.ts'
import { runChain } from './chain-run.ts'
import { codeBlocks, place, type CodeBlock } from './code-block.ts'
import { typeErrors } from './program-source.ts'
import { Workshop } from './workshop.ts'

/** The column of Go in the guide for those who come from it: shown, and not ours to run. */
const GO_IS_SHOWN_IN = 'docs/from-go.md'

/** A limit for what hangs: each step has its own. */
const CHAIN_TIMEOUT_MS = 180_000

const generated = new Set(generatedDocuments.map(([name]) => `docs/${name}`))
const markdown = (directory: string) =>
  readdirSync(join(root, directory))
    .filter((name) => name.endsWith('.md'))
    .map((name) => (directory === '.' ? name : `${directory}/${name}`))
const documents = [
  ...markdown('.').filter((name) => name.startsWith('README')),
  ...markdown('docs').filter((name) => !generated.has(name)),
  ...readdirSync(join(root, 'packages')).map((name) => `packages/${name}/README.md`),
]

const all: { document: string; blocks: CodeBlock[]; chains: Chain[]; unchecked: string[] }[] = documents.map(
  (document) => {
    const blocks = codeBlocks(document, readFileSync(join(root, document), 'utf8'))
    const shown = ({ language }: CodeBlock) => language === 'go' && document === GO_IS_SHOWN_IN
    const { chains, unchecked } = chainsOf(blocks.filter((block) => !shown(block)))
    return { document, blocks, chains, unchecked }
  },
)
const isProgram = (step: Step): step is Program & Step => step.kind === 'program'
const programs = all.flatMap(({ chains }) => chains.flat()).filter(isProgram)

test('there is no block that nothing checks', () => {
  expect(all.flatMap(({ unchecked }) => unchecked)).toEqual([])
})

test('every TypeScript block compiles, and one that must not does not', () => {
  const lines = ['', '```ts', "import { Client } from '@goqueue/client'", 'new Client({ bro: [] })', '```']
  const { chains } = chainsOf(codeBlocks('docs/none.md', lines.join('\n')))
  const mistaken = chains.flat().filter(isProgram)
  expect(typeErrors([...programs, ...mistaken])).toEqual([expect.stringMatching(/^docs\/none\.md:4: .*'bro'/)])
})

test('a block that says which test checks it is read by that test', () => {
  for (const { document, blocks } of all) {
    for (const block of blocks) {
      const test = block.marks.get('checked by')?.text
      if (test === undefined) continue
      expect(readFileSync(join(root, test), 'utf8'), `${place(block)}: ${test} names the document`).toContain(document)
    }
  }
})

describe('every block runs, and prints what the document says', () => {
  let workshop: Workshop
  beforeAll(async () => {
    workshop = await Workshop.open(programs)
  })
  afterAll(() => workshop.close())

  const chains = all.flatMap(({ chains }) => chains)
  const title = (chain: Chain) => {
    const lines = new Set(chain.map(({ block }) => block.line))
    return `${chain[0]?.block.document}: line ${[...lines].join(', ')}`
  }
  const named = chains.map((chain) => [title(chain), chain] as const)
  test.concurrent.each(named)('%s', { timeout: CHAIN_TIMEOUT_MS }, async (_, chain) => {
    await runChain(chain, workshop)
  })
})
