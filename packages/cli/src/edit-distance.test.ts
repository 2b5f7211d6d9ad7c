// Guesses at mistyped words: near ones only.
import { expect, it } from 'vitest'
import { editDistance, nearestWord } from './edit-distance.ts'

it.each([
  ['lag', 'lag', 0],
  ['', 'lag', 3],
  ['lag', '', 3],
  ['lga', 'lag', 2],
  ['kitten', 'sitting', 3],
])('from %j to %j it is %i', (from, to, distance) => {
  expect(editDistance(from, to)).toBe(distance)
})

it('the nearest word is guessed when it is near, and nothing when none is', () => {
  const words = ['list-topics', 'list-groups', 'lag']
  expect(nearestWord('list-topcis', words)).toBe('list-topics')
  expect(nearestWord('list-group', words)).toBe('list-groups')
  expect(nearestWord('lagg', words)).toBe('lag')
  for (const typed of ['foo', 'bar', 'a', 'ag', 'list', 'list-toast', '']) expect(nearestWord(typed, words)).toBeNull()
})
