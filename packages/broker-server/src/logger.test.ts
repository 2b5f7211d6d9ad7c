// The log: in order, at its level, one JSON object a line, and no library before it is needed.
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { ServerEvent } from './event.ts'
import { Logger } from './logger.ts'

let directory: string
let file: string
let fileDescriptor: number
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'goqueue-logger-'))
  file = join(directory, 'log')
  fileDescriptor = openSync(file, 'a')
})
afterEach(() => {
  closeSync(fileDescriptor)
  rmSync(directory, { recursive: true })
})

const event = (level: ServerEvent['level'], kind: string, details: object = {}): ServerEvent => {
  return { kind, level, message: `It was ${kind}.`, ...details }
}

async function lines(logger: Logger): Promise<Record<string, unknown>[]> {
  await logger.flush()
  const text = readFileSync(file, 'utf8')
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

it('what was logged before the library was there comes first, and nothing is lost or doubled', async () => {
  const logger = new Logger('info', fileDescriptor)
  logger.log(event('info', 'early'))
  logger.log(event('warn', 'worrying'))
  await logger.open()
  logger.log(event('info', 'late'))
  expect((await lines(logger)).map(({ kind }) => kind)).toEqual(['early', 'worrying', 'late'])
})

it('events below the level are left out', async () => {
  const logger = new Logger('warn', fileDescriptor)
  for (const level of ['debug', 'info', 'warn', 'error'] as const) logger.log(event(level, level))
  expect((await lines(logger)).map(({ kind }) => kind)).toEqual(['warn', 'error'])
})

it('a line has level, time, kind, message and the details; an error keeps its stack', async () => {
  const logger = new Logger('info', fileDescriptor)
  const error = new Error('no space left')
  logger.log(event('error', 'flush-failed', { topic: 'a\nb', error }))
  expect(await lines(logger)).toEqual([
    {
      level: 'error',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string,
      kind: 'flush-failed',
      topic: 'a\nb',
      error: { type: 'Error', message: 'no space left', stack: error.stack },
      message: 'It was flush-failed.',
    },
  ])
})

it('flush writes what still waits, and with nothing to say nothing is loaded or written', async () => {
  const logger = new Logger('info', fileDescriptor)
  expect(await lines(logger)).toEqual([])
  logger.log(event('info', 'only'))
  expect((await lines(logger)).map(({ kind }) => kind)).toEqual(['only'])
})
