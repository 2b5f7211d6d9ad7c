// Suggestions for misspelt words.
import { expect, it } from 'vitest'
import { nearestTo } from './nearest.ts'

it('the candidate with the fewest edits is what was meant', () => {
  const keys = ['group.max.size', 'max.connections', 'data.dir']
  expect(nearestTo('group.max.sise', keys)).toBe('group.max.size')
  expect(nearestTo('data_dir', keys)).toBe('data.dir')
  expect(nearestTo('max.connection', keys)).toBe('max.connections')
})

it('of equally near candidates the first is taken', () => {
  expect(nearestTo('b', ['a', 'c'])).toBe('a')
})
