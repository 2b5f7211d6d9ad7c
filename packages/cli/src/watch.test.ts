// --watch: one picture after the other, until Ctrl-C.
import { PassThrough } from 'node:stream'
import { expect, it } from 'vitest'
import { Session } from './session.ts'
import { watch } from './watch.ts'

function sessionOn(stdout: PassThrough, interrupt: AbortSignal): Session {
  const streams = { stdin: new PassThrough(), stdout, stderr: new PassThrough(), interrupt }
  return new Session(streams, { _: [], $0: '', broker: [], output: 'table', timeoutMs: 1, 'timeout-ms': 1 })
}

it('draws until it is interrupted, on a terminal in the same place', async () => {
  const interrupted = new AbortController()
  const stdout = Object.assign(new PassThrough(), { isTTY: true })
  let drawn = 0
  const draw = () => {
    if (++drawn === 3) interrupted.abort()
    return Promise.resolve(`picture ${drawn}\n`)
  }
  await watch(sessionOn(stdout, interrupted.signal), draw, 1)
  const clear = '\x1b[H\x1b[2J'
  expect(String(stdout.read())).toBe(`${clear}picture 1\n${clear}picture 2\n${clear}picture 3\n`)
})

it('a picture that cannot be drawn ends it', async () => {
  const session = sessionOn(new PassThrough(), new AbortController().signal)
  await expect(watch(session, () => Promise.reject(new Error('no broker')), 1)).rejects.toThrow('no broker')
})
