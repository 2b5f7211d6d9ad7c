// What the errors of the client mean to somebody at a command line.
import { expect, it } from 'vitest'
import { connectionFailure } from './failure.ts'

const failure = (code: string, cause?: unknown) => Object.assign(new Error(code, { cause }), { code })

it('no connection is the failure, whether it was told at once or tried until the time was over', () => {
  const refused = failure('CONNECTION_FAILED')
  expect(connectionFailure(refused)).toBe(refused)
  expect(connectionFailure(failure('REQUEST_TIMEOUT', refused))).toBe(refused)
})

it('a broker that answers late, or refuses, was reached', () => {
  expect(connectionFailure(failure('REQUEST_TIMEOUT'))).toBeNull()
  expect(connectionFailure(failure('REQUEST_TIMEOUT', failure('NOT_COORDINATOR')))).toBeNull()
  expect(connectionFailure(failure('INVALID_CONFIG', failure('CONNECTION_FAILED')))).toBeNull()
  expect(connectionFailure('CONNECTION_FAILED')).toBeNull()
})
