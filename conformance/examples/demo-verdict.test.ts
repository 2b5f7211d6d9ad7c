// The demo ends with a sentence for people, and a line of numbers for whoever checks them.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { inWords, judge } from '../../examples/demo/verdict.ts'

async function verdictOn(produced: readonly string[], finished: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'goqueue-verdict-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  const file = join(directory, 'worker-1.txt')
  await writeFile(file, finished)
  return inWords(await judge(new Set(produced), [file]))
}

test('says that nothing was lost only when every row was finished, and how many were finished again', async () => {
  const rows = ['0 0 SFO', '0 1 LAX']
  expect(await verdictOn(rows, '0 0 SFO\n0 1 LAX\n')).toBe(
    'Nothing was lost: every one of the 2 rows was finished, none twice.',
  )
  expect(await verdictOn(rows, '0 0 SFO\n0 1 LAX\n0 1 LAX\n')).toBe(
    'Nothing was lost: every one of the 2 rows was finished, 1 of them again after a kill.',
  )
  expect(await verdictOn(rows, '0 0 SFO\n0 1 LA')).toBe('LOST: 1 of 2 rows was finished by nobody.')
})
