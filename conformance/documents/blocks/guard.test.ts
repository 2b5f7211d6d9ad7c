// The guard of the documents is tried here: what a document must not get away with.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { chainsOf, type Chain, type Program, type Step } from './chain.ts'
import { runChain } from './chain-run.ts'
import { codeBlocks } from './code-block.ts'
import { isExpected } from './expectation.ts'
import { Workshop } from './workshop.ts'

const document = 'docs/none.md'
const read = (lines: readonly string[], name = document) => chainsOf(codeBlocks(name, lines.join('\n')))

describe('a block that nothing checks is named', () => {
  test.each([
    ['a language that nobody runs', ['```go', 'func main() {}', '```']],
    ['JSON that nothing reads', ['```json', '{}', '```']],
    ['a terminal without a test', ['```', '$ goqueue-admin list-topics', '```']],
    ['output of nothing', ['```text', 'done', '```']],
    ['a file that no command uses', ['<!-- file: worker.ts -->', '', '```ts', 'console.log(1)', '```']],
    ['a program that continues nothing', ['<!-- continues -->', '', '```ts', 'console.log(1)', '```']],
  ])('%s', (_, lines) => {
    expect(read(lines).unchecked).toHaveLength(1)
  })

  test('a mark with a slip of the pen', () => {
    expect(() => read(['<!-- continue -->', '', '```ts', '```'])).toThrow("no mark 'continue'")
  })
})

describe('a block is refused that', () => {
  const slips: [what: string, message: string, lines: string[]][] = [
    ['prints something else', 'instead of', ['```ts', 'console.log(1)', '```', '```text', '2', '```']],
    ['fails', 'exit code 1', ['```ts', "throw new Error('oh')", '```']],
    ['fails in a shell', 'exit code 1', ['```sh', 'goqueue-admin describe-topic none', '```']],
    ['is no command of ours', 'not a command that tests may run', ['```sh', 'rm -r .', '```']],
    ['installs what nobody knows', 'neither ours nor', ['```sh', 'pnpm add left-pad-of-old', '```']],
  ]
  const chains = slips.map(([, , lines], index) => read(lines, `docs/none-${index}.md`).chains[0] as Chain)
  const programs = chains.flat().filter((step): step is Program & Step => step.kind === 'program')
  let workshop: Workshop
  beforeAll(async () => {
    workshop = await Workshop.open(programs)
  })
  afterAll(() => workshop.close())

  test.each(slips.map(([what, message], index) => [what, message, index] as const))('%s', async (_, message, index) => {
    await expect(runChain(chains[index] as Chain, workshop)).rejects.toThrow(message)
  })
})

test('an ellipsis stands for the rest of a line, or for whole lines', () => {
  const text = (expected: string, output: string) => isExpected({ language: 'text', text: expected }, output)
  expect(text('a … c', 'a b c\n')).toBe(true)
  expect(text('a … c', 'a b\nc')).toBe(false)
  expect(text('a\n…\nd', 'a\nb\nc\nd')).toBe(true)
  expect(text('a\n…\nd', 'a\nd')).toBe(true)
  expect(text('a', 'a\nb')).toBe(false)
  const json = (expected: string, output: string) => isExpected({ language: 'json', text: expected }, output)
  expect(json('[{ "offset": "…" }]', '[{"offset":7}]')).toBe(true)
  expect(json('[{ "offset": "…" }]', '[{"offset":7,"key":null}]')).toBe(false)
  expect(json('[{ "offset": "…", "key": "…" }]', '[{"offset":7}]')).toBe(false)
})
