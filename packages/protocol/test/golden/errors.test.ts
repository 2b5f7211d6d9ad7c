// Kafka's own table of error codes against ours.
import { expect, test } from 'vitest'
import { errors } from '../../src/errors.ts'
import { goldenVectors } from './golden-vectors.ts'

test('every error code of the Java client has its number and its retriability in our table', () => {
  const ours = errors.map(({ name, code, retriable }) => ({ name, code, retriable }))
  expect(ours).toEqual(goldenVectors('errors'))
})
