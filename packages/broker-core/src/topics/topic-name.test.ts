// Tests of the rule for topic names.
import { expect, test } from 'vitest'
import { nameInMetrics, refusalOfTopicName } from './topic-name.ts'

test.each(['a', 'orders', 'Orders.eu_west-1', '...', '.a', '-', '__proto__', 'constructor', 'x'.repeat(249)])(
  'N15, N17: %j is a topic name',
  (name) => {
    expect(refusalOfTopicName(name)).toBeNull()
  },
)

test.each([
  ['', 'must not be empty'],
  ['.', 'must not be "."'],
  ['..', 'must not be ".."'],
  ['../x', 'characters other than'],
  ['a/b', 'characters other than'],
  ['a\\b', 'characters other than'],
  ['a\u0000', '"a\\u0000"'],
  ['a\n', '"a\\n"'],
  ['naïve', 'characters other than'],
  ['a b', 'characters other than'],
  ['x'.repeat(250), 'at most 249 characters, not 250'],
])('N15: %j is refused, with the reason', (name, reason) => {
  expect(refusalOfTopicName(name)).toContain(reason)
})

test('names that differ only in "." and "_" are one name in metrics', () => {
  expect(nameInMetrics('a.b_c.d')).toBe(nameInMetrics('a_b.c_d'))
  expect(nameInMetrics('a.b')).not.toBe(nameInMetrics('a-b'))
})
