// goqueue-admin as a process: pipes, Ctrl-C, exit codes.
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'
import { Cluster } from '../commands/cluster.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 }) // a process that starts from the sources on a busy machine takes a while

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const LINES = 50_000

let cluster: Cluster
beforeAll(async () => {
  cluster = await Cluster.open()
  await cluster.run(['create-topic', 'numbers', '--partitions', '1'])
  await cluster.run(['produce', 'numbers'], { stdin: Array.from({ length: LINES }, (_, i) => `line ${i}\n`).join('') })
})
afterAll(() => cluster.close())

const started: ChildProcessWithoutNullStreams[] = []
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL')
})

function goqueueAdmin(...args: string[]) {
  const node = ['--conditions=@goqueue/source', '--import', import.meta.resolve('tsx'), MAIN]
  const child = spawn(process.execPath, [...node, '--broker', cluster.address, ...args])
  started.push(child)
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const ended = once(child, 'close').then(([exitCode, signal]) => ({
    exitCode: exitCode as number | null,
    signal: signal as string | null,
    stdout,
    stderr,
  }))
  const firstOutput = once(child.stdout, 'data')
  return { child, ended, firstOutput }
}

it('reads a pipe to its end and exits with 0', async () => {
  await cluster.run(['create-topic', 'piped', '--partitions', '1'])
  const { child, ended } = goqueueAdmin('produce', 'piped')
  child.stdin.end('one\ntwo\n')
  expect(await ended).toEqual({ exitCode: 0, signal: null, stdout: 'Produced 2 records to piped.\n', stderr: '' })
})

it('when the reader of a pipe has seen enough (| head), it ends with 0 and without a word', async () => {
  const { child, ended, firstOutput } = goqueueAdmin('consume', 'numbers', '--from-beginning')
  await firstOutput
  child.stdout.destroy()
  expect(await ended).toMatchObject({ exitCode: 0, signal: null, stderr: '' })
})

it('SIGINT ends a consumer of a group cleanly, with everything printed committed', async () => {
  const { child, ended, firstOutput } = goqueueAdmin('consume', 'numbers', '--from-beginning', '--group', 'readers')
  await firstOutput
  child.kill('SIGINT')
  const { stdout, ...end } = await ended
  expect(end).toEqual({ exitCode: 0, signal: null, stderr: '' })
  const printed = stdout.split('\n').length - 1
  expect(stdout.startsWith('line 0\nline 1\n')).toBe(true)
  expect(await cluster.json(['describe-group', 'readers'])).toMatchObject({
    state: 'Empty',
    partitions: [{ committedOffset: printed, lag: LINES - printed }],
  })
})

it('a failure is one sentence on stderr, and exits with 1; a mistake with 2', async () => {
  expect(await goqueueAdmin('describe-topic', 'nowhere').ended).toEqual({
    exitCode: 1,
    signal: null,
    stdout: '',
    stderr: "goqueue-admin: There is no topic 'nowhere'; goqueue-admin list-topics shows what there is.\n",
  })
  expect(await goqueueAdmin('describe-topic').ended).toMatchObject({ exitCode: 2, stdout: '' })
})
