// Offsets as lines of a file, there and back.
import { expect, it } from 'vitest'
import { offsetsFromCsv, offsetsToCsv } from './offsets-csv.ts'

const offsets = [
  { topic: 'orders', partition: 0, offset: 12 },
  { topic: 'a.b-c_d', partition: 11, offset: 0 },
]

it('what is written is read again', () => {
  expect(offsetsToCsv(offsets)).toBe('orders,0,12\na.b-c_d,11,0\n')
  expect(offsetsFromCsv(offsetsToCsv(offsets), 'x.csv')).toEqual(offsets)
})

it('spaces, quotes, empty lines and the line ends of Windows do no harm', () => {
  expect(offsetsFromCsv('"orders", 0, 12\r\n\r\na.b-c_d,11,0', 'x.csv')).toEqual(offsets)
})

it.each([
  ['orders,0,1\norders,0', 'Line 2 of x.csv is not TOPIC,PARTITION,OFFSET.'],
  ['orders,0,-1', 'Line 1 of x.csv is not TOPIC,PARTITION,OFFSET.'],
  ['orders,0,1\norders,0,2', 'Line 2 of x.csv names partition 0 of orders again.'],
  ['orders,0,9999999999999999', 'Line 1 of x.csv has an offset that is too large.'],
  ['\n', 'There is no offset in x.csv.'],
])('%j is refused with the line', (text, sentence) => {
  expect(() => offsetsFromCsv(text, 'x.csv')).toThrow(sentence)
})
